package simulation

import (
	"slices"
	"strings"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/iso"
)

// promise is what must be in the database before a message leaves. The second state is that of a payment
// whose caller gave up at the moment its message left.
type promise struct {
	states []pasarela.PaymentState
	first  bool                  // the message opens the payment, so its trace is the payment's own
	undone pasarela.PaymentState // in which the message is itself to be reversed, so its trace is not Follow
}

var reversals = map[string]promise{
	iso.ReasonVoid:           {states: []pasarela.PaymentState{pasarela.StateVoiding}},
	iso.ReasonRelease:        {states: []pasarela.PaymentState{pasarela.StateReleasing}},
	iso.ReasonReverse:        {states: []pasarela.PaymentState{pasarela.StateReversing}},
	iso.ReasonReduce:         {states: []pasarela.PaymentState{pasarela.StateReducing}},
	iso.ReasonReverseCapture: {states: []pasarela.PaymentState{pasarela.StateUncapturing}},

	iso.ReasonReverseReauthorize: {states: []pasarela.PaymentState{pasarela.StateUnextending}},
}

// promiseOf is what a message presupposes, from its own fields.
func promiseOf(mti string, f map[string]string) (promise, bool) {
	opening := promise{states: []pasarela.PaymentState{pasarela.StateAuthorizing, pasarela.StateReversing}, first: true}
	switch mti {
	case iso.AuthorizationRequest:
		if f["60"] == iso.ReasonReauthorize {
			return taking(pasarela.StateExtending, pasarela.StateUnextending), true
		}
		return opening, true
	case iso.FinancialRequest:
		if f["3"] == iso.ProcessingRefund {
			return promise{states: []pasarela.PaymentState{pasarela.StateRefunding}}, true
		}
		return opening, true
	case iso.CaptureAdvice, iso.CaptureRepeat:
		return taking(pasarela.StateCapturing, pasarela.StateUncapturing), true
	default:
		p, ok := reversals[f["60"]]
		return p, ok && strings.HasPrefix(mti, "04")
	}
}

// taking is what a message presupposes that is reversed where its answer does not come.
func taking(under, undone pasarela.PaymentState) promise {
	return promise{states: []pasarela.PaymentState{under, undone}, undone: undone}
}

// onWire is called with each message before its first byte leaves: what it does must be promised on disk.
func (p *process) onWire(t acquirer.Traffic) {
	if t.Direction != acquirer.Sent || t.MTI() == iso.NetworkRequest || t.MTI() == iso.AnswerTo(iso.NetworkRequest) || p.dead() {
		return
	}
	w, f := p.world, t.Fields()
	s := w.byNumber[f["42"]]
	if s == nil {
		w.violation("%s on the wire for a merchant that does not exist", t.MTI())
		return
	}
	w.note("node %d sends %s %s %s of %s for %s", p.node, t.MTI(), f["3"], f["60"], f["4"], w.nameOf(pasarela.PaymentID(f["63"])))
	if p.dazed() {
		return // another node may have taken over what this one promised
	}
	if f["3"] == iso.ProcessingVerify {
		p.verifyOnWire(s)
		return
	}
	want, known := promiseOf(t.MTI(), f)
	row, err := p.disk.Payment(w.ctx, s.merchant.ID, pasarela.PaymentID(f["63"]))
	if p.dead() {
		return
	}
	trace := row.Follow
	switch {
	case want.first:
		trace = row.Trace
		if why, stranger := w.strangers.find(row.Token); stranger {
			w.violation("%s left for payment %s, although %s", t.MTI(), row.ID, why)
		}
	case row.State == want.undone:
		trace = row.CaptureTrace
	}
	if err != nil || !known || !w.kept(want, row.State) || trace.RRN != f["37"] {
		w.violation("%s (reason %q, rrn %s) left for payment %s, but the database has it %q with rrn %s (%v)",
			t.MTI(), f["60"], f["37"], f["63"], row.State, trace.RRN, err)
	}
}

// kept says whether a payment is as its message presupposes, or further on where another node, which was frozen when
// this one took over, has ended it meanwhile: both send the same message, and the issuer carries it out once.
func (w *world) kept(want promise, now pasarela.PaymentState) bool {
	return slices.Contains(want.states, now) || (w.anyDazed() && len(want.states) > 0 && mayFollow(want.states[0], now))
}

// verifyOnWire asks for some subscription that is being verified: the message does not name which.
func (p *process) verifyOnWire(s *shop) {
	far := p.world.clock.Now().Add(time.Hour)
	due, err := p.disk.DueSubscriptions(p.world.ctx, s.merchant.ID, far, 1)
	if (err != nil || len(due) == 0) && !p.dead() {
		p.world.violation("a card's verification left without a subscription that waits for it (%v)", err)
	}
}
