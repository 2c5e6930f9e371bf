package gateway

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"pasarela"
	"pasarela/api"
)

// described is a schema of api/events.yaml.
type described struct {
	Ref        string `yaml:"$ref"`
	Type       string
	Enum       []string
	Required   []string
	Properties map[string]described
}

type schemas map[string]described

// follow is the schema that one refers to.
func (all schemas) follow(s described) described {
	if s.Ref == "" {
		return s
	}
	return all[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
}

func eventSchemas(t *testing.T) schemas {
	t.Helper()
	var d struct {
		Components struct{ Schemas schemas }
	}
	if err := yaml.Unmarshal(api.Source("events.yaml"), &d); err != nil {
		t.Fatal(err)
	}
	return d.Components.Schemas
}

// An event's data is what api/events.yaml says: the same members, the same ones always there, of the same types.
func TestEventDataIsAsDescribed(t *testing.T) {
	t.Parallel()
	all := eventSchemas(t)
	for name, v := range map[string]any{"Data": snapshot{}, "Payment": paymentSnapshot{}, "Card": cardSnapshot{},
		"Operation": operationSnapshot{}, "Subscription": subscriptionSnapshot{}, "Adjustment": adjustmentSnapshot{}, "Period": periodSnapshot{}} {
		schema := all[name]
		members := map[string]bool{}
		for f := range fields(v) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			members[member] = true
			if always := options == ""; always != slices.Contains(schema.Required, member) {
				t.Errorf("%s.%s is always there: %v, which the document does not say", name, member, always)
			}
			if got, want := schemaType(f.Type), all.follow(schema.Properties[member]).Type; got != want {
				t.Errorf("%s.%s is a %s, the document says %q", name, member, got, want)
			}
		}
		for member := range schema.Properties {
			if !members[member] {
				t.Errorf("%s.%s is described, but no event has it", name, member)
			}
		}
	}
}

func fields(v any) func(func(reflect.StructField) bool) {
	return slices.Values(reflect.VisibleFields(reflect.TypeOf(v)))
}

// schemaType is the type of JSON that a field becomes.
func schemaType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time](), t.Kind() == reflect.String:
		return "string"
	case t.Kind() == reflect.Pointer:
		return "object"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "integer"
	default:
		return t.String()
	}
}

// The document lists every kind of event and every state of a payment, and none that there is not.
func TestKindsAndStatesAreAsDescribed(t *testing.T) {
	t.Parallel()
	all := eventSchemas(t)
	var kinds []string
	for _, k := range pasarela.EventKinds {
		kinds = append(kinds, string(k))
	}
	if got := all["Kind"].Enum; !slices.Equal(got, kinds) {
		t.Errorf("the document has the kinds\n%v, there are\n%v", got, kinds)
	}
	states := map[string]bool{}
	for from, to := range pasarela.Transitions {
		states[string(from)] = true
		for _, s := range to {
			states[string(s)] = true
		}
	}
	got := all["Payment"].Properties["state"].Enum
	if want := slices.Sorted(maps.Keys(states)); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("the document has the states\n%v, there are\n%v", got, want)
	}
}

// docs/events.md lists the kinds in their order, and what each carries: a payment's carry the payment, a subscription's the subscription.
func TestTheEventsPageListsTheKinds(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []pasarela.EventKind
	for _, row := range regexp.MustCompile("(?m)^\\| `((?:payment|subscription)\\.[a-z_]+)` \\| .* \\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		k := pasarela.EventKind(row[1])
		listed = append(listed, k)
		if !strings.Contains(row[2], k.About()) {
			t.Errorf("%s carries %q, which lacks the %s", k, row[2], k.About())
		}
	}
	if !slices.Equal(listed, pasarela.EventKinds) {
		t.Errorf("the page lists\n%v, there are\n%v", listed, pasarela.EventKinds)
	}
}
