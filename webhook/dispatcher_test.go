package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
	"pasarela/webhook"
)

// What a unit of work wrote arrives signed, with the merchant's own headers, and the log says how it went.
func TestDeliveryArrives(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		var headers atomic.Pointer[http.Header]
		shop := receive(t, func(_ string, w http.ResponseWriter, q *http.Request) {
			headers.Store(&q.Header)
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, "thank you")
		})
		d, _ := r.run(r.config())
		owed := r.owe(shop.URL+"/hooks?key=secret", "p1")
		d.Wake()
		until(t, "delivered", func() bool { return r.find(owed.ID).State == pasarela.DeliveryDelivered })
		h := *headers.Load()
		if got, want := h.Get("X-Signature"), fmt.Sprintf("%s %s %d", merchant, owed.Body, start.Unix()); got != want {
			t.Errorf("signature %q, want %q", got, want)
		}
		if h.Get("Content-Type") != "application/json" || h.Get("User-Agent") != "pasarela/test" {
			t.Errorf("headers %v", h)
		}
		log := r.log(owed.ID)
		if len(log) != 1 || log[0].Number != 1 || log[0].Status != http.StatusAccepted || string(log[0].Answer) != "thank you" || log[0].Error != "" || log[0].Took <= 0 || !log[0].At.Equal(start) {
			t.Errorf("log %+v", log)
		}
	})
}

// A delivery about a subject waits until the one before it has arrived; those about other subjects do not.
func TestOrderIsKeptForASubjectAlone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		refusing := func(body string, w http.ResponseWriter, _ *http.Request) {
			if body[:2] == "p1" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}
		shop := receive(t, refusing)
		owed := r.oweAll(shop.URL, "p1", "p1", "p2", "p2", "p1")
		d, _ := r.run(r.config())
		until(t, "other subjects delivered", func() bool { return r.in(pasarela.DeliveryDelivered) == 2 && len(r.log(owed[0].ID)) == 1 })
		shop.from(nil)
		until(t, "all delivered", func() bool {
			r.clock.advance(10 * time.Second)
			d.Wake()
			return r.in(pasarela.DeliveryDelivered) == 5
		})
		var p1, p2 []string
		for _, body := range shop.got() {
			if body[:2] == "p1" {
				p1 = append(p1, body)
			} else {
				p2 = append(p2, body)
			}
		}
		if p1 = slices.Compact(p1); !slices.Equal(p1, []string{"p1 1", "p1 2", "p1 5"}) || !slices.Equal(p2, []string{"p2 3", "p2 4"}) {
			t.Errorf("came as %q and %q", p1, p2)
		}
	})
}

// An endpoint that is sent a lot is sent several at once, and each of them once.
func TestManyDeliveriesToOneEndpoint(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		var now, most atomic.Int32
		shop := receive(t, func(string, http.ResponseWriter, *http.Request) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			now.Add(-1)
		})
		subjects := make([]string, 500)
		for i := range subjects {
			subjects[i] = "p" + strconv.Itoa(i)
		}
		r.oweAll(shop.URL, subjects...)
		r.run(r.config())
		until(t, "all delivered", func() bool { return r.in(pasarela.DeliveryDelivered) == len(subjects) })
		got := shop.got()
		slices.Sort(got)
		if n := len(slices.Compact(got)); n != len(subjects) || shop.count() != len(subjects) {
			t.Errorf("%d bodies came, %d different ones, want %d", shop.count(), n, len(subjects))
		}
		if most.Load() > 32 {
			t.Errorf("%d requests at once, want at most 32", most.Load())
		}
	})
}

// A thousand endpoints that hang keep nobody else waiting: while every one of them has a request open, a delivery to
// another arrives.
func TestHangingEndpointsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		const merchants, each = 40, 25
		const hanging = merchants * each
		release := make(chan struct{})
		var held atomic.Int32
		dead := receive(t, func(_ string, _ http.ResponseWriter, q *http.Request) {
			held.Add(1)
			defer held.Add(-1)
			hold(release, q)
		})
		defer close(release)
		for i := range merchants {
			r.oweEach(r.merchant(i), dead.URL, each)
		}
		c := r.config()
		c.Sender = r.sender(webhook.SenderConfig{AllowPrivate: true, Timeout: 10 * patience}) // nobody stops hanging before the end
		d, _ := r.run(c)
		until(t, "all hang", func() bool { return held.Load() == hanging })
		shop := receive(t, nil)
		for i := range 5 {
			owed := r.owe(shop.URL, "p"+strconv.Itoa(i))
			d.Wake()
			until(t, "delivered", func() bool { return r.find(owed.ID).State == pasarela.DeliveryDelivered })
		}
		if n := held.Load(); n != hanging {
			t.Errorf("%d requests hang still, want %d: the test proves nothing", n, hanging)
		}
	})
}

// What would never be sent is parked at its first attempt, and says why.
func TestDeliveryToTheGatewayItselfIsParked(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		owed := r.owe("https://pay.example.com/subscriptions/v1/card/1/authorize", "p1")
		c := r.config()
		c.Sender = r.sender(webhook.SenderConfig{OwnHost: "pay.example.com"})
		r.run(c)
		until(t, "parked", func() bool { return r.find(owed.ID).State == pasarela.DeliveryParked })
		if log := r.log(owed.ID); len(log) != 1 || !strings.Contains(log[0].Error, "this gateway's own") {
			t.Errorf("the log is %+v", log)
		}
	})
}

// A process that dies between claim and end leaves a lease. The sole user of a database takes it over at its start;
// where there may be others it is waited for.
func TestLeaseOfADeadProcess(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		shop := receive(t, nil)
		crash := func() pasarela.Delivery {
			owed := r.owe(shop.URL, "p1")
			err := r.store.Update(t.Context(), merchant, func(tx store.Tx) error {
				_, err := tx.ClaimDeliveries(shop.URL, r.clock.Now(), r.clock.Now().Add(30*time.Second), 1)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return owed
		}
		first := crash()
		alone := r.config()
		alone.Alone = true
		_, stop := r.run(alone)
		until(t, "taken over at once", func() bool { return r.find(first.ID).State == pasarela.DeliveryDelivered })
		stop()

		second := crash()
		other := r.owe(shop.URL, "p2")
		d, _ := r.run(r.config())
		until(t, "the other delivered", func() bool { return r.find(other.ID).State == pasarela.DeliveryDelivered })
		if v := r.find(second.ID); v.State != pasarela.DeliveryPending {
			t.Errorf("a lease that lasts was not respected: %+v", v)
		}
		r.clock.advance(31 * time.Second)
		d.Wake()
		until(t, "taken over after the lease", func() bool { return r.find(second.ID).State == pasarela.DeliveryDelivered })
		if v := r.find(second.ID); v.Attempts != 2 {
			t.Errorf("%d attempts, want 2: the dead process may have made one", v.Attempts)
		}
	})
}

// Two processes on one database deliver everything, and nothing twice as long as none of them dies.
func TestTwoDispatchersOnOnePostgres(t *testing.T) {
	t.Parallel()
	r := newRig(t, onPostgres(t))
	shops := []*receiver{receive(t, nil), receive(t, nil), receive(t, nil)}
	const each = 300
	for _, shop := range shops {
		for i := range each {
			r.owe(shop.URL, "p"+strconv.Itoa(i%100))
		}
	}
	other := r.config()
	other.Store = r.open()
	r.run(r.config())
	r.run(other)
	until(t, "all delivered", func() bool { return r.in(pasarela.DeliveryDelivered) == each*len(shops) })
	for _, shop := range shops {
		got := shop.got()
		slices.Sort(got)
		if n := len(slices.Compact(got)); n != each || shop.count() != each {
			t.Errorf("%d bodies came, %d different ones, want each of %d once", shop.count(), n, each)
		}
	}
}

// A clock that jumps past the lease of what is under way has it sent once all the same.
func TestClockJumpsWhileADeliveryIsUnderWay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		answer := make(chan struct{})
		shop := receive(t, func(body string, _ http.ResponseWriter, q *http.Request) {
			if body == "p1 1" {
				hold(answer, q)
			}
		})
		slow := r.owe(shop.URL, "p1")
		d, _ := r.run(r.config())
		until(t, "under way", func() bool { return shop.count() == 1 })
		r.clock.advance(time.Hour)
		quick := r.owe(shop.URL+"/b", "p2")
		due := make(chan error, 1)
		go func() { due <- d.RunDue(t.Context()) }()
		until(t, "the other delivered", func() bool { return r.find(quick.ID).State == pasarela.DeliveryDelivered })
		select {
		case err := <-due:
			t.Errorf("RunDue returned %v while a delivery was under way", err)
		default:
		}
		close(answer)
		if err := <-due; err != nil {
			t.Error(err)
		}
		v := r.find(slow.ID)
		if v.State != pasarela.DeliveryDelivered || v.Attempts != 1 || shop.count() != 2 {
			t.Errorf("%s after %d attempts, %d requests in all", v.State, v.Attempts, shop.count())
		}
	})
}

// A stop waits for requests under way and commits what became of them; what had not begun is due for others at once.
func TestStop(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		answer := make(chan struct{})
		shop := receive(t, func(_ string, _ http.ResponseWriter, q *http.Request) { hold(answer, q) })
		owed := r.oweAll(shop.URL, "p1", "p2")
		_, stop := r.run(r.config())
		until(t, "one under way", func() bool { return shop.count() == 1 })
		until(t, "the other claimed", func() bool { return r.find(owed[1].ID).Attempts == 1 })
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		until(t, "the other given back", func() bool { return r.find(owed[1].ID).Attempts == 0 })
		select {
		case <-stopped:
			t.Error("stopped while a request was under way")
		default:
		}
		close(answer)
		<-stopped
		if v := r.find(owed[0].ID); v.State != pasarela.DeliveryDelivered {
			t.Errorf("what was under way is %s", v.State)
		}
		if v := r.find(owed[1].ID); v.State != pasarela.DeliveryPending || v.DueAt.After(r.clock.Now()) || v.Tries != 0 || shop.count() != 1 {
			t.Errorf("what had not begun is %+v", v)
		}
	})
}

// A replay is sent again whatever became of the delivery, and has a window of its own.
func TestReplay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		shop := receive(t, nil)
		d, _ := r.run(r.config())
		owed := r.owe(shop.URL, "p1")
		d.Wake()
		until(t, "delivered", func() bool { return r.find(owed.ID).State == pasarela.DeliveryDelivered })
		r.clock.advance(30 * 24 * time.Hour)
		shop.from(status(http.StatusInternalServerError))
		err := r.store.Update(t.Context(), merchant, func(tx store.Tx) error {
			v, err := tx.Delivery(owed.ID)
			if err != nil {
				return err
			}
			return tx.PutDelivery(v.Replayed(r.clock.Now()))
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Wake()
		until(t, "tried again", func() bool { return len(r.log(owed.ID)) == 2 })
		if v := r.find(owed.ID); v.State != pasarela.DeliveryPending || v.Attempts != 2 || v.Tries != 1 || !v.DueAt.After(r.clock.Now()) {
			t.Errorf("after the replay %+v", v)
		}
	})
}

// What the database refuses to keep for the moment is kept once it is back, without another attempt.
func TestEndIsKeptAfterTheDatabaseFailed(t *testing.T) {
	t.Parallel()
	r := newRig(t, onSQLite(t))
	shop := receive(t, nil)
	c := r.config()
	flaky := &flaky{Store: r.store}
	c.Store = flaky
	shop.from(func(string, http.ResponseWriter, *http.Request) { flaky.failures.Store(2) })
	owed := r.owe(shop.URL, "p1")
	r.run(c)
	until(t, "delivered", func() bool { return r.find(owed.ID).State == pasarela.DeliveryDelivered })
	if shop.count() != 1 || len(r.log(owed.ID)) != 1 || flaky.failures.Load() > 0 {
		t.Errorf("%d requests, log %+v", shop.count(), r.log(owed.ID))
	}
}

// flaky is a store whose next units fail.
type flaky struct {
	webhook.Store
	failures atomic.Int32
}

func (f *flaky) Update(ctx context.Context, m pasarela.MerchantID, unit func(tx store.Tx) error) error {
	if f.failures.Load() > 0 {
		f.failures.Add(-1)
		return pasarela.Errorf(pasarela.CodeInternal, "the disk is full")
	}
	return f.Store.Update(ctx, m, unit)
}
