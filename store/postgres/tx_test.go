package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
	"pasarela/store/postgres/pgtest"
)

const shop pasarela.MerchantID = "20000000000000000001"

// trips counts what is sent to the server. A batch is one round trip, and so is a statement by itself.
type trips struct{ n atomic.Int64 }

func (c *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (c *trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (c *trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}
func (c *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (c *trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// counted is a store whose round trips are counted.
func counted(t *testing.T) (*Store, *trips) {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	c := &trips{}
	config.ConnConfig.Tracer = c
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if err := bringUp(t.Context(), pool, false); err != nil {
		t.Fatal(err)
	}
	return newStore(pool, nil), c
}

var (
	onePayment  = pasarela.Payment{Merchant: shop, ID: "p", Ticket: "t", Amount: pasarela.Money{Minor: 5, Currency: "USD"}}
	chargeUnits = []struct {
		name string
		want int64
		unit func(tx store.Tx) error
	}{
		{"nothing", 0, func(store.Tx) error { return nil }},
		{"insert a token", 1, func(tx store.Tx) error { return tx.InsertToken(pasarela.Token{ID: "k"}) }},
		{"spend a token and insert a payment", 2, func(tx store.Tx) error {
			if _, err := tx.Token("k"); err != nil {
				return err
			}
			return errors.Join(tx.SpendToken("k", pasarela.SystemClock{}.Now()), tx.InsertPayment(onePayment))
		}},
		{"read, put and post a payment", 2, func(tx store.Tx) error {
			q, err := tx.Payment("p")
			if err != nil {
				return err
			}
			return errors.Join(tx.PutPayment(q), tx.Post([]ledger.Posting{
				{ID: "1", Payment: "p", Debit: ledger.IssuerHolds, Credit: ledger.MerchantPending, Amount: q.Amount},
			}))
		}},
		{"the same without reading", 1, func(tx store.Tx) error { return tx.PutPayment(onePayment) }},
		{"claim a key, spend a token", 3, func(tx store.Tx) error {
			if _, err := tx.ClaimKey(store.Key{Name: "n"}); err != nil {
				return err
			}
			if _, err := tx.Token("k"); err != nil {
				return err
			}
			return tx.SpendToken("k", pasarela.SystemClock{}.Now())
		}},
	}
	tellingUnits = []struct {
		name string
		want int64
		unit func(tx store.Tx) error
	}{
		{"tell of a payment", 2, func(tx store.Tx) error {
			q, err := tx.Payment("p")
			if err != nil {
				return err
			}
			errs := []error{tx.PutPayment(q), tx.InsertEvent(pasarela.Event{ID: "e"})}
			for _, id := range []pasarela.DeliveryID{"1", "2", "3"} {
				errs = append(errs, tx.InsertDelivery(pasarela.Delivery{ID: id, Subject: string(id), Endpoint: "e", State: pasarela.DeliveryPending, DueAt: time.Unix(1, 0)}))
			}
			return errors.Join(errs...)
		}},
		{"claim deliveries", 2, func(tx store.Tx) error {
			claimed, err := tx.ClaimDeliveries("e", time.Unix(1, 0), time.Unix(2, 0), 10)
			if err == nil && len(claimed) != 3 {
				err = fmt.Errorf("%d were claimed, want 3", len(claimed))
			}
			return err
		}},
		{"end deliveries", 1, func(tx store.Tx) error {
			var errs []error
			for _, id := range []pasarela.DeliveryID{"1", "2", "3"} {
				errs = append(errs, tx.EndDelivery(pasarela.Delivery{ID: id, State: pasarela.DeliveryDelivered, Attempts: 1}, pasarela.DeliveryAttempt{Number: 1}))
			}
			return errors.Join(errs...)
		}},
		{"open a period", 2, func(tx store.Tx) error {
			if _, err := tx.OpenPeriods("s"); err != nil {
				return err
			}
			return tx.InsertPeriod(pasarela.Period{Subscription: "s", Date: "2026-03-01"})
		}},
	}
)

// The units of a charge, and those that tell of it, take as few round trips as they can.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	s, sent := counted(t)
	for _, c := range slices.Concat(chargeUnits, tellingUnits) {
		before := sent.n.Load()
		if err := s.Update(t.Context(), shop, c.unit); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := sent.n.Load() - before; got != c.want {
			t.Errorf("%s took %d round trips, want %d", c.name, got, c.want)
		}
	}
}

// Units that lock the same rows in opposite order deadlock in the server and both succeed in the end.
func TestDeadlocksAreTriedAgain(t *testing.T) {
	t.Parallel()
	s := openStore(t, pgtest.URL(t))
	for _, id := range []pasarela.TokenID{"a", "b"} {
		if err := s.Update(t.Context(), shop, func(tx store.Tx) error { return tx.InsertToken(pasarela.Token{ID: id}) }); err != nil {
			t.Fatal(err)
		}
	}
	var runs atomic.Int64
	var bothHold, units sync.WaitGroup
	bothHold.Add(2)
	for _, order := range [][]pasarela.TokenID{{"a", "b"}, {"b", "a"}} {
		units.Go(func() {
			holds := sync.OnceFunc(func() { bothHold.Done(); bothHold.Wait() })
			err := s.Update(t.Context(), shop, func(tx store.Tx) error {
				runs.Add(1)
				for _, id := range order {
					if _, err := tx.Token(id); err != nil {
						return fmt.Errorf("wrapped by the unit: %w", err)
					}
					holds()
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	units.Wait()
	if runs.Load() < 3 {
		t.Errorf("the units ran %d times: nothing was tried again", runs.Load())
	}
}

// A connection that breaks under a unit gives an internal error, commits nothing, and the next unit has another.
func TestConnectionBreaks(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	s, other := openStore(t, url), connect(t, url)
	err := s.Update(t.Context(), shop, func(tx store.Tx) error {
		if _, err := tx.ClaimKey(store.Key{Name: "n"}); err != nil {
			return err
		}
		const killAll = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
		if _, err := other.Exec(t.Context(), killAll); err != nil {
			t.Error(err)
		}
		return tx.InsertToken(pasarela.Token{ID: "k"})
	})
	if err == nil || pasarela.CodeOf(err) != pasarela.CodeInternal {
		t.Errorf("unit whose connection broke: got %v, want an internal error", err)
	}
	if _, err := s.Token(t.Context(), shop, "k"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("its token: got %v, want ErrNotFound", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Postings are only ever appended, whoever tries, also after a reset.
func TestPostingsAreAppendOnly(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	s, other := openStore(t, url), connect(t, url)
	for range 2 {
		err := s.Update(t.Context(), shop, func(tx store.Tx) error {
			return tx.Post([]ledger.Posting{{ID: "1", Payment: "p", Debit: ledger.IssuerHolds, Credit: ledger.MerchantPending, Amount: pasarela.Money{Minor: 1, Currency: "USD"}}})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{`UPDATE postings SET amount = 2`, `DELETE FROM postings`, `TRUNCATE postings`} {
			if _, err := other.Exec(t.Context(), query); err == nil {
				t.Errorf("%s was not refused", query)
			}
		}
		if err := s.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
