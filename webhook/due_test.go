package webhook_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pasarela"
	"pasarela/webhook"
)

// What is due is attempted in the order of its subject, and RunDue returns when that has ended. What failed is due later,
// so it is not attempted again before the clock is moved.
func TestRunDue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		shop := receive(t, func(body string, w http.ResponseWriter, _ *http.Request) {
			if body[:2] == "no" {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		owed := r.oweAll(shop.URL, "p1", "p1", "no", "no", "p1", "p2")
		d := webhook.New(r.config())
		if err := d.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := shop.got()
		slices.Sort(got)
		if want := []string{"no 3", "p1 1", "p1 2", "p1 5", "p2 6"}; !slices.Equal(got, want) {
			t.Errorf("came %q, want %q", got, want)
		}
		if n := r.in(pasarela.DeliveryDelivered); n != 4 {
			t.Errorf("%d delivered, want 4", n)
		}
		shop.from(nil)
		if err := d.RunDue(t.Context()); err != nil || shop.count() != 5 {
			t.Errorf("%v, %d requests: what failed is not due yet", err, shop.count())
		}
		r.clock.advance(10 * time.Second)
		if err := d.RunDue(t.Context()); err != nil || r.in(pasarela.DeliveryDelivered) != len(owed) {
			t.Errorf("%v, %d delivered, want all", err, r.in(pasarela.DeliveryDelivered))
		}
	})
}

// A clock that is moved over several repetitions has all of them made, in the time that one call takes, until one is taken;
// what stays refused is parked by a jump over its window, and by no shorter one.
func TestRunDueCatchesUp(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		shop := receive(t, func(body string, w http.ResponseWriter, _ *http.Request) {
			if body[:2] == "no" {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		r.oweAll(shop.URL, "no")
		c := r.config()
		c.Jitter = func() float64 { return 0.5 }
		d := webhook.New(c)
		for _, step := range []struct {
			advance  time.Duration
			attempts int
		}{{0, 1}, {time.Hour, 6}, {2 * pasarela.DeliveryWindow, 17}} {
			r.clock.advance(step.advance)
			if err := d.RunDue(t.Context()); err != nil || shop.count() != step.attempts {
				t.Fatalf("%v, %d attempts after %s, want %d", err, shop.count(), step.advance, step.attempts)
			}
		}
		if n := r.in(pasarela.DeliveryParked); n != 1 {
			t.Errorf("%d parked, want 1", n)
		}
	})
}

// RunDue beside Run sends nothing twice, and waits for what Run has begun.
func TestRunDueBesideRun(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		shop := receive(t, nil)
		d, _ := r.run(r.config())
		total := 0
		for round := range 10 {
			for i := range 20 {
				r.owe(fmt.Sprintf("%s/%d", shop.URL, i%3), fmt.Sprintf("p%d", i%5))
				total++
			}
			d.Wake()
			r.clock.advance(time.Hour)
			if err := d.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := r.in(pasarela.DeliveryDelivered); n != total || shop.count() != total {
				t.Fatalf("round %d: %d delivered by %d requests, want %d", round, n, shop.count(), total)
			}
		}
	})
}

// spacing is what a merchant is told of retries (docs/webhooks.md): before the second attempt, the third, and so on.
var spacing = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

// A delivery that never arrives is tried for three days, ever more rarely, each time within a fifth of its spacing, and
// is parked then.
func TestThreeDaysOfRetries(t *testing.T) {
	t.Parallel()
	for name, jitter := range map[string]float64{"early": 0, "in between": 0.37, "late": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, r *rig) { retries(t, r, jitter) })
		})
	}
}

func retries(t *testing.T, r *rig, jitter float64) {
	shop := receive(t, status(http.StatusInternalServerError))
	c := r.config()
	c.Jitter = func() float64 { return jitter }
	d := webhook.New(c)
	owed := r.owe(shop.URL, "p1")
	for attempt := 1; ; attempt++ {
		if err := d.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		v := r.find(owed.ID)
		if log := r.log(owed.ID); v.Attempts != attempt || len(log) != attempt || shop.count() != attempt {
			t.Fatalf("%d attempts, log %+v, want %d", v.Attempts, log, attempt)
		}
		if v.State == pasarela.DeliveryParked {
			break
		}
		r.clock.advance(v.DueAt.Sub(r.clock.Now()) - time.Second)
		if err := d.RunDue(t.Context()); err != nil || shop.count() != attempt {
			t.Fatalf("%v, %d requests a second before the next is due, want %d", err, shop.count(), attempt)
		}
		r.clock.advance(time.Second)
	}
	if age := r.clock.Now().Sub(start); age < pasarela.DeliveryWindow-10*time.Hour || age > pasarela.DeliveryWindow {
		t.Errorf("parked after %s", age)
	}
}

// Whatever the jitter, the next attempt comes within a fifth of its spacing, never after three days, and a delivery is
// parked only when no attempt would.
func TestSpacing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := start
		d := pasarela.Delivery{State: pasarela.DeliveryPending, Since: start, DueAt: start}
		for attempt := 1; d.State == pasarela.DeliveryPending; attempt++ {
			usual := spacing[min(attempt, len(spacing))-1]
			d = d.Claimed(now.Add(30*time.Second)).Failed(rapid.Float64Range(0, 1).Draw(t, "jitter"), now)
			if d.State == pasarela.DeliveryParked {
				if now.Add(usual*6/5).Before(start.Add(pasarela.DeliveryWindow)) || !d.DueAt.IsZero() {
					t.Fatalf("parked after %s, due %s", now.Sub(start), d.DueAt)
				}
				return
			}
			wait := d.DueAt.Sub(now)
			if wait < usual*4/5-time.Microsecond || wait > usual*6/5 || d.DueAt.After(start.Add(pasarela.DeliveryWindow)) {
				t.Fatalf("attempt %d is followed by another after %s, want %s give or take a fifth, and none after three days", attempt, wait, usual)
			}
			now = d.DueAt
		}
	})
}
