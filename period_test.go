package pasarela

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// drawn reads a section of docs/states.md: from, then where it may go.
func drawn(t *testing.T, section string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	if !found {
		t.Fatalf("docs/states.md has no section %q", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	edges := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^  (\w+) +-> (\w+)`).FindAllStringSubmatch(rest, -1) {
		edges[m[1]] = append(edges[m[1]], m[2])
	}
	for from := range edges {
		slices.Sort(edges[from])
	}
	return edges
}

// The drawing of a period's states is what its methods do, from each state.
func TestDrawingOfPeriodsAgreesWithTheirMethods(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 2, 10, 11, 0, 0, 0, time.UTC)
	steps := []func(Period) (Period, error){
		func(p Period) (Period, error) { return p.Charge("p", now) },
		func(p Period) (Period, error) { return p.Paid(now) },
		func(p Period) (Period, error) { return p.Failed(now) },
		func(p Period) (Period, error) { p.Attempts = 8; return p.Failed(now) },
		func(p Period) (Period, error) { return p.Unsent(now, now) },
		func(p Period) (Period, error) { return p.Reversed(now, now) },
		func(p Period) (Period, error) { p.Unanswered = 2; return p.Reversed(now, now) },
		func(p Period) (Period, error) { return p.Skipped(now) },
		func(p Period) (Period, error) { return p.Dropped(now), nil },
		func(p Period) (Period, error) { // a payment that took nothing of a subscription that was cancelled
			q, err := p.Failed(now)
			if err != nil {
				return p, err
			}
			return q.Dropped(now), nil
		},
	}
	done := map[string][]string{}
	for _, from := range []PeriodState{PeriodCharging, PeriodRetrying, PeriodPaid, PeriodFailed, PeriodSkipped, PeriodDropped} {
		for i, step := range steps {
			p := Period{State: from, Begins: "2031-02-10"}
			q, err := step(p)
			if err != nil && (CodeOf(err) != CodeWrongState || q.State != from) {
				t.Errorf("step %d on a %s period: it is %s, %v", i, from, q.State, err)
			}
			if q.State != from && !slices.Contains(done[string(from)], string(q.State)) {
				done[string(from)] = append(done[string(from)], string(q.State))
			}
			if q.State != PeriodRetrying && !q.DueAt.IsZero() {
				t.Errorf("a %s period falls due", q.State)
			}
		}
		slices.Sort(done[string(from)])
	}
	maps.DeleteFunc(done, func(_ string, to []string) bool { return len(to) == 0 })
	if want := drawn(t, "Periods of a subscription"); !maps.EqualFunc(done, want, slices.Equal[[]string]) {
		t.Errorf("periods go %v, docs/states.md draws %v", done, want)
	}
}
