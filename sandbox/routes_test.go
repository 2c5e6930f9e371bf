package sandbox

import (
	"maps"
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
