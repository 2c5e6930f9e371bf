package dialecttest

import (
	"strings"
	"testing"
)

// A script that cannot fail defends nothing: every kind of difference is noticed.
func TestDifferencesAreNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want, got, difference string }{
		{"equal", `{"a":1,"b":[true,null,{"c":"d"}]}`, `{"b":[true,null,{"c":"d"}],"a":1}`, ""},
		{"placeholder", `{"a":"<ticket>"}`, `{"a":"304418277190055621"}`, ""},
		{"placeholder for a number", `{"a":"<ms>"}`, `{"a":1767614400000}`, ""},
		{"placeholder of another form", `{"a":"<ticket>"}`, `{"a":"30441827719005562"}`, ".a is 30441827719005562, which is no <ticket>"},
		{"missing", `{"a":1,"b":2}`, `{"a":1}`, ".b is missing"},
		{"not expected", `{"a":1}`, `{"a":1,"b":2}`, ".b is not expected"},
		{"value", `{"a":{"b":1}}`, `{"a":{"b":2}}`, ".a.b is 2, want 1"},
		{"number and string", `{"a":1}`, `{"a":"1"}`, `.a is "1", want 1`},
		{"length", `{"a":[1]}`, `{"a":[1,2]}`, ".a is [1,2], want [1]"},
		{"object and text", `{"a":{}}`, `{"a":"x"}`, `.a is "x"`},
		{"nothing", `{"a":"<any>"}`, `{"a":""}`, "which is no <any>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want, err := parse([]byte(c.want))
			if err != nil {
				t.Fatal(err)
			}
			got, err := parse([]byte(c.got))
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(differ("", want, got), "\n")
			if (c.difference == "") != (all == "") || !strings.Contains(all, c.difference) {
				t.Errorf("differences are %q, want %q", all, c.difference)
			}
		})
	}
}
