package api

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
)

// part is one document on the page.
type part struct {
	Name, Title, Summary string
	Description          []string
	Groups               []group
	Objects              []object
}

type group struct {
	ID, Name, Description string
	Operations            []section
}

// section is one operation.
type section struct {
	ID, Method, Path, Summary string
	Description               []string
	Credentials               []securityScheme
	Parameters                []row
	Body                      *body
	Answers                   []answer
	Errors                    []documentedError
}

// body is what is sent or answered.
type body struct {
	Optional bool
	Rows     []row
	Example  string
}

type answer struct {
	Status, Description string
	Success             bool
	Body                *body
}

// object is a schema that several others name.
type object struct {
	ID, Name, Description string
	Rows                  []row
}

// row is a parameter or a member.
type row struct {
	Name, In, Type string
	Link           string // to the object that Type names
	Required       bool
	Limits         []string
	Description    string
}

// render makes the reference page.
func render() ([]byte, error) {
	var parts []part
	for _, name := range Documents {
		d, err := parse(name)
		if err != nil {
			return nil, err
		}
		p, err := d.part()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		parts = append(parts, p)
	}
	t, err := template.New("reference.html").Funcs(template.FuncMap{"prose": prose, "lower": strings.ToLower}).ParseFS(assets, "reference.html")
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = t.Execute(&page, parts)
	return page.Bytes(), err
}

// prose escapes a text of ours and sets in code what stands between backticks.
func prose(text string) template.HTML {
	pieces := strings.Split(template.HTMLEscapeString(text), "`")
	var b strings.Builder
	for i, piece := range pieces {
		if i%2 == 1 {
			piece = "<code>" + piece + "</code>"
		}
		b.WriteString(piece)
	}
	return template.HTML(b.String()) //nolint:gosec // escaped above
}

func paragraphs(text string) []string {
	var all []string
	for p := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}

func anchor(words ...string) string {
	return strings.ReplaceAll(strings.ToLower(strings.Join(words, "-")), " ", "-")
}

// hookPath stands where a request of the gateway's has no path of ours.
const hookPath = "an address of the merchant's"

func (d *document) part() (part, error) {
	p := part{Name: d.name, Title: d.Info.Title, Summary: d.Info.Summary, Description: paragraphs(d.Info.Description)}
	v := view{document: d, shown: map[string]bool{}}
	for _, tag := range d.Tags {
		g := group{ID: anchor(d.name, tag.Name), Name: tag.Name, Description: tag.Description}
		for _, path := range d.Paths {
			sections, err := v.sections(tag.Name, path.Key, path.Value)
			if err != nil {
				return p, fmt.Errorf("%s: %w", path.Key, err)
			}
			g.Operations = append(g.Operations, sections...)
		}
		for _, hook := range d.Webhooks {
			sections, err := v.sections(tag.Name, hookPath, hook.Value)
			if err != nil {
				return p, fmt.Errorf("%s: %w", hook.Key, err)
			}
			g.Operations = append(g.Operations, sections...)
		}
		p.Groups = append(p.Groups, g)
	}
	objects, err := v.objects()
	p.Objects = objects
	return p, err
}
