package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

var unitScenarios = []scenario{
	on("a unit that fails in its middle leaves no trace", unitFails),
	on("a unit that ignores a failed write is undone", unitIgnoresFailure),
	on("units that fail leave their neighbours alone", unitsFailAlone),
	on("a unit sees what it wrote", unitSeesItself),
	on("units that change the same row follow one another", unitsFollow),
	on("a unit that panics is undone, and its caller gets the panic", unitPanics),
	on("a unit whose context has ended is not run", unitCancelled),
	on("a unit that is over refuses to go on", unitOver),
	on("times come back in UTC with microseconds", timesComeBack),
	on("ping answers", func(t *testing.T, s store.Store) {
		for range 2 {
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}),
}

var errAbandoned = pasarela.Errorf(pasarela.CodeForbidden, "abandoned by the scenario")

// writeAll writes one of everything.
func writeAll(tx store.Tx) error {
	_, err := tx.ClaimKey(sampleKey("k", "holder"))
	return errors.Join(err, tx.InsertToken(sampleToken("t")), tx.InsertAuthentication(sampleAuthentication("a")), tx.InsertRedirect(sampleRedirect("r")),
		tx.InsertCustomer(sampleCustomer("c")),
		tx.InsertPayment(samplePayment("p")), tx.InsertOperation(sampleOperation("o")),
		tx.InsertSubscription(sampleSubscription("s")), tx.Post([]ledger.Posting{samplePosting("1", "p", 1)}),
		tx.InsertPeriod(samplePeriod("s", "2026-02-28")), tx.InsertEvent(sampleEvent("e")), tx.InsertDelivery(sampleDelivery("d")),
		tx.EndDelivery(sampleDelivery("d"), sampleAttempt("d", 3)))
}

func nothingWritten(t *testing.T, s store.Store) {
	t.Helper()
	absent(s.Key(t.Context(), shop, "k"))(t, "key")
	absent(s.Token(t.Context(), shop, "t"))(t, "token")
	absent(s.Authentication(t.Context(), shop, "a"))(t, "authentication")
	absent(s.Redirect(t.Context(), shop, "r"))(t, "redirect")
	absent(s.Customer(t.Context(), shop, "c"))(t, "customer")
	absent(s.CustomerByReference(t.Context(), shop, "u-c"))(t, "customer by reference")
	absent(s.Payment(t.Context(), shop, "p"))(t, "payment")
	absent(s.Operation(t.Context(), shop, "o"))(t, "operation")
	absent(s.Subscription(t.Context(), shop, "s"))(t, "subscription")
	balance(t, s, shop, nil)
	nothingTold(t, s, shop)
}

// nothingTold is for a merchant without periods, events and deliveries.
func nothingTold(t *testing.T, s store.Store, m pasarela.MerchantID) {
	t.Helper()
	same(t, "periods", len(found(s.Periods(t.Context(), m, "s", "", 10))(t)), 0)
	same(t, "events", len(found(s.Events(t.Context(), m, 0, 10))(t)), 0)
	same(t, "deliveries", len(found(s.Deliveries(t.Context(), m, store.DeliveryFilter{}, "", 10))(t)), 0)
	same(t, "log", len(found(s.DeliveryAttempts(t.Context(), m, "d"))(t)), 0)
}

func unitFails(t *testing.T, s store.Store) {
	err := s.Update(t.Context(), shop, func(tx store.Tx) error {
		if err := writeAll(tx); err != nil {
			return err
		}
		return errAbandoned
	})
	if err != error(errAbandoned) {
		t.Errorf("got error %v, want the unit's own as it is", err)
	}
	nothingWritten(t, s)
	update(t, s, shop, writeAll)
}

func unitIgnoresFailure(t *testing.T, s store.Store) {
	insertPayments(t, s, samplePayment("q"))
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error {
		_ = tx.InsertToken(sampleToken("t"))
		_ = tx.InsertPayment(samplePayment("q"))
		_ = tx.InsertOperation(sampleOperation("o"))
		return nil
	})
	nothingWritten(t, s)
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error {
		_ = tx.InsertToken(sampleToken("t"))
		_ = tx.PutPayment(samplePayment("never"))
		return nil
	})
	nothingWritten(t, s)
}

func unitsFailAlone(t *testing.T, s store.Store) {
	insertTokens(t, s, sampleToken("taken"))
	results := together(func(i int) error {
		return s.Update(t.Context(), shop, func(tx store.Tx) error {
			if err := tx.InsertToken(freshToken(pasarela.TokenID(number("t", i)))); err != nil {
				return err
			}
			switch i % 3 {
			case 1:
				return errAbandoned
			case 2:
				return tx.InsertToken(sampleToken("taken"))
			default:
				return nil
			}
		})
	})
	for i, err := range results {
		id := pasarela.TokenID(number("t", i))
		if want := []error{nil, errAbandoned, store.ErrDuplicate}[i%3]; !errors.Is(err, want) {
			t.Errorf("caller %d: got %v, want %v", i, err, want)
		}
		if i%3 == 0 {
			same(t, "token", found(s.Token(t.Context(), shop, id))(t), freshToken(id))
		} else {
			absent(s.Token(t.Context(), shop, id))(t, "token of a failed unit")
		}
	}
}

func unitSeesItself(t *testing.T, s store.Store) {
	update(t, s, shop, func(tx store.Tx) error {
		if err := tx.InsertPayment(samplePayment("p")); err != nil {
			return err
		}
		p := found(tx.Payment("p"))(t)
		p.Attempts++
		if err := tx.PutPayment(p); err != nil {
			return err
		}
		same(t, "payment in its unit", found(tx.Payment("p"))(t), p)
		absent(s.Payment(t.Context(), shop, "p"))(t, "payment outside its unit")
		return nil
	})
	same(t, "attempts", found(s.Payment(t.Context(), shop, "p"))(t).Attempts, samplePayment("p").Attempts+1)
}

func unitsFollow(t *testing.T, s store.Store) {
	p := samplePayment("p")
	p.Attempts = 0
	insertPayments(t, s, p)
	for i, err := range together(func(int) error {
		return s.Update(t.Context(), shop, func(tx store.Tx) error {
			p, err := tx.Payment("p")
			if err != nil {
				return err
			}
			return tx.PutPayment(p.Attempted(noon, noon))
		})
	}) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	same(t, "attempts", found(s.Payment(t.Context(), shop, "p"))(t).Attempts, callers)
}

func unitPanics(t *testing.T, s store.Store) {
	update(t, s, shop, func(store.Tx) error { return nil })
	caught := func() (v any) {
		defer func() { v = recover() }()
		_ = s.Update(t.Context(), shop, func(tx store.Tx) error {
			if err := writeAll(tx); err != nil {
				return err
			}
			panic("from the scenario")
		})
		return nil
	}()
	same(t, "panic", caught, any("from the scenario"))
	nothingWritten(t, s)
	update(t, s, shop, writeAll)
}

func unitCancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, shop, func(store.Tx) error {
		t.Error("the unit was run")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func unitOver(t *testing.T, s store.Store) {
	var kept store.Tx
	update(t, s, shop, func(tx store.Tx) error {
		kept = tx
		return nil
	})
	if err := kept.InsertToken(sampleToken("t")); pasarela.CodeOf(err) != pasarela.CodeInternal {
		t.Errorf("write in a unit that is over: got %v, want an internal error", err)
	}
	if _, err := kept.Token("t"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("read in a unit that is over: got %v, want an internal error", err)
	}
}

func timesComeBack(t *testing.T, s store.Store) {
	guayaquil := time.FixedZone("-05", -5*60*60)
	for i, given := range []time.Time{
		time.Date(2026, 3, 1, 23, 59, 59, 999_999_999, guayaquil),
		time.Date(2026, 3, 1, 0, 0, 0, 1_999, time.UTC),
		time.Unix(0, 0),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		p := samplePayment(pasarela.PaymentID(number("p", i)))
		p.DueAt, p.CreatedAt, p.Trace.SentAt = given, given, given
		insertPayments(t, s, p)
		p.DueAt = given.UTC().Truncate(time.Microsecond)
		p.CreatedAt, p.Trace.SentAt = p.DueAt, p.DueAt
		same(t, "payment", found(s.Payment(t.Context(), shop, p.ID))(t), p)
	}
}
