package sandbox

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"pasarela/api"
)

// Every control is described, and nothing is described that is not there.
func TestRoutesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(api.Source("sandbox.yaml"), &document); err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, operations := range document.Paths {
		for _, method := range []string{"get", "post", "delete", "put", "patch"} {
			if operations[method] != nil {
				described = append(described, strings.ToUpper(method)+" "+strings.TrimPrefix(path, "/"))
			}
		}
	}
	c := New(Config{})
	served := slices.Concat(slices.Collect(maps.Keys(c.gatewayRoutes())), slices.Collect(maps.Keys(c.networkRoutes())), []string{"POST " + catching})
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("api/sandbox.yaml describes\n%s\nand the sandbox serves\n%s", strings.Join(described, "\n"), strings.Join(served, "\n"))
	}
}

// A bench answers at its front door: the root leads to the reference, and a control that is called with another method
// says which it takes.
func TestWaysIn(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	New(Config{Log: slog.New(slog.DiscardHandler)}).Mount(mux)
	for _, c := range []struct {
		method, path string
		status       int
		header, says string
	}{
		{"GET", "/", http.StatusFound, "Location", "/docs"},
		{"GET", "/sandbox/v1/clock/advance", http.StatusMethodNotAllowed, "Allow", "POST"},
		{"POST", "/sandbox/v1/issuer/authorizations", http.StatusMethodNotAllowed, "Allow", "GET"},
		{"PATCH", "/sandbox/v1/network/faults", http.StatusMethodNotAllowed, "Allow", "GET, POST, DELETE"},
		{"POST", "/sandbox/v1/weather", http.StatusNotFound, "Allow", ""},
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status || w.Header().Get(c.header) != c.says {
			t.Errorf("%s %s is answered %d with %s %q, want %d and %q", c.method, c.path, w.Code, c.header, w.Header().Get(c.header), c.status, c.says)
		}
	}
}
