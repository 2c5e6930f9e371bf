package webhook

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

func endpoints(words string) (all []store.Endpoint) {
	for _, w := range strings.Fields(words) {
		all = append(all, store.Endpoint{Merchant: pasarela.MerchantID(w[:1]), URL: w[1:]})
	}
	return all
}

// A look visits merchants in turns, so that nobody is behind the thousand endpoints of another, and goes on with those for
// which the last one had no room.
func TestLookTakesTurns(t *testing.T) {
	t.Parallel()
	l := look{}
	for _, c := range []struct{ due, full, visited string }{
		{"a1 a2 a3 a4 b1 c1 c2", "", "a1 b1 c1 a2 c2 a3 a4"},
		{"a1 a2 a3 a4 b1 c1 c2", "a3 a4 c2", "a1 b1 c1 a2 c2 a3 a4"},
		{"a1 a2 a3 a4 b1 c1 c2", "a1 a2", "c2 a3 b1 c1 a4 a1 a2"},
		{"a1 a3 b1", "", "a1 b1 a3"},
		{"", "", ""},
		{"a1 b1", "b1", "a1 b1"},
		{"a1 a2", "", "a1 a2"},
	} {
		var visited []store.Endpoint
		l.visit(endpoints(c.due), func(e store.Endpoint) bool {
			visited = append(visited, e)
			return slices.Contains(endpoints(c.full), e)
		})
		if !slices.Equal(visited, endpoints(c.visited)) {
			t.Errorf("due %s: visited %v, want %s", c.due, visited, c.visited)
		}
	}
}

// Looking takes a small part of the time, also where it takes long: up to five seconds of rest.
func TestRestAfterALook(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]time.Duration{0: 10 * time.Millisecond, 50 * time.Millisecond: 1200 * time.Millisecond,
		200 * time.Millisecond: 4800 * time.Millisecond, time.Second: 5 * time.Second, time.Minute: 5 * time.Second} {
		if rest := restAfter(took); rest != want {
			t.Errorf("a look of %s is followed by a rest of %s, want %s", took, rest, want)
		}
	}
}
