package api

import (
	"slices"
	"strings"
)

// view turns a document into what the page shows, and notes which objects it has named on the way.
type view struct {
	*document
	shown map[string]bool
	named []string // objects that are to be shown, in the order of their first mention
}

// sections are a path's operations that carry the tag.
func (v *view) sections(tag, path string, item pathItem) ([]section, error) {
	var all []section
	for _, o := range []struct {
		method string
		*operation
	}{{"GET", item.Get}, {"POST", item.Post}, {"PUT", item.Put}, {"PATCH", item.Patch}, {"DELETE", item.Delete}} {
		if o.operation == nil || len(o.Tags) == 0 || o.Tags[0] != tag {
			continue
		}
		s, err := v.section(o.method, path, item, o.operation)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (v *view) section(method, path string, item pathItem, o *operation) (section, error) {
	base := strings.TrimSuffix(v.Servers[0].URL, "/")
	s := section{ID: anchor(v.name, o.OperationID), Method: method, Path: base + path, Summary: o.Summary,
		Description: paragraphs(o.Description), Errors: slices.Clone(o.Errors)}
	slices.SortStableFunc(s.Errors, func(a, b documentedError) int { return a.Status - b.Status })
	for _, alternative := range o.Security {
		for name := range alternative {
			scheme, _ := v.Components.SecuritySchemes.get(name)
			scheme.Name = scheme.header()
			s.Credentials = append(s.Credentials, scheme)
		}
	}
	for _, p := range append(item.Parameters[:len(item.Parameters):len(item.Parameters)], o.Parameters...) {
		p, err := v.parameter(p)
		if err != nil {
			return s, err
		}
		r, err := v.row(p.Name, p.Schema, p.Required)
		if err != nil {
			return s, err
		}
		r.In, r.Description = p.In, p.Description
		s.Parameters = append(s.Parameters, r)
	}
	if o.RequestBody != nil {
		b, err := v.body(o.RequestBody.Content)
		if err != nil {
			return s, err
		}
		if b != nil {
			b.Optional = !o.RequestBody.Required
		}
		s.Body = b
	}
	answers, err := v.answers(o.Responses)
	s.Answers = answers
	return s, err
}

func (v *view) answers(responses ordered[response]) ([]answer, error) {
	var all []answer
	for _, r := range responses {
		found, err := v.response(r.Value)
		if err != nil {
			return nil, err
		}
		b, err := v.body(found.Content)
		if err != nil {
			return nil, err
		}
		all = append(all, answer{Status: r.Key, Description: found.Description, Success: r.Key[0] == '2', Body: b})
	}
	return all, nil
}

// body is the JSON of a request or an answer, nil where there is none.
func (v *view) body(content ordered[media]) (*body, error) {
	m, ok := content.get("application/json")
	if !ok {
		return nil, nil
	}
	_, s, err := v.schema(m.Schema)
	if err != nil {
		return nil, err
	}
	rows, err := v.rows("", s)
	if err != nil {
		return nil, err
	}
	b := &body{Rows: rows}
	if m.Example.Kind != 0 {
		b.Example = indented(&m.Example)
	}
	return b, nil
}

// rows lists the members of an object. Those of an object without a name follow it, with a dot between.
func (v *view) rows(prefix string, s schema) ([]row, error) {
	var all []row
	for _, p := range s.Properties {
		r, err := v.row(prefix+p.Key, p.Value, slices.Contains(s.Required, p.Key))
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		inner, separator := p.Value, "."
		if inner.Items != nil {
			inner, separator = *inner.Items, "[]."
		}
		nested, err := v.rows(r.Name+separator, inner)
		if err != nil {
			return nil, err
		}
		all = append(all, nested...)
	}
	return all, nil
}

func (v *view) row(name string, s schema, required bool) (row, error) {
	component, found, err := v.schema(s)
	if err != nil {
		return row{}, err
	}
	r := row{Name: name, Type: strings.Join(found.Type, " or "), Required: required,
		Limits: limits(found), Description: found.Description}
	if r.Type == "" {
		r.Type = "any"
	}
	if found.Items != nil {
		inner, of, err := v.schema(*found.Items)
		if err != nil {
			return row{}, err
		}
		r.Type += " of " + strings.Join(of.Type, " or ")
		component, found = inner, of
	}
	if component != "" && len(found.Properties) > 0 {
		r.Link = anchor(v.name, "object", component)
		r.Type = strings.TrimSuffix(r.Type, "object") + component
		r.Description = s.Description
		if s.Ref != "" {
			r.Description = found.Description
		}
		v.note(component)
	}
	return r, nil
}

func (v *view) note(component string) {
	if !v.shown[component] {
		v.shown[component] = true
		v.named = append(v.named, component)
	}
}

// objects are those that were named, and those that these name in turn.
func (v *view) objects() ([]object, error) {
	var all []object
	for i := 0; i < len(v.named); i++ {
		name := v.named[i]
		s, _ := v.Components.Schemas.get(name)
		rows, err := v.rows("", s)
		if err != nil {
			return nil, err
		}
		all = append(all, object{ID: anchor(v.name, "object", name), Name: name, Description: s.Description, Rows: rows})
	}
	return all, nil
}
