package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// Compare plays the same random units of work and reads on two empty stores and fails at the first step
// whose results differ, with the log of the operations that led there. The same seed plays the same steps.
func Compare(t *testing.T, a, b store.Store, seed uint64, steps int) {
	t.Helper()
	g := &generator{r: rand.New(rand.NewPCG(seed, 0))}
	var log strings.Builder
	for i := range steps {
		s := g.step(i)
		fmt.Fprintf(&log, "%4d %s\n", i, s.text)
		got, want := s.play(t.Context(), a), s.play(t.Context(), b)
		if got != want {
			t.Fatalf("seed %d, step %d:\n  %T: %s\n  %T: %s\noperations:\n%s", seed, i, a, got, b, want, strings.TrimSpace(log.String()))
		}
	}
}

// step is one unit of work or one read. play says what came of it, in words that can be compared.
type step struct {
	text string
	play func(ctx context.Context, s store.Store) string
}

// operation is one call in a unit of work.
type operation struct {
	text string
	run  func(tx store.Tx) (any, error)
}

// generator draws from few ids, so that operations meet each other's rows.
type generator struct{ r *rand.Rand }

func (g *generator) id(prefix string) string { return number(prefix, g.r.IntN(5)) }

func (g *generator) merchant() pasarela.MerchantID {
	return []pasarela.MerchantID{shop, other}[g.r.IntN(2)]
}

// moment is a time around noon; one in eight is zero.
func (g *generator) moment() time.Time {
	if g.r.IntN(8) == 0 {
		return time.Time{}
	}
	return later(time.Duration(g.r.IntN(20)-10) * time.Minute)
}

// bytes are random; one in four is empty.
func (g *generator) bytes() []byte {
	b := make([]byte, g.r.IntN(4))
	for i := range b {
		b[i] = byte(g.r.Uint32())
	}
	return b
}

func (g *generator) sealed() pasarela.Sealed {
	return pasarela.Sealed{Record: g.id("record"), Bytes: g.bytes()}
}

func (g *generator) recurrence() pasarela.Recurrence {
	return []pasarela.Recurrence{pasarela.RecurrenceNone, pasarela.RecurrenceInitial, pasarela.RecurrenceSubsequent}[g.r.IntN(3)]
}

func (g *generator) step(i int) step {
	m := g.merchant()
	if g.r.IntN(3) > 0 {
		return g.unit(m, i)
	}
	reads := []func(pasarela.MerchantID) step{g.readOne, g.readList, g.readCustomers, g.readBilling, g.readDeliveries, g.readBooks, g.directory, g.binFile, g.reseal}
	return reads[g.r.IntN(len(reads))](m)
}

// unit is one to four operations; one unit in six gives up at its end.
func (g *generator) unit(m pasarela.MerchantID, i int) step {
	operations := make([]operation, 1+g.r.IntN(4))
	texts := make([]string, len(operations))
	makers := []func(i int) operation{g.tokenOperation, g.authenticationOperation, g.redirectOperation, g.customerOperation, g.paymentOperation, g.operationOperation,
		g.subscriptionOperation, g.periodOperation, g.eventOperation, g.deliveryOperation, g.lineOperation, g.keyOperation, g.postOperation}
	for j := range operations {
		operations[j] = makers[g.r.IntN(len(makers))](i)
		texts[j] = operations[j].text
	}
	abandon := g.r.IntN(6) == 0
	text := fmt.Sprintf("unit of %s: %s (abandoned: %t)", m, strings.Join(texts, "; "), abandon)
	return step{text, func(ctx context.Context, s store.Store) string {
		var results []any
		err := s.Update(ctx, m, func(tx store.Tx) error {
			results = nil
			for _, o := range operations {
				v, err := o.run(tx)
				results = append(results, v, errors.Is(err, store.ErrNotFound))
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
			}
			if abandon {
				return errAbandoned
			}
			return nil
		})
		if abandon && (errors.Is(err, store.ErrDuplicate) || errors.Is(err, store.ErrNotFound)) {
			err = errAbandoned // a failed write may show before the unit gives up, or not at all
		}
		return outcome(err, results)
	}}
}

// outcome leaves the results of a unit out that failed: an engine may notice sooner or later that it does.
func outcome(err error, results ...any) string {
	switch {
	case errors.Is(err, store.ErrDuplicate):
		return "duplicate"
	case errors.Is(err, store.ErrNotFound):
		return "not found"
	case errors.Is(err, errAbandoned):
		return "undone"
	case err != nil:
		return "error: " + err.Error()
	}
	return fmt.Sprintf("%+v", results)
}

func (g *generator) tokenOperation(int) operation {
	k := sampleToken(pasarela.TokenID(g.id("t")))
	k.Card, k.CVV, k.ExpiresAt, k.SpentAt, k.Details = g.sealed(), g.sealed(), g.moment(), g.moment(), g.bytes()
	k.Recurrence, k.NetworkToken, k.Authentication = g.recurrence(), g.r.IntN(2) == 0, pasarela.AuthenticationID(g.id("a"))
	k.Subscription = pasarela.SubscriptionID(g.id("s"))
	at, gone, limit := g.moment(), g.moment(), 1+g.r.IntN(3)
	return g.pick(
		operation{fmt.Sprintf("insert token %+v", k), func(tx store.Tx) (any, error) { return nil, tx.InsertToken(k) }},
		operation{fmt.Sprintf("token %s", k.ID), func(tx store.Tx) (any, error) { return tx.Token(k.ID) }},
		operation{fmt.Sprintf("spend token %s at %s", k.ID, at), func(tx store.Tx) (any, error) { return nil, tx.SpendToken(k.ID, at) }},
		operation{fmt.Sprintf("forget tokens %s, %s, %d", at, gone, limit), func(tx store.Tx) (any, error) { return tx.ForgetTokens(at, gone, limit) }},
	)
}

func (g *generator) authenticationOperation(int) operation {
	a := sampleAuthentication(pasarela.AuthenticationID(g.id("a")))
	a.State = []pasarela.AuthenticationState{pasarela.AuthenticationPending, pasarela.AuthenticationAuthenticated, pasarela.AuthenticationFailed}[g.r.IntN(3)]
	a.CreatedAt, a.ExpiresAt, a.UpdatedAt, a.CodeDigest, a.Attempts = g.moment(), g.moment(), g.moment(), g.bytes(), g.r.IntN(3)
	a.Token, a.ACSURL, a.ByLink, a.Secure.Value = pasarela.TokenID(g.id("t")), g.id("url"), g.r.IntN(2) == 0, g.id("value")
	served, before, limit := g.moment(), g.moment(), 1+g.r.IntN(3)
	return g.pick(
		operation{fmt.Sprintf("insert authentication %+v", a), func(tx store.Tx) (any, error) { return nil, tx.InsertAuthentication(a) }},
		operation{fmt.Sprintf("put authentication %+v", a), func(tx store.Tx) (any, error) { return nil, tx.PutAuthentication(a) }},
		operation{fmt.Sprintf("authentication %s", a.ID), func(tx store.Tx) (any, error) { return tx.Authentication(a.ID) }},
		operation{fmt.Sprintf("forget authentications %s, %s, %d", served, before, limit), func(tx store.Tx) (any, error) { return tx.ForgetAuthentications(served, before, limit) }},
	)
}

func (g *generator) redirectOperation(int) operation {
	r := sampleRedirect(pasarela.TokenID(g.id("t")))
	r.State = []pasarela.RedirectState{pasarela.RedirectRequested, pasarela.RedirectInitialized, pasarela.RedirectAsking, pasarela.RedirectPaid, pasarela.RedirectCancelled}[g.r.IntN(5)]
	r.ExpiresAt, r.UpdatedAt, r.Order, r.Payment, r.Email = g.moment(), g.moment(), g.bytes(), pasarela.PaymentID(g.id("p")), g.id("email")
	gone, limit := g.moment(), 1+g.r.IntN(3)
	return g.pick(
		operation{fmt.Sprintf("insert redirect %+v", r), func(tx store.Tx) (any, error) { return nil, tx.InsertRedirect(r) }},
		operation{fmt.Sprintf("put redirect %+v", r), func(tx store.Tx) (any, error) { return nil, tx.PutRedirect(r) }},
		operation{fmt.Sprintf("redirect %s", r.ID), func(tx store.Tx) (any, error) { return tx.Redirect(r.ID) }},
		operation{fmt.Sprintf("forget redirects %s, %d", gone, limit), func(tx store.Tx) (any, error) { return tx.ForgetRedirects(gone, limit) }},
	)
}

func (g *generator) customerOperation(int) operation {
	c := sampleCustomer(pasarela.CustomerID(g.id("c")))
	c.Reference, c.Name, c.Metadata = []string{"", g.id("u")}[g.r.IntN(2)], g.id("name"), g.bytes()
	c.CreatedAt, c.UpdatedAt = g.moment(), g.moment()
	if g.r.IntN(3) == 0 {
		c.DeletedAt = g.moment()
	}
	return g.pick(
		operation{fmt.Sprintf("insert customer %+v", c), func(tx store.Tx) (any, error) { return nil, tx.InsertCustomer(c) }},
		operation{fmt.Sprintf("put customer %+v", c), func(tx store.Tx) (any, error) { return nil, tx.PutCustomer(c) }},
		operation{fmt.Sprintf("customer %s", c.ID), func(tx store.Tx) (any, error) { return tx.Customer(c.ID) }},
	)
}

func (g *generator) paymentOperation(int) operation {
	p := samplePayment(pasarela.PaymentID(g.id("p")))
	p.Ticket, p.Card, p.DueAt, p.UpdatedAt, p.Attempts = pasarela.Ticket(g.id("t")), g.sealed(), g.moment(), g.moment(), g.r.IntN(9)
	p.State = []pasarela.PaymentState{pasarela.StateAuthorizing, pasarela.StateAuthorized, pasarela.StateExtending, pasarela.StateUnextending,
		pasarela.StateReducing, pasarela.StateCaptured, pasarela.StateDeclined}[g.r.IntN(7)]
	p.Reauthorized, p.ExpiresAt = g.r.Int64N(3), g.moment()
	p.Subscription, p.Period = pasarela.SubscriptionID(g.id("s")), g.date()
	p.Recurrence, p.Authentication, p.Advice = g.recurrence(), pasarela.AuthenticationID(g.id("a")), []string{"", "01", "03"}[g.r.IntN(3)]
	return g.pick(
		operation{fmt.Sprintf("insert payment %+v", p), func(tx store.Tx) (any, error) { return nil, tx.InsertPayment(p) }},
		operation{fmt.Sprintf("put payment %+v", p), func(tx store.Tx) (any, error) { return nil, tx.PutPayment(p) }},
		operation{fmt.Sprintf("payment %s", p.ID), func(tx store.Tx) (any, error) { return tx.Payment(p.ID) }},
	)
}

func (g *generator) operationOperation(int) operation {
	o := sampleOperation(pasarela.OperationID(g.id("o")))
	o.Ticket, o.Order, o.UpdatedAt, o.ResponseCode = pasarela.Ticket(g.id("t")), g.bytes(), g.moment(), g.id("r")
	o.Of, o.State = pasarela.OperationID(g.id("o")), []pasarela.OperationState{pasarela.OpPending, pasarela.OpApproved, pasarela.OpVoided}[g.r.IntN(3)]
	return g.pick(
		operation{fmt.Sprintf("insert operation %+v", o), func(tx store.Tx) (any, error) { return nil, tx.InsertOperation(o) }},
		operation{fmt.Sprintf("put operation %+v", o), func(tx store.Tx) (any, error) { return nil, tx.PutOperation(o) }},
		operation{fmt.Sprintf("operation %s", o.ID), func(tx store.Tx) (any, error) { return tx.Operation(o.ID) }},
	)
}

func (g *generator) keyOperation(int) operation {
	k := sampleKey(g.id("k"), g.id("holder"))
	k.CreatedAt, k.ExpiresAt, k.Answer, k.Status = g.moment(), g.moment(), g.bytes(), g.r.IntN(2)*200
	now, limit := g.moment(), 1+g.r.IntN(3)
	return g.pick(
		operation{fmt.Sprintf("claim key %+v", k), func(tx store.Tx) (any, error) { return tx.ClaimKey(k) }},
		operation{fmt.Sprintf("answer key %s of %s", k.Name, k.Holder), func(tx store.Tx) (any, error) { return nil, tx.AnswerKey(k.Name, k.Holder, 202, k.Answer) }},
		operation{fmt.Sprintf("drop key %s of %s", k.Name, k.Holder), func(tx store.Tx) (any, error) { return nil, tx.DropKey(k.Name, k.Holder) }},
		operation{fmt.Sprintf("forget keys %s, %d", now, limit), func(tx store.Tx) (any, error) { return tx.ForgetKeys(now, limit) }},
	)
}

// postOperation mostly posts under rising ids, at times under one that exists or that a roll-up has passed.
func (g *generator) postOperation(i int) operation {
	postings := make([]ledger.Posting, g.r.IntN(3))
	for j := range postings {
		postings[j] = samplePosting(pasarela.PostingID(number("q", max(10*i+j-g.r.IntN(40), 0))), pasarela.PaymentID(g.id("p")), 1+g.r.Int64N(1000))
		postings[j].Amount.Currency = []pasarela.Currency{"USD", "COP"}[g.r.IntN(2)]
	}
	return operation{fmt.Sprintf("post %+v", postings), func(tx store.Tx) (any, error) { return nil, tx.Post(postings) }}
}

func (g *generator) pick(operations ...operation) operation {
	return operations[g.r.IntN(len(operations))]
}
