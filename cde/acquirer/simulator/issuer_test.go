package simulator_test

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
)

// Every message reaches the issuer's books as the state that the contract names.
func TestEachMessageIsBooked(t *testing.T) {
	t.Parallel()
	const (
		authorize      = pasarela.MessageAuthorize
		sale           = pasarela.MessageSale
		capture        = pasarela.MessageCapture
		refund         = pasarela.MessageRefund
		void           = pasarela.MessageVoid
		release        = pasarela.MessageRelease
		reverse        = pasarela.MessageReverse
		reverseCapture = pasarela.MessageReverseCapture
	)
	r := newRig(t)
	for name, c := range map[string]struct {
		messages []pasarela.Message
		state    simulator.State
		captured int64
		refunded int64
	}{
		"authorization":                {[]pasarela.Message{authorize}, simulator.StateHeld, 0, 0},
		"sale":                         {[]pasarela.Message{sale}, simulator.StateCaptured, 1000, 0},
		"capture":                      {[]pasarela.Message{authorize, capture}, simulator.StateCaptured, 1000, 0},
		"refund of all":                {[]pasarela.Message{sale, refund}, simulator.StateRefunded, 1000, 1000},
		"refund of a capture":          {[]pasarela.Message{authorize, capture, refund}, simulator.StateRefunded, 1000, 1000},
		"voided sale":                  {[]pasarela.Message{sale, void}, simulator.StateReversed, 0, 0},
		"voided capture":               {[]pasarela.Message{authorize, capture, void}, simulator.StateReversed, 0, 0},
		"released hold":                {[]pasarela.Message{authorize, release}, simulator.StateReleased, 0, 0},
		"released twice":               {[]pasarela.Message{authorize, release, release}, simulator.StateReleased, 0, 0},
		"reversed authorization":       {[]pasarela.Message{authorize, reverse}, simulator.StateReversed, 0, 0},
		"reversed sale":                {[]pasarela.Message{sale, reverse}, simulator.StateReversed, 0, 0},
		"capture undone":               {[]pasarela.Message{authorize, capture, reverseCapture}, simulator.StateHeld, 0, 0},
		"captured again after undoing": {[]pasarela.Message{authorize, capture, reverseCapture, capture}, simulator.StateCaptured, 1000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			first := r.approve(r.request(c.messages[0]))
			last := first
			for _, m := range c.messages[1:] {
				q := r.after(first, m)
				if m == reverseCapture || m == refund || m == void {
					q.Original = last.Trace
				}
				last = r.approve(q)
			}
			r.wantBook(first, c.state, c.captured, c.refunded)
		})
	}
}

// The issuer's answer and books carry what reconciling needs.
func TestAuthorizationIsListedInFull(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := r.request(pasarela.MessageAuthorize)
	answer := r.send(q)
	a := r.book(q)
	want := simulator.Authorization{Seq: 1, Reference: q.Reference, RRN: q.Trace.RRN, STAN: a.STAN,
		MaskedPAN: "545195******5480", AmountMinor: 1000, Currency: "USD", State: simulator.StateHeld,
		ApprovalCode: answer.ApprovalCode}
	if a != want || len(a.ApprovalCode) != 6 {
		t.Fatalf("issuer lists %+v, want %+v with an approval code of six digits", a, want)
	}
	for range 3 {
		r.approve(r.request(pasarela.MessageSale))
	}
	if got := r.bank.Authorizations(1, 2); len(got) != 2 || got[0].Seq != 2 || got[1].Seq != 3 {
		t.Fatalf("two after the first are %+v", got)
	}
	if got := r.bank.Authorizations(99, 0); len(got) != 0 {
		t.Fatalf("after the end there are %+v", got)
	}
}

// A verification holds nothing, and is approved by 85.
func TestVerificationLeavesNoAuthorization(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := r.request(pasarela.MessageVerify)
	q.Amount.Minor = 0
	r.want(r.send(q), pasarela.OutcomeApproved, "85")
	if got := r.bank.Authorizations(0, 0); len(got) != 0 {
		t.Fatalf("issuer lists %+v", got)
	}
}

// The issuer refuses what a card or an amount does not allow, and books none of it.
func TestRefusedPayments(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	balance := int64(1500)
	poor := r.addCard("4000000000000010", cards.Behaviour{ResponseCode: "00", BalanceMinor: &balance})
	stolen := r.addCard("4000000000000028", cards.Behaviour{ResponseCode: "43"})
	for name, c := range map[string]struct {
		change func(*pasarela.NetworkRequest)
		code   string
	}{
		"declining card": {func(q *pasarela.NetworkRequest) { q.Card = stolen }, "43"},
		"above balance":  {func(q *pasarela.NetworkRequest) { q.Card, q.Amount.Minor = poor, 1501 }, "51"},
		"expired":        {func(q *pasarela.NetworkRequest) { q.Facts.Expiry = "2604" }, "54"},
		"nothing":        {func(q *pasarela.NetworkRequest) { q.Amount.Minor = 0 }, "13"},
		"no card":        {func(q *pasarela.NetworkRequest) { q.Card = pasarela.Sealed{} }, "14"},
	} {
		t.Run(name, func(t *testing.T) {
			q := r.request(pasarela.MessageSale)
			c.change(&q)
			r.want(r.send(q), pasarela.OutcomeDeclined, c.code)
		})
	}
	q := r.request(pasarela.MessageSale)
	q.Card, q.Facts.Expiry = poor, "2605"
	r.approve(q)
	if got := r.bank.Authorizations(0, 0); len(got) != 1 {
		t.Fatalf("issuer lists %+v, want the one that was approved", got)
	}
}

// Holds and takings use the balance up; what is given back is there again.
func TestBalanceFollowsHoldsAndTakings(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	balance := int64(1500)
	card := r.addCard("4000000000000010", cards.Behaviour{BalanceMinor: &balance})
	pay := func(m pasarela.Message, minor int64) pasarela.NetworkRequest {
		q := r.request(m)
		q.Card, q.Amount.Minor = card, minor
		return q
	}
	hold := r.approve(pay(pasarela.MessageAuthorize, 1000))
	r.want(r.send(pay(pasarela.MessageSale, 501)), pasarela.OutcomeDeclined, "51")
	part := r.after(hold, pasarela.MessageCapture)
	part.Amount.Minor = 600
	r.approve(part)
	sale := r.approve(pay(pasarela.MessageSale, 900))
	r.want(r.send(pay(pasarela.MessageSale, 1)), pasarela.OutcomeDeclined, "51")
	r.approve(r.after(sale, pasarela.MessageVoid))
	r.approve(pay(pasarela.MessageSale, 900))
}

// A capture needs an authorization that holds, and takes at most 110 % of it, rounded down.
func TestCaptureLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.send(r.after(r.request(pasarela.MessageAuthorize), pasarela.MessageCapture)), pasarela.OutcomeDeclined, "25")

	odd := r.request(pasarela.MessageAuthorize)
	odd.Amount.Minor = 1005
	r.approve(odd)
	capture := r.after(odd, pasarela.MessageCapture)
	capture.Amount.Minor = 1106 // 110 % is 1105.5
	r.want(r.send(capture), pasarela.OutcomeDeclined, "61")
	r.wantBook(odd, simulator.StateHeld, 0, 0)
	capture = r.after(odd, pasarela.MessageCapture)
	capture.Amount.Minor = 1105
	r.approve(capture)
	r.want(r.send(r.after(odd, pasarela.MessageCapture)), pasarela.OutcomeDeclined, "12")
	r.wantBook(odd, simulator.StateCaptured, 1105, 0)

	foreign := r.approve(r.request(pasarela.MessageAuthorize))
	capture = r.after(foreign, pasarela.MessageCapture)
	capture.Amount.Currency = "EUR"
	r.want(r.send(capture), pasarela.OutcomeDeclined, "12")
	r.approve(r.after(foreign, pasarela.MessageRelease))
	r.want(r.send(r.after(foreign, pasarela.MessageCapture)), pasarela.OutcomeDeclined, "12")
}

// Refunds give back at most what was taken; money that went back so is not voided on top.
func TestRefundLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	sale := r.approve(r.request(pasarela.MessageSale))
	refund := func(minor int64) pasarela.NetworkRequest {
		q := r.after(sale, pasarela.MessageRefund)
		q.Amount.Minor = minor
		return q
	}
	r.want(r.send(refund(1001)), pasarela.OutcomeDeclined, "61")
	r.approve(refund(400))
	r.wantBook(sale, simulator.StateCaptured, 1000, 400)
	r.want(r.send(r.after(sale, pasarela.MessageVoid)), pasarela.OutcomeDeclined, "12")
	r.want(r.send(refund(601)), pasarela.OutcomeDeclined, "61")
	r.approve(refund(600))
	r.wantBook(sale, simulator.StateRefunded, 1000, 1000)
	r.want(r.send(r.after(r.approve(r.request(pasarela.MessageAuthorize)), pasarela.MessageRefund)), pasarela.OutcomeDeclined, "12")
}

// A message that comes again is answered as before and booked once.
func TestRepeatedMessageIsBookedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	sale := r.request(pasarela.MessageSale)
	first, again := r.send(sale), r.send(sale)
	if first != again || first.Outcome != pasarela.OutcomeApproved {
		t.Fatalf("answers %+v and %+v differ", first, again)
	}
	refund := r.after(sale, pasarela.MessageRefund)
	refund.Amount.Minor = 400
	for refund.Attempt = 1; refund.Attempt < 4; refund.Attempt++ {
		r.approve(refund)
	}
	r.wantBook(sale, simulator.StateCaptured, 1000, 400)

	declined := r.request(pasarela.MessageSale)
	r.fault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnAuthorization, ResponseCode: "05"})
	r.want(r.send(declined), pasarela.OutcomeDeclined, "05")
	r.want(r.send(declined), pasarela.OutcomeDeclined, "05")
}

// A reversal that was refused is decided anew, or it could never be acknowledged.
func TestRefusedReversalIsDecidedAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold := r.approve(r.request(pasarela.MessageAuthorize))
	r.fault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnReversal, ResponseCode: "96"})
	reversal := r.after(hold, pasarela.MessageReverse)
	r.want(r.send(reversal), pasarela.OutcomeDeclined, "96")
	r.wantBook(hold, simulator.StateHeld, 0, 0)
	reversal.Attempt = 2
	r.approve(reversal)
	r.wantBook(hold, simulator.StateReversed, 0, 0)
}

// A reversal that overtakes its original is acknowledged, and the original then refused.
func TestReversalOvertakesItsOriginal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, m := range []pasarela.Message{pasarela.MessageAuthorize, pasarela.MessageSale} {
		late := r.request(m)
		r.approve(r.after(late, pasarela.MessageReverse))
		r.want(r.send(late), pasarela.OutcomeDeclined, "12")
	}
	if got := r.bank.Authorizations(0, 0); len(got) != 0 {
		t.Fatalf("issuer lists %+v", got)
	}

	hold := r.approve(r.request(pasarela.MessageAuthorize))
	late := r.after(hold, pasarela.MessageCapture)
	undo := r.after(hold, pasarela.MessageReverseCapture)
	undo.Original = late.Trace
	r.approve(undo)
	r.want(r.send(late), pasarela.OutcomeDeclined, "12")
	r.wantBook(hold, simulator.StateHeld, 0, 0)
	r.approve(r.after(hold, pasarela.MessageCapture))
	r.wantBook(hold, simulator.StateCaptured, 1000, 0)
}

// A slow card's answer does not hold up the others.
func TestSlowCardDelaysItsOwnAnswerOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		slow := r.request(pasarela.MessageSale)
		slow.Card = r.addCard("4000000000000010", cards.Behaviour{Delay: time.Hour})
		done := make(chan pasarela.NetworkAnswer, 1)
		go func() { done <- r.sendWithin(slow, 300*time.Millisecond) }()
		r.approve(r.request(pasarela.MessageSale))
		r.want(<-done, pasarela.OutcomeUnknown, "")
	})
}
