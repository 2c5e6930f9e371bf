package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

const (
	// claimedAtOnce is how many deliveries are claimed at once, and ended at once.
	claimedAtOnce = 256
	// wideEndpoints and wideWaiting are how much waits while the endpoints with something due are listed.
	wideEndpoints = 1000
	wideWaiting   = 100_000
)

// BenchmarkDeliveries measures how fast the units of a dispatcher drain what waits, each delivery claimed and ended, and
// how long it takes to list the endpoints to which something is due.
func BenchmarkDeliveries(b *testing.B, open func(b *testing.B) store.Store) {
	for _, callers := range []int{1, 4} {
		b.Run(fmt.Sprintf("drain/%d", callers), func(b *testing.B) {
			w := &drain{b: b, store: open(b), endpoints: 16}
			defer w.close()
			w.fill(b.N)
			w.run(callers)
		})
	}
	b.Run("due_endpoints", func(b *testing.B) {
		w := &drain{b: b, store: open(b), endpoints: wideEndpoints}
		defer w.close()
		w.fill(wideWaiting)
		b.ResetTimer()
		for range b.N {
			if found, err := w.store.DueEndpoints(b.Context(), noon, store.Endpoint{}, 2*wideEndpoints); err != nil || len(found) != wideEndpoints {
				b.Fatalf("%d endpoints and error %v, want %d", len(found), err, wideEndpoints)
			}
		}
	})
}

// drain has what waits of one benchmark.
type drain struct {
	b         *testing.B
	store     store.Store
	endpoints int
	ended     atomic.Int64
}

func (w *drain) close() {
	if err := w.store.Close(); err != nil {
		w.b.Error(err)
	}
}

func (w *drain) endpoint(i int) string {
	return "https://shop.example/hooks/" + strconv.Itoa(i%w.endpoints)
}

// fill inserts n deliveries that are due.
func (w *drain) fill(n int) {
	body := make([]byte, 1500)
	for from := 0; from < n; from += 1000 {
		err := w.store.Update(w.b.Context(), shop, func(tx store.Tx) error {
			for i := from; i < min(from+1000, n); i++ {
				d := freshDelivery(pasarela.DeliveryID(strconv.Itoa(100_000_000_000_000_000+i)), strconv.Itoa(1_000_000_000+i))
				d.Endpoint, d.Body, d.DueAt = w.endpoint(i), body, noon.Add(-time.Duration(n-i)*time.Millisecond)
				if err := tx.InsertDelivery(d); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.b.Fatal(err)
		}
	}
}

// run claims and ends until nothing is left.
func (w *drain) run(callers int) {
	var turn atomic.Int64
	var done sync.WaitGroup
	w.b.ReportAllocs()
	w.b.ResetTimer()
	for range callers {
		done.Go(func() {
			for w.ended.Load() < int64(w.b.N) {
				if err := w.step(w.endpoint(int(turn.Add(1)))); err != nil {
					w.b.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
	w.b.StopTimer()
	w.b.ReportMetric(float64(w.b.N)/w.b.Elapsed().Seconds(), "deliveries/s")
}

// step is one round of a dispatcher whose endpoint answers at once.
func (w *drain) step(endpoint string) error {
	var claimed []pasarela.Delivery
	err := w.store.Update(w.b.Context(), shop, func(tx store.Tx) (err error) {
		claimed, err = tx.ClaimDeliveries(endpoint, noon, later(time.Minute), claimedAtOnce)
		return err
	})
	if err != nil || len(claimed) == 0 {
		return err
	}
	err = w.store.Update(w.b.Context(), shop, func(tx store.Tx) error {
		for _, d := range claimed {
			a := pasarela.DeliveryAttempt{Delivery: d.ID, Number: d.Attempts, At: noon, Took: time.Millisecond, Status: 200, Answer: []byte("ok")}
			if err := tx.EndDelivery(d.Delivered(noon), a); err != nil {
				return err
			}
		}
		return nil
	})
	w.ended.Add(int64(len(claimed)))
	return err
}
