package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	Mount(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// The documents are served as they stand in the tree.
func TestDocumentsAreServed(t *testing.T) {
	t.Parallel()
	for _, name := range Documents {
		w := get(t, "/openapi/"+name)
		if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), Source(name)) || w.Header().Get("Content-Type") != "application/yaml; charset=utf-8" {
			t.Errorf("%s: status %d, %s, %d bytes", name, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
	}
}

// The page loads its own style and nothing else: no script, no inline style, nothing from elsewhere.
func TestThePageNeedsNothingButItsStyle(t *testing.T) {
	t.Parallel()
	w := get(t, "/docs")
	if w.Code != 200 {
		t.Fatalf("status %d", w.Code)
	}
	if got := w.Header().Get("Content-Security-Policy"); got != policy || strings.Contains(got, "unsafe") {
		t.Errorf("policy %q", got)
	}
	forbidden := regexp.MustCompile(`(?i)<script|<style|<img|<iframe|<form|\sstyle=|\son[a-z]+="|(src|href)="(https?:)?//`)
	if found := forbidden.Find(w.Body.Bytes()); found != nil {
		t.Errorf("page holds %s", found)
	}
	if css := get(t, "/docs/style.css"); css.Code != 200 || css.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("style: status %d", css.Code)
	}
}

// The address with a slash at its end leads to the page.
func TestTheSlashIsForgiven(t *testing.T) {
	t.Parallel()
	if w := get(t, "/docs/"); w.Code != http.StatusFound || w.Header().Get("Location") != "/docs" {
		t.Errorf("status %d, to %q", w.Code, w.Header().Get("Location"))
	}
	if w := get(t, "/docs/nowhere"); w.Code != http.StatusNotFound {
		t.Errorf("below it: status %d", w.Code)
	}
}

// The page says whose it is not.
func TestThePageDisclaimsAffiliation(t *testing.T) {
	t.Parallel()
	if !strings.Contains(get(t, "/docs").Body.String(), "not affiliated with Kushki or Monri") {
		t.Error("page does not say so")
	}
}

// Every operation has its section, and every link within the page leads somewhere, to one place only.
func TestLinksWithinThePage(t *testing.T) {
	t.Parallel()
	page := get(t, "/docs").Body.String()
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		ids[m[1]]++
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("id %s stands %d times", id, n)
		}
	}
	for _, m := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] == 0 {
			t.Errorf("nothing has the id %s", m[1])
		}
	}
	for _, d := range parsed(t) {
		each(d, func(_, _ string, o *operation) {
			if ids[anchor(d.name, o.OperationID)] != 1 {
				t.Errorf("%s: no section for %s", d.name, o.OperationID)
			}
		})
	}
}

func parsed(t *testing.T) []*document {
	t.Helper()
	var all []*document
	for _, name := range Documents {
		d, err := parse(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func each(d *document, f func(method, path string, o *operation)) {
	for _, p := range slices.Concat(d.Paths, d.Webhooks) {
		for method, o := range map[string]*operation{"GET": p.Value.Get, "POST": p.Value.Post, "PUT": p.Value.Put,
			"PATCH": p.Value.Patch, "DELETE": p.Value.Delete} {
			if o != nil {
				f(method, p.Key, o)
			}
		}
	}
}

// Every operation says what it is for, under a tag that exists, with an example of each body; every documented
// error has a status that its operation answers.
func TestOperationsAreComplete(t *testing.T) {
	t.Parallel()
	for _, d := range parsed(t) {
		tags := map[string]bool{}
		for _, tag := range d.Tags {
			tags[tag.Name] = true
		}
		each(d, func(method, path string, o *operation) {
			if o.OperationID == "" || o.Summary == "" || len(o.Tags) != 1 || !tags[o.Tags[0]] {
				t.Errorf("%s %s: operationId, summary or tag is missing", method, path)
			}
			statuses := map[string]bool{}
			for _, r := range o.Responses {
				statuses[r.Key] = true
				found, err := d.response(r.Value)
				if err != nil {
					t.Fatal(err)
				}
				if m, ok := found.Content.get("application/json"); ok && m.Example.Kind == 0 {
					t.Errorf("%s %s: answer %s has no example", method, path, r.Key)
				}
			}
			for _, e := range o.Errors {
				if !statuses[strconv.Itoa(e.Status)] && e.Status != http.StatusNotFound {
					t.Errorf("%s %s: error %s has status %d, which is not among the answers", method, path, e.Code, e.Status)
				}
				if e.Message == "" || e.When == "" {
					t.Errorf("%s %s: error %s does not say what and when", method, path, e.Code)
				}
			}
		})
	}
}

// OpenAPI names an operation once (3.1, operationId), also where two addresses take the same; so a path refers to no other.
func TestOperationIDsAreUnique(t *testing.T) {
	t.Parallel()
	for _, name := range Documents {
		var d struct {
			Paths map[string]map[string]yaml.Node
		}
		if err := yaml.Unmarshal(Source(name), &d); err != nil {
			t.Fatal(err)
		}
		owner := map[string]string{}
		for path, item := range d.Paths {
			if _, refers := item["$ref"]; refers {
				t.Errorf("%s: %s refers to another path, whose operationIds it repeats", name, path)
			}
			for method, node := range item {
				var o struct {
					ID string `yaml:"operationId"`
				}
				if node.Kind != yaml.MappingNode {
					continue // parameters of the path
				}
				if err := node.Decode(&o); err != nil {
					t.Fatal(err)
				}
				if before, taken := owner[o.ID]; taken {
					t.Errorf("%s: %s %s has the operationId %s of %s", name, method, path, o.ID, before)
				}
				owner[o.ID] = method + " " + path
			}
		}
	}
}

// No member lacks its description, and no unquoted comma has cut one short.
func TestMembersAreDescribed(t *testing.T) {
	t.Parallel()
	for _, name := range Documents {
		var root yaml.Node
		if err := yaml.Unmarshal(Source(name), &root); err != nil {
			t.Fatal(err)
		}
		undescribed(t, name, "", &root)
	}
}

func undescribed(t *testing.T, document, parent string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			undescribed(t, document, parent, c)
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if value.Tag == "!!null" && value.Value == "" && parent != "enum" {
			t.Errorf("%s:%d: %q has no value: is a comma unquoted?", document, key.Line, key.Value)
		}
		if parent == "properties" && value.Kind == yaml.MappingNode && !has(value, "description") && !has(value, "$ref") && !has(value, "const") {
			t.Errorf("%s:%d: %s has no description", document, key.Line, key.Value)
		}
		undescribed(t, document, key.Value, value)
	}
}

func has(n *yaml.Node, key string) bool {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// Examples are shown as JSON, in the order in which they were written.
func TestExamplesAreJSON(t *testing.T) {
	t.Parallel()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(`{z: "a \"b\" <c>", a: [1, 2.50, true, null, {}], "on": {x: 31}}`), &n); err != nil {
		t.Fatal(err)
	}
	got := indented(n.Content[0])
	want := "{\n  \"z\": \"a \\\"b\\\" <c>\",\n  \"a\": [\n    1,\n    2.50,\n    true,\n    null,\n    {}\n  ],\n  \"on\": {\n    \"x\": 31\n  }\n}"
	if got != want || !json.Valid([]byte(got)) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A text of a document cannot become markup.
func TestProseIsEscaped(t *testing.T) {
	t.Parallel()
	if got, want := string(prose("a <b> `c<d>` & e")), "a &lt;b&gt; <code>c&lt;d&gt;</code> &amp; e"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
