package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// Benchmark measures the units of work of a charge, with one caller and with many. It reports units per
// second and how long callers waited.
func Benchmark(b *testing.B, open func(b *testing.B) store.Store) {
	for _, unit := range []struct {
		name    string
		prepare func(w *workload, b *testing.B)
		run     func(w *workload, i int) error
	}{
		{"insert_token", nil, (*workload).insertToken},
		{"spend_token_insert_payment", (*workload).prepareTokens, (*workload).promise},
		{"put_payment_post", (*workload).preparePayments, (*workload).conclude},
	} {
		for _, callers := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/%d", unit.name, callers), func(b *testing.B) {
				w := newWorkload(b, open(b))
				defer func() {
					if err := w.store.Close(); err != nil {
						b.Error(err)
					}
				}()
				if unit.prepare != nil {
					unit.prepare(w, b)
				}
				w.measure(b, callers, func(i int) error { return unit.run(w, i) })
			})
		}
	}
}

// workload has the rows of one benchmark, one of each for each of its units.
type workload struct {
	b        *testing.B
	store    store.Store
	tokens   []pasarela.Token
	payments []pasarela.Payment
	postings []pasarela.PostingID
}

func newWorkload(b *testing.B, s store.Store) *workload {
	w := &workload{b: b, store: s}
	ids := pasarela.NewIDs(rand.NewChaCha8([32]byte{1}))
	sealed := func(n int) pasarela.Sealed {
		return pasarela.Sealed{Record: "token/0123456789abcdef", Bytes: make([]byte, n)}
	}
	for i := range b.N {
		now := later(time.Duration(i) * time.Millisecond)
		k, p := freshToken(ids.Token(now)), samplePayment(ids.Payment())
		k.Card, k.CVV, k.CreatedAt, k.ExpiresAt = sealed(120), sealed(90), now, now.Add(pasarela.TokenLife)
		p.Ticket, p.Card, p.Token, p.CreatedAt, p.UpdatedAt, p.DueAt = ids.Ticket(now), k.Card, k.ID, now, now, now.Add(time.Minute)
		p.Follow, p.CaptureTrace, p.Operation, p.Subscription, p.ExpiresAt = pasarela.Trace{}, pasarela.Trace{}, "", "", time.Time{}
		w.tokens, w.payments, w.postings = append(w.tokens, k), append(w.payments, p), append(w.postings, ids.Posting(now))
	}
	return w
}

func (w *workload) measure(b *testing.B, callers int, run func(i int) error) {
	waited := make([]time.Duration, b.N)
	var next atomic.Int64
	var done sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range callers {
		done.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				from := time.Now()
				if err := run(i); err != nil {
					b.Errorf("unit %d: %v", i, err)
					return
				}
				waited[i] = time.Since(from)
			}
		})
	}
	done.Wait()
	b.StopTimer()
	slices.Sort(waited)
	for _, q := range []int{50, 99} {
		b.ReportMetric(float64(waited[len(waited)*q/100].Microseconds()), fmt.Sprintf("p%d-µs", q))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "units/s")
}

func (w *workload) insertToken(i int) error {
	return w.store.Update(w.b.Context(), shop, func(tx store.Tx) error { return tx.InsertToken(w.tokens[i]) })
}

func (w *workload) promise(i int) error {
	p := w.payments[i]
	return w.store.Update(w.b.Context(), shop, func(tx store.Tx) error {
		k, err := tx.Token(p.Token)
		if err != nil {
			return err
		}
		if k, err = k.Spend(pasarela.UseCharge, k.CreatedAt); err != nil {
			return err
		}
		if err := tx.SpendToken(k.ID, k.SpentAt); err != nil {
			return err
		}
		return tx.InsertPayment(p)
	})
}

func (w *workload) conclude(i int) error {
	return w.store.Update(w.b.Context(), shop, func(tx store.Tx) error {
		p, err := tx.Payment(w.payments[i].ID)
		if err != nil {
			return err
		}
		p, err = p.Approved(pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00", ApprovalCode: "A1B2C3"}, p.UpdatedAt)
		if err != nil {
			return err
		}
		if err := tx.PutPayment(p); err != nil {
			return err
		}
		postings := ledger.OnApproved(p)
		postings[0].ID = w.postings[i]
		return tx.Post(postings)
	})
}

func (w *workload) prepareTokens(b *testing.B) {
	w.prepare(b, func(tx store.Tx, i int) error { return tx.InsertToken(w.tokens[i]) })
}

func (w *workload) preparePayments(b *testing.B) {
	w.prepare(b, func(tx store.Tx, i int) error { return tx.InsertPayment(w.payments[i]) })
}

// prepare inserts many rows with few commits.
func (w *workload) prepare(b *testing.B, insert func(tx store.Tx, i int) error) {
	const share = 500
	for from := 0; from < b.N; from += share {
		err := w.store.Update(b.Context(), shop, func(tx store.Tx) error {
			for i := from; i < min(from+share, b.N); i++ {
				if err := insert(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
