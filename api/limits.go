package api

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// limits are what a value has to keep to, in words.
func limits(s schema) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if len(s.Enum) > 0 {
		var values []string
		for _, n := range s.Enum {
			values = append(values, "`"+compact(&n)+"`")
		}
		add("one of %s", strings.Join(values, ", "))
	}
	if s.Const.Kind != 0 {
		add("always `%s`", compact(&s.Const))
	}
	if s.Format != "" {
		add("format %s", s.Format)
	}
	if s.Minimum.Kind != 0 {
		add("at least %s", s.Minimum.Value)
	}
	if s.Maximum.Kind != 0 {
		add("at most %s", s.Maximum.Value)
	}
	if s.MinLength != nil && *s.MinLength > 0 && s.MaxLength == nil {
		add("not empty")
	}
	if s.MaxLength != nil {
		add("up to %d characters", *s.MaxLength)
	}
	if s.Pattern != "" {
		add("`%s`", s.Pattern)
	}
	if s.Default.Kind != 0 {
		add("default `%s`", compact(&s.Default))
	}
	return all
}

// compact is a scalar as JSON.
func compact(n *yaml.Node) string {
	if n.Tag == "!!str" {
		quoted, err := jsontext.AppendQuote(nil, n.Value)
		if err != nil { // a document is UTF-8, or it would not have been read
			return n.Value
		}
		return string(quoted)
	}
	return n.Value
}

// indented is an example as JSON, its members in the order in which they were written.
func indented(n *yaml.Node) string {
	var b strings.Builder
	write(&b, n, "\n")
	return b.String()
}

func write(b *strings.Builder, n *yaml.Node, line string) {
	if n.Kind == yaml.ScalarNode {
		b.WriteString(compact(n))
		return
	}
	open, end, step := "{", "}", 2
	if n.Kind == yaml.SequenceNode {
		open, end, step = "[", "]", 1
	}
	b.WriteString(open)
	for i := 0; i < len(n.Content); i += step {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(line + "  ")
		if step == 2 {
			name := *n.Content[i]
			name.Tag = "!!str"
			b.WriteString(compact(&name) + ": ")
		}
		write(b, n.Content[i+step-1], line+"  ")
	}
	if len(n.Content) > 0 {
		b.WriteString(line)
	}
	b.WriteString(end)
}
