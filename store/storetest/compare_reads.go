package storetest

import (
	"context"
	"fmt"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// read is a step that asks one question.
func read[T any](text string, ask func(ctx context.Context, s store.Store) (T, error)) step {
	return step{text, func(ctx context.Context, s store.Store) string {
		v, err := ask(ctx, s)
		return outcome(err, v)
	}}
}

func (g *generator) choose(steps ...step) step { return steps[g.r.IntN(len(steps))] }

func (g *generator) readOne(m pasarela.MerchantID) step {
	token, payment, operation := pasarela.TokenID(g.id("t")), pasarela.PaymentID(g.id("p")), pasarela.OperationID(g.id("o"))
	ticket, subscription, key := pasarela.Ticket(g.id("t")), pasarela.SubscriptionID(g.id("s")), g.id("k")
	authentication := pasarela.AuthenticationID(g.id("a"))
	return g.choose(
		read(fmt.Sprintf("token %s of %s", token, m), func(ctx context.Context, s store.Store) (any, error) { return s.Token(ctx, m, token) }),
		read(fmt.Sprintf("authentication %s of %s", authentication, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.Authentication(ctx, m, authentication)
		}),
		read(fmt.Sprintf("redirect %s of %s", token, m), func(ctx context.Context, s store.Store) (any, error) { return s.Redirect(ctx, m, token) }),
		read(fmt.Sprintf("payment %s of %s", payment, m), func(ctx context.Context, s store.Store) (any, error) { return s.Payment(ctx, m, payment) }),
		read(fmt.Sprintf("payment by %s of %s", ticket, m), func(ctx context.Context, s store.Store) (any, error) { return s.PaymentByTicket(ctx, m, ticket) }),
		read(fmt.Sprintf("operation %s of %s", operation, m), func(ctx context.Context, s store.Store) (any, error) { return s.Operation(ctx, m, operation) }),
		read(fmt.Sprintf("operation by %s of %s", ticket, m), func(ctx context.Context, s store.Store) (any, error) { return s.OperationByTicket(ctx, m, ticket) }),
		read(fmt.Sprintf("subscription %s of %s", subscription, m), func(ctx context.Context, s store.Store) (any, error) { return s.Subscription(ctx, m, subscription) }),
		read(fmt.Sprintf("key %s of %s", key, m), func(ctx context.Context, s store.Store) (any, error) { return s.Key(ctx, m, key) }),
	)
}

func (g *generator) readList(m pasarela.MerchantID) step {
	now, limit, after := g.moment(), 1+g.r.IntN(4), g.id("t")
	kind := store.SealedKinds[g.r.IntN(len(store.SealedKinds))]
	return g.choose(
		read(fmt.Sprintf("due %s, %d of %s", now, limit, m), func(ctx context.Context, s store.Store) (any, error) { return s.Due(ctx, m, now, limit) }),
		read(fmt.Sprintf("due subscriptions %s, %d of %s", now, limit, m), func(ctx context.Context, s store.Store) (any, error) { return s.DueSubscriptions(ctx, m, now, limit) }),
		read(fmt.Sprintf("payments after %s, %d of %s", after, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.Payments(ctx, m, pasarela.Ticket(after), limit)
		}),
		read(fmt.Sprintf("sealed %s after %s, %d of %s", kind, after, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.SealedRows(ctx, m, kind, after, limit)
		}),
		read(fmt.Sprintf("merchants due %s, %d after %s", now, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.MerchantsDue(ctx, now, m, limit)
		}),
		read("pending of "+string(m), func(ctx context.Context, s store.Store) (any, error) { return s.PendingPayments(ctx, m) }),
	)
}

func (g *generator) readCustomers(m pasarela.MerchantID) step {
	id, reference, offset, limit := pasarela.CustomerID(g.id("c")), g.id("u"), g.r.IntN(4), 1+g.r.IntN(4)
	return g.choose(
		read(fmt.Sprintf("customer %s of %s", id, m), func(ctx context.Context, s store.Store) (any, error) { return s.Customer(ctx, m, id) }),
		read(fmt.Sprintf("customer by %s of %s", reference, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.CustomerByReference(ctx, m, reference)
		}),
		read(fmt.Sprintf("customers after %d, %d of %s", offset, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.Customers(ctx, m, offset, limit)
		}),
	)
}

func (g *generator) readBilling(m pasarela.MerchantID) step {
	now, limit, id, day, after := g.moment(), 1+g.r.IntN(4), pasarela.SubscriptionID(g.id("s")), g.date(), pasarela.Ticket(g.id("t"))
	return g.choose(
		read(fmt.Sprintf("billable %s, %d of %s", now, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.BillableSubscriptions(ctx, m, now, limit)
		}),
		read(fmt.Sprintf("merchants billing %s, %d after %s", now, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.MerchantsBilling(ctx, now, m, limit)
		}),
		read(fmt.Sprintf("periods of %s after %s, %d of %s", id, day, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.Periods(ctx, m, id, day, limit)
		}),
		read(fmt.Sprintf("payments of %s below %s, %d of %s", id, after, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.SubscriptionPayments(ctx, m, id, after, limit)
		}),
		read(fmt.Sprintf("payments of %s, %d of %s", id, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.SubscriptionPayments(ctx, m, id, "", limit)
		}),
		read(fmt.Sprintf("ticket %d of %s of %s", limit, id, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.SubscriptionTicket(ctx, m, id, limit)
		}),
		read(fmt.Sprintf("count %d of %s of %s", limit, id, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.CountSubscriptionPayments(ctx, m, id, limit)
		}),
		read(fmt.Sprintf("billing of %s on %s at %s", m, day, now), func(ctx context.Context, s store.Store) (any, error) { return s.Billing(ctx, m, day, now) }),
	)
}

func (g *generator) readDeliveries(m pasarela.MerchantID) step {
	now, limit, i := g.moment(), 1+g.r.IntN(9), g.r.IntN(500)
	id := pasarela.DeliveryID(number("d", 10*i+g.r.IntN(10)))
	var fit store.DeliveryFilter
	for _, set := range []func(){
		func() { fit.Event = pasarela.EventID(g.id("e")) }, func() { fit.Endpoint = g.endpoint() },
		func() { fit.State = g.delivery("").State }, func() { fit.From = g.moment() }, func() { fit.To = g.moment() },
	} {
		if g.r.IntN(3) == 0 {
			set()
		}
	}
	return g.choose(
		read(fmt.Sprintf("two pages of %d events of %s", limit, m), func(ctx context.Context, s store.Store) (any, error) {
			first, err := s.Events(ctx, m, 0, limit)
			if err != nil || len(first) == 0 {
				return first, err
			}
			second, err := s.Events(ctx, m, first[len(first)-1].Place, limit)
			return append(first, second...), err
		}),
		read(fmt.Sprintf("deliveries %+v after %s, %d of %s", fit, id, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.Deliveries(ctx, m, fit, id, limit)
		}),
		read(fmt.Sprintf("log of %s of %s", id, m), func(ctx context.Context, s store.Store) (any, error) { return s.DeliveryAttempts(ctx, m, id) }),
		read(fmt.Sprintf("endpoints at %s, %d after %s", now, limit, m), func(ctx context.Context, s store.Store) (any, error) {
			return s.DueEndpoints(ctx, now, store.Endpoint{Merchant: m, URL: fit.Endpoint}, limit)
		}),
	)
}

func (g *generator) readBooks(m pasarela.MerchantID) step {
	ids := []pasarela.PaymentID{pasarela.PaymentID(g.id("p")), pasarela.PaymentID(g.id("p"))}
	upTo := pasarela.PostingID(number("q", g.r.IntN(2000)))
	return g.choose(
		read("balances of "+string(m), func(ctx context.Context, s store.Store) (any, error) {
			b, err := s.Balances(ctx, m)
			return withoutZeros(b), err
		}),
		read(fmt.Sprintf("balances of %s of %s", ids, m), func(ctx context.Context, s store.Store) (any, error) {
			b, err := s.PaymentBalances(ctx, m, ids)
			return withoutZeros(b), err
		}),
		read(fmt.Sprintf("roll up to %s of %s", upTo, m), func(ctx context.Context, s store.Store) (any, error) { return nil, s.RollUp(ctx, m, upTo) }),
	)
}

// withoutZeros drops what stands at zero, which is as if it were not there.
func withoutZeros[K comparable](all map[K]ledger.Balances) map[K]ledger.Balances {
	for k, b := range all {
		for account, minor := range b {
			if minor == 0 {
				delete(b, account)
			}
		}
		if len(b) == 0 {
			delete(all, k)
		}
	}
	return all
}

func (g *generator) directory(pasarela.MerchantID) step {
	r := store.MerchantRecord{ID: pasarela.MerchantID(g.id("m")), Profile: g.bytes(), Secrets: g.sealed(), CreatedAt: g.moment()}
	for range g.r.IntN(3) {
		r.Credentials = append(r.Credentials, store.Credential{Kind: g.id("kind"), Hash: g.id("hash")})
	}
	c := store.Credential{Kind: g.id("kind"), Hash: g.id("hash")}
	keyset := pasarela.Keyset{Name: g.id("n"), Version: 1 + g.r.IntN(3), Sealed: g.bytes()}
	return g.choose(
		read(fmt.Sprintf("insert merchant %+v", r), func(ctx context.Context, s store.Store) (any, error) { return nil, s.InsertMerchant(ctx, r) }),
		read(fmt.Sprintf("put merchant %s", r.ID), func(ctx context.Context, s store.Store) (any, error) {
			old, err := s.Merchant(ctx, r.ID)
			if err == nil {
				err = s.PutMerchant(ctx, old, r)
			}
			return nil, err
		}),
		read(fmt.Sprintf("put merchant blindly %+v", r), func(ctx context.Context, s store.Store) (any, error) { return nil, s.PutMerchant(ctx, r, r) }),
		read(fmt.Sprintf("merchant %s", r.ID), func(ctx context.Context, s store.Store) (any, error) { return s.Merchant(ctx, r.ID) }),
		read(fmt.Sprintf("merchant by %+v", c), func(ctx context.Context, s store.Store) (any, error) { return s.MerchantByCredential(ctx, c) }),
		read(fmt.Sprintf("merchants after %s", r.ID), func(ctx context.Context, s store.Store) (any, error) { return s.MerchantIDs(ctx, r.ID, 2) }),
		read(fmt.Sprintf("put keyset %+v", keyset), func(ctx context.Context, s store.Store) (any, error) { return nil, s.PutKeyset(ctx, keyset) }),
		read(fmt.Sprintf("keyset %s", keyset.Name), func(ctx context.Context, s store.Store) (any, error) { return s.Keyset(ctx, keyset.Name) }),
	)
}

// reseal replaces the first value of a kind, or one that it guesses.
func (g *generator) reseal(m pasarela.MerchantID) step {
	kind, row, old, renewed := store.SealedKinds[g.r.IntN(len(store.SealedKinds))], g.id("t"), g.bytes(), []byte{1, byte(g.r.Uint32())}
	guess := g.r.IntN(3) == 0
	text := fmt.Sprintf("reseal %s of %s with %x (guess %t: %s %x)", kind, m, renewed, guess, row, old)
	return read(text, func(ctx context.Context, s store.Store) (any, error) {
		row, old := row, old
		if rows, err := s.SealedRows(ctx, m, kind, "", 1); err != nil || (len(rows) == 1 && !guess) {
			if err != nil {
				return nil, err
			}
			row, old = rows[0].Row, rows[0].Sealed.Bytes
		}
		return s.Reseal(ctx, m, kind, row, old, renewed)
	})
}

// binFile is a question or a load of the table of card ranges, mostly of the version that comes next.
func (g *generator) binFile(pasarela.MerchantID) step {
	f, skip := pasarela.BINFile{Ranges: g.r.IntN(9), Data: g.bytes(), ImportedAt: g.moment()}, max(g.r.IntN(5)-2, 0)
	return g.choose(
		read(fmt.Sprintf("put the next BIN file but %d: %+v", skip, f), func(ctx context.Context, s store.Store) (any, error) {
			version, err := s.BINFileVersion(ctx)
			if err != nil {
				return nil, err
			}
			f := f
			f.Version = version + 1 + skip
			return nil, s.PutBINFile(ctx, f)
		}),
		read("BIN file", func(ctx context.Context, s store.Store) (any, error) { return s.BINFile(ctx) }),
		read("version of the BIN file", func(ctx context.Context, s store.Store) (any, error) { return s.BINFileVersion(ctx) }),
	)
}
