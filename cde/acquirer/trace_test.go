package acquirer

import (
	"strings"
	"testing"
	"time"
)

func nothing(uint32) bool { return false }

// Retrieval reference numbers begin with the day and only rise, whatever the clock does.
func TestRetrievalReferenceNumbersRise(t *testing.T) {
	t.Parallel()
	tr := newTracer()
	start := time.Date(2026, 12, 31, 23, 59, 59, 998_500_000, time.UTC)
	last := ""
	for _, c := range []struct {
		now  time.Time
		want string
	}{
		{start, "636586399998"},
		{start, "636586399999"},
		{start.Add(-time.Hour), "636586400000"}, // the clock went back
		{start.Add(time.Second), "700100000998"},
		{start.Add(time.Second), "700100000999"},
	} {
		trace := tr.next(c.now, nothing)
		if trace.RRN != c.want || !trace.SentAt.Equal(c.now.Truncate(time.Second)) {
			t.Errorf("at %s: RRN %s, sent at %s; want RRN %s", c.now, trace.RRN, trace.SentAt, c.want)
		}
		if strings.Compare(last[min(1, len(last)):], trace.RRN[1:]) >= 0 && trace.RRN[0] == '6' {
			t.Errorf("RRN %s after %s", trace.RRN, last)
		}
		last = trace.RRN
	}
	tr.rrn = 20000*rrnPerDay + rrnPerDay - 1
	if got := tr.next(time.Unix(20000*86400, 0), nothing).RRN; got != formatRRN(20001*rrnPerDay) {
		t.Errorf("after a day's last number comes %s", got)
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
