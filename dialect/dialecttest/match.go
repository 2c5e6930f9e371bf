package dialecttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Placeholders are what an expected value may say in place of text that differs from run to run.
var Placeholders = map[string]*regexp.Regexp{
	"<uuid>":         regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
	"<ticket>":       regexp.MustCompile(`^[0-9]{18}$`),
	"<token>":        regexp.MustCompile(`^[0-9a-zA-Z]{32}$`),
	"<subscription>": regexp.MustCompile(`^[0-9]{16}$`),
	"<approval>":     regexp.MustCompile(`^[0-9A-Z]{6}$`),
	"<merchant>":     regexp.MustCompile(`^20000000[0-9]{12}$`),
	"<processor>":    regexp.MustCompile(`^[0-9]{31}$`),
	"<ms>":           regexp.MustCompile(`^[0-9]{13}$`),
	"<s>":            regexp.MustCompile(`^[0-9]{10}$`),
	"<any>":          regexp.MustCompile(`^.+$`),
}

// compare checks status, headers and body of an answer.
func (s *script) compare(e Exchange, expected []string) {
	s.t.Helper()
	if got := strconv.Itoa(e.Status); got != expected[0] {
		s.fatalf("request of line %d: status is %s, want %s: %s", s.from, got, expected[0], e.Answer)
	}
	head, body := headAndBody(expected[1:])
	for _, h := range head {
		name, value, _ := strings.Cut(s.replace(h), ":")
		value = strings.TrimPrefix(value, " ")
		if got := e.AnswerHeader.Get(name); got != value {
			s.fatalf("request of line %d: header %s is %q, want %q", s.from, name, got, value)
		}
	}
	if len(body) == 0 {
		return
	}
	want, err := parse([]byte(s.replace(strings.Join(body, "\n"))))
	if err != nil {
		s.fatalf("expected body of the request of line %d: %v", s.from, err)
	}
	got, err := parse(e.Answer)
	if err != nil {
		s.fatalf("request of line %d: answer is no JSON: %v: %s", s.from, err, e.Answer)
	}
	if differences := differ("", want, got); len(differences) > 0 {
		s.fatalf("request of line %d:\n%s\nanswer: %s", s.from, strings.Join(differences, "\n"), e.Answer)
	}
}

func parse(document []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// differ lists where got is not what want says.
func differ(path string, want, got any) []string {
	if text, ok := want.(string); ok {
		if p := Placeholders[text]; p != nil {
			if p.MatchString(fmt.Sprint(got)) {
				return nil
			}
			return []string{fmt.Sprintf("%s is %v, which is no %s", path, got, text)}
		}
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		return differMembers(path, w, g)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		var all []string
		for i := range w {
			all = append(all, differ(fmt.Sprintf("%s[%d]", path, i), w[i], g[i])...)
		}
		return all
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %s, want %s", path, show(got), show(want))}
}

// show writes a value as JSON, so that "1" and 1 look different.
func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func differMembers(path string, want, got map[string]any) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		g, ok := got[name]
		if !ok {
			all = append(all, fmt.Sprintf("%s.%s is missing", path, name))
			continue
		}
		all = append(all, differ(path+"."+name, want[name], g)...)
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			all = append(all, fmt.Sprintf("%s.%s is not expected: %v", path, name, got[name]))
		}
	}
	return all
}

// keep remembers a member of the last answer.
func (s *script) keep(name, path string) {
	s.t.Helper()
	v, err := parse(s.answer)
	if err != nil {
		s.fatalf("no answer to keep %s of: %v", path, err)
	}
	for member := range strings.SplitSeq(path, ".") {
		object, ok := v.(map[string]any)
		if !ok || object[member] == nil {
			s.fatalf("answer has no %s: %s", path, s.answer)
		}
		v = object[member]
	}
	s.kept[name] = fmt.Sprint(v)
}
