package acquirer

import (
	"testing"
	"time"
)

func nothing(uint32) bool { return false }

// Retrieval reference numbers begin with the day, and none comes twice, whatever the clock does.
func TestRetrievalReferenceNumbers(t *testing.T) {
	t.Parallel()
	tr := newTracer()
	tr.rrn = 99_999_997
	start := time.Date(2026, 12, 31, 23, 59, 59, 998_500_000, time.UTC)
	for _, c := range []struct {
		now  time.Time
		want string
	}{
		{start, "636599999998"},
		{start, "636599999999"},
		{start.Add(-time.Hour), "636500000000"}, // the clock went back, and the numbers round
		{start.Add(time.Second), "700100000001"},
		{start.Add(time.Second), "700100000002"},
	} {
		if trace := tr.next(c.now, nothing); trace.RRN != c.want || !trace.SentAt.Equal(c.now.Truncate(time.Second)) {
			t.Errorf("at %s: RRN %s, sent at %s; want RRN %s", c.now, trace.RRN, trace.SentAt, c.want)
		}
	}
}

// Two nodes, or a process and the one before it, do not go through the same numbers: an issuer would take a
// message of one for a repetition of the other's.
func TestNodesBeginAtNumbersOfTheirOwn(t *testing.T) {
	t.Parallel()
	now, seen := time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC), map[string]bool{}
	for range 20 {
		seen[newTracer().next(now, nothing).RRN] = true
	}
	if len(seen) < 19 {
		t.Errorf("twenty tracers begin with %d numbers", len(seen))
	}
}

// Trace numbers go round from 999999 to 1 and pass over those under way.
func TestTraceNumbersGoRound(t *testing.T) {
	t.Parallel()
	tr := newTracer()
	tr.stan = 999_998
	busy := func(stan uint32) bool { return stan == 1 }
	for _, want := range []uint32{999_999, 2, 3} {
		if got := tr.next(time.Unix(0, 0), busy).STAN; got != want {
			t.Errorf("STAN %d, want %d", got, want)
		}
	}
}
