package api

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is an OpenAPI document as far as the reference page shows it.
type document struct {
	name    string
	Info    struct{ Title, Summary, Description string }
	Servers []struct{ URL string }
	Tags    []struct{ Name, Description string }
	Paths   ordered[pathItem]
	// Webhooks are requests that the gateway makes.
	Webhooks ordered[pathItem]

	Components struct {
		SecuritySchemes ordered[securityScheme] `yaml:"securitySchemes"`
		Parameters      ordered[parameter]
		Responses       ordered[response]
		Schemas         ordered[schema]
	}
}

type pathItem struct {
	Parameters []parameter
	Get        *operation
	Post       *operation
	Put        *operation
	Patch      *operation
	Delete     *operation
}

type operation struct {
	OperationID string `yaml:"operationId"`
	Tags        []string
	Summary     string
	Description string
	Security    []map[string][]string
	Parameters  []parameter
	RequestBody *struct {
		Required bool
		Content  ordered[media]
	} `yaml:"requestBody"`
	Responses ordered[response]
	Errors    []documentedError `yaml:"x-errors"`
}

// documentedError is one row of x-errors.
type documentedError struct {
	Status              int
	Code, Message, When string
}

type securityScheme struct{ Type, Name, Description string }

// header is what carries the credential.
func (s securityScheme) header() string {
	if s.Type == "http" {
		return "Authorization"
	}
	return s.Name
}

type parameter struct {
	Ref         string `yaml:"$ref"`
	Name        string
	In          string
	Required    bool
	Description string
	Schema      schema
	Example     yaml.Node
}

type response struct {
	Ref         string `yaml:"$ref"`
	Description string
	Content     ordered[media]
}

type media struct {
	Schema  schema
	Example yaml.Node
}

type schema struct {
	Ref         string `yaml:"$ref"`
	Type        oneOrMore
	Description string
	Format      string
	Pattern     string
	Enum        []yaml.Node
	Const       yaml.Node
	Default     yaml.Node
	Minimum     yaml.Node
	Maximum     yaml.Node
	MinLength   *int `yaml:"minLength"`
	MaxLength   *int `yaml:"maxLength"`
	Required    []string
	Properties  ordered[schema]
	Items       *schema
}

// oneOrMore is a type, or a list of them.
type oneOrMore []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (o *oneOrMore) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*o = oneOrMore{n.Value}
		return nil
	}
	return n.Decode((*[]string)(o))
}

// ordered is a mapping that keeps the order in which it was written.
type ordered[T any] []entry[T]

type entry[T any] struct {
	Key   string
	Value T
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (o *ordered[T]) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: not a mapping", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := entry[T]{Key: n.Content[i].Value}
		if err := n.Content[i+1].Decode(&e.Value); err != nil {
			return err
		}
		*o = append(*o, e)
	}
	return nil
}

func (o ordered[T]) get(key string) (T, bool) {
	for _, e := range o {
		if e.Key == key {
			return e.Value, true
		}
	}
	var none T
	return none, false
}

func parse(name string) (*document, error) {
	d := &document{name: strings.TrimSuffix(name, ".yaml")}
	if err := yaml.Unmarshal(Source(name), d); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// referred finds a component by its reference, such as "#/components/schemas/Amount".
func referred[T any](components ordered[T], ref string) (name string, value T, err error) {
	name = ref[strings.LastIndexByte(ref, '/')+1:]
	value, ok := components.get(name)
	if !ok {
		return name, value, fmt.Errorf("nothing stands at %s", ref)
	}
	return name, value, nil
}

func (d *document) parameter(p parameter) (parameter, error) {
	if p.Ref == "" {
		return p, nil
	}
	_, p, err := referred(d.Components.Parameters, p.Ref)
	return p, err
}

func (d *document) response(r response) (response, error) {
	if r.Ref == "" {
		return r, nil
	}
	_, r, err := referred(d.Components.Responses, r.Ref)
	return r, err
}

// schema follows a reference. name is that of the component, "" where there was none.
func (d *document) schema(s schema) (name string, _ schema, err error) {
	if s.Ref == "" {
		return "", s, nil
	}
	return referred(d.Components.Schemas, s.Ref)
}
