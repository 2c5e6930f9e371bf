package ledger_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pasarela"
	"pasarela/ledger"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func payment(kind pasarela.PaymentKind, minor int64) pasarela.Payment {
	return pasarela.Payment{Merchant: "20000000000000000001", ID: "p", Kind: kind, State: pasarela.StateAuthorizing,
		Amount: pasarela.Money{Minor: minor, Currency: "USD"}, CreatedAt: now, UpdatedAt: now}
}

func TestWhatEachEventPosts(t *testing.T) {
	t.Parallel()
	captured := payment(pasarela.KindAuthorization, 100)
	captured.Captured = 110
	for _, c := range []struct {
		name     string
		postings []ledger.Posting
		want     ledger.Balances
	}{
		{"hold", ledger.OnApproved(payment(pasarela.KindAuthorization, 100)), ledger.Balances{ledger.IssuerHolds: 100, ledger.MerchantPending: -100}},
		{"sale", ledger.OnApproved(payment(pasarela.KindSale, 100)), ledger.Balances{ledger.AcquirerReceivable: 100, ledger.MerchantPayable: -100}},
		{"capture above the hold", ledger.OnCaptured(captured), ledger.Balances{ledger.IssuerHolds: -100, ledger.MerchantPending: 100,
			ledger.AcquirerReceivable: 110, ledger.MerchantPayable: -110}},
		{"release", ledger.OnReleased(payment(pasarela.KindAuthorization, 100)), ledger.Balances{ledger.IssuerHolds: -100, ledger.MerchantPending: 100}},
		{"void", ledger.OnVoided(captured), ledger.Balances{ledger.AcquirerReceivable: -110, ledger.MerchantPayable: 110}},
		{"refund in part", ledger.OnRefunded(captured, 30), ledger.Balances{ledger.AcquirerReceivable: -30, ledger.MerchantPayable: 30}},
	} {
		if got := sum(c.postings); !got.Equal(c.want) {
			t.Errorf("%s posts %v, want %v", c.name, got, c.want)
		}
	}
}

func sum(postings []ledger.Posting) ledger.Balances {
	b := ledger.Balances{}
	for _, p := range postings {
		b.Add(p.Debit, p.Credit, p.Amount.Minor)
	}
	return b
}

// Invariant 5: whatever happens to a payment, its postings sum to zero, are above zero each, and add up to
// what its state needs.
func TestPostingsFollowThePaymentThroughItsLife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]pasarela.PaymentKind{pasarela.KindSale, pasarela.KindAuthorization}).Draw(t, "kind")
		l := &life{payment: payment(kind, rapid.Int64Range(1, 1_000_000).Draw(t, "amount"))}
		l.check(t)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			l.step(t)
			l.check(t)
		}
	})
}

// life is a payment with all it posted.
type life struct {
	payment  pasarela.Payment
	postings []ledger.Posting
}

func (l *life) check(t *rapid.T) {
	t.Helper()
	for _, p := range l.postings {
		if p.Amount.Minor <= 0 || p.Debit == p.Credit || p.Amount.Currency != l.payment.Amount.Currency {
			t.Fatalf("posting %+v moves nothing, or in another currency", p)
		}
	}
	got := sum(l.postings)
	total := int64(0)
	for _, a := range ledger.Accounts {
		total += got[a]
	}
	if want := ledger.Expected(l.payment); total != 0 || !got.Equal(want) {
		t.Fatalf("a payment that is %s has postings of %v, want %v", l.payment.State, got, want)
	}
}

// step moves the payment along one edge of its states and posts what belongs to it.
func (l *life) step(t *rapid.T) {
	t.Helper()
	p, yes := l.payment, rapid.Bool().Draw(t, "approved")
	approved := pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00"}
	switch {
	case p.State == pasarela.StateAuthorizing && yes:
		l.to(t, ledger.OnApproved)(p.Approved(approved, now))
	case p.State == pasarela.StateAuthorizing:
		l.to(t, nothing)(p.Unknown(pasarela.Trace{}, now))
	case p.State == pasarela.StateReversing:
		l.to(t, nothing)(p.Reversed(now))
	case p.State == pasarela.StateAuthorized && yes:
		minor := rapid.Int64Range(1, p.CaptureCeiling().Minor).Draw(t, "captured")
		l.to(t, nothing)(p.BeginCapture(operation(minor), now, now))
		if rapid.Bool().Draw(t, "answered") {
			l.to(t, ledger.OnCaptured)(l.payment.CaptureDone(pasarela.Money{Minor: minor, Currency: "USD"}, now))
		} else {
			l.to(t, nothing)(l.payment.CaptureUnknown(pasarela.Trace{}, now))
		}
	case p.State == pasarela.StateUncapturing:
		l.to(t, nothing)(p.CaptureReversed(now))
	case p.State == pasarela.StateAuthorized:
		l.to(t, nothing)(p.BeginVoid(operation(0), now, now))
		l.to(t, ledger.OnReleased)(l.payment.Released(now))
	case p.State == pasarela.StateCaptured && p.Kind == pasarela.KindAuthorization && rapid.Bool().Draw(t, "other capture"):
		l.to(t, nothing)(p.CaptureReopened(operation(1), pasarela.Trace{}, now))
	case p.State == pasarela.StateCaptured && yes:
		minor := rapid.Int64Range(1, p.Remaining().Minor).Draw(t, "refunded")
		l.to(t, nothing)(p.BeginRefund(operation(minor), now, now))
		l.to(t, func(p pasarela.Payment) []ledger.Posting { return ledger.OnRefunded(p, minor) })(
			l.payment.RefundDone(pasarela.Money{Minor: minor, Currency: "USD"}, now))
	case p.State == pasarela.StateCaptured && p.Refunded == 0:
		l.to(t, nothing)(p.BeginVoid(operation(0), now, now))
		l.to(t, ledger.OnVoided)(l.payment.Voided(now))
	}
}

func operation(minor int64) pasarela.Operation {
	return pasarela.Operation{ID: "o", Amount: pasarela.Money{Minor: minor, Currency: "USD"}}
}

func nothing(pasarela.Payment) []ledger.Posting { return nil }

// to takes a transition's result and posts what it brings.
func (l *life) to(t *rapid.T, posts func(pasarela.Payment) []ledger.Posting) func(pasarela.Payment, error) {
	t.Helper()
	return func(p pasarela.Payment, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("payment cannot go on: %v", err)
		}
		l.payment = p
		l.postings = append(l.postings, posts(p)...)
	}
}
