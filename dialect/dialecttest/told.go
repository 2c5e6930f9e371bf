package dialecttest

import (
	"fmt"
	"slices"
	"strings"

	"pasarela"
)

// compareTold holds what merchants are to be told against the expected lines: for each delivery its address, headers of
// the merchant's own, and the body.
func (s *script) compareTold() {
	s.t.Helper()
	var expected [][]string
	for _, line := range s.expected {
		if strings.HasPrefix(line, "POST ") || len(expected) == 0 {
			expected = append(expected, nil)
		}
		last := len(expected) - 1
		expected[last] = append(expected[last], line)
	}
	s.expected, s.telling = nil, false
	told := s.world.Told(s.t)
	if len(told) != len(expected) {
		s.fatalf("%d deliveries were written, want %d:\n%s", len(told), len(expected), written(told))
	}
	for i, d := range told {
		if s.world.onDelivery != nil {
			s.world.onDelivery(d)
		}
		s.compareDelivery(d, expected[i])
	}
}

func (s *script) compareDelivery(d pasarela.Delivery, expected []string) {
	s.t.Helper()
	if got, want := "POST "+d.URL, s.replace(expected[0]); got != want {
		s.fatalf("delivery is %s, want %s:\n%s", got, want, d.Body)
	}
	head, body := headAndBody(expected[1:])
	var own []string
	for _, h := range d.Headers {
		own = append(own, h.Label+": "+h.Value)
	}
	if !slices.Equal(own, head) {
		s.fatalf("delivery to %s has the headers %q, want %q", d.URL, own, head)
	}
	want, err := parse([]byte(s.replace(strings.Join(body, "\n"))))
	if err != nil {
		s.fatalf("expected body of the delivery to %s: %v; got %s", d.URL, err, d.Body)
	}
	got, err := parse(d.Body)
	if err != nil {
		s.fatalf("delivery to %s is no JSON: %v: %s", d.URL, err, d.Body)
	}
	if differences := differ("", want, got); len(differences) > 0 {
		s.fatalf("delivery to %s:\n%s\nbody: %s", d.URL, strings.Join(differences, "\n"), d.Body)
	}
}

func written(told []pasarela.Delivery) string {
	var b strings.Builder
	for _, d := range told {
		fmt.Fprintf(&b, "%s to %s: %s\n", d.Kind, d.URL, d.Body)
	}
	return b.String()
}
