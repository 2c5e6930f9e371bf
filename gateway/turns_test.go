package gateway

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pasarela"
)

// due is a list of merchants that the test changes between turns.
type due struct {
	merchants []pasarela.MerchantID
	err       error
}

func (d *due) list(_ context.Context, _ time.Time, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
	var page []pasarela.MerchantID
	for _, m := range d.merchants {
		if m > after && len(page) < min(limit, 2) {
			page = append(page, m)
		}
	}
	return page, d.err
}

func (d *due) turns() *turns {
	return &turns{list: d.list, until: func() time.Time { return time.Unix(1, 0) }, batch: 1, again: true}
}

// order plays turns one after the other, and says whose they were.
func order(t *testing.T, queue *turns, play func(pasarela.MerchantID) result) (whose []pasarela.MerchantID) {
	t.Helper()
	for range 20 {
		next, ok := queue.next(t.Context())
		if !ok {
			return whose
		}
		whose = append(whose, next.merchant)
		r := play(next.merchant)
		r.turn = next
		queue.ended(r)
	}
	t.Fatalf("no end of turns: %v", whose)
	return nil
}

// Everybody has a turn before anybody has a second, and who falls due meanwhile comes first.
func TestTurnsGoRound(t *testing.T) {
	t.Parallel()
	d := &due{merchants: []pasarela.MerchantID{"a", "b", "c"}}
	left := map[pasarela.MerchantID]int{"a": 3, "b": 1, "c": 2, "d": 1}
	whose := order(t, d.turns(), func(m pasarela.MerchantID) result {
		left[m]--
		if left[m] == 0 {
			d.merchants = slices.DeleteFunc(slices.Clone(d.merchants), func(x pasarela.MerchantID) bool { return x == m })
		}
		if m == "b" {
			d.merchants = append(d.merchants, "d")
			slices.Sort(d.merchants)
		}
		return result{moved: 1, more: left[m] > 0}
	})
	if want := []pasarela.MerchantID{"a", "b", "c", "d", "a", "c", "a"}; !slices.Equal(whose, want) {
		t.Errorf("turns are %v, want %v", whose, want)
	}
}

// Who falls due while another's backlog is worked through does not wait for its end.
func TestWhoFallsDueDuringABacklogHasATurn(t *testing.T) {
	t.Parallel()
	d := &due{merchants: []pasarela.MerchantID{"m"}}
	played := 0
	whose := order(t, d.turns(), func(m pasarela.MerchantID) result {
		played++
		switch {
		case m == "a":
			d.merchants = []pasarela.MerchantID{"m"}
		case played == 2:
			d.merchants = []pasarela.MerchantID{"a", "m"}
		}
		return result{moved: 1, more: m == "m" && played < 5}
	})
	if want := []pasarela.MerchantID{"m", "m", "a", "m", "m"}; !slices.Equal(whose, want) {
		t.Errorf("turns are %v, want %v", whose, want)
	}
}

// A merchant that fails has no further turn in a sweep, and is named; the others have theirs.
func TestAFailedTurnIsTheMerchantsLast(t *testing.T) {
	t.Parallel()
	broken := errors.New("damaged")
	d := &due{merchants: []pasarela.MerchantID{"a", "b"}}
	queue := d.turns()
	rounds := 0
	whose := order(t, queue, func(m pasarela.MerchantID) result {
		if m == "a" {
			return result{moved: 1, more: true, err: broken}
		}
		rounds++
		return result{moved: 1, more: rounds < 3}
	})
	if want := []pasarela.MerchantID{"a", "b", "b", "b"}; !slices.Equal(whose, want) || !errors.Is(queue.failed, broken) {
		t.Errorf("turns are %v and the error %v, want %v and it to name a's", whose, queue.failed, want)
	}
}

// A list of merchants that cannot be read is reported, and ends the sweep.
func TestAListThatCannotBeReadEndsTheSweep(t *testing.T) {
	t.Parallel()
	d := &due{err: errors.New("database is away")}
	queue := d.turns()
	if whose := order(t, queue, nil); len(whose) > 0 || !errors.Is(queue.failed, d.err) {
		t.Errorf("turns are %v and the error %v", whose, queue.failed)
	}
}
