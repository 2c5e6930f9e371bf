package simulation

import (
	"pasarela"
	"pasarela/gateway"
)

// stretch reauthorizes a hold, then gives that back, captures more than the hold alone allowed, or both in turn.
func (p *player) stretch(s *shop) {
	o, ok := p.newCharge(s)
	if !ok {
		return
	}
	o.charge.Kind = pasarela.KindAuthorization
	first, heard := p.perform(s, o)
	if !heard || first.payment.State != pasarela.StateAuthorized {
		return
	}
	for range 1 + p.random.IntN(2) {
		more := pasarela.Money{Minor: p.random.Int64N(3) * p.random.Int64N(20_000), Currency: first.payment.Amount.Currency} // zero: only longer
		raised, done := p.follow(s, pasarela.OpReauthorize, first.payment.Ticket, &more)
		if !done {
			return
		}
		if p.random.IntN(2) == 0 {
			if _, done := p.follow(s, pasarela.OpVoid, raised.operation.Ticket, nil); !done {
				return
			}
		}
		if p.random.IntN(2) == 0 {
			most := raised.payment.CaptureCeiling() // too much where the reauthorization was given back
			p.follow(s, pasarela.OpCapture, first.payment.Ticket, &most)
			return
		}
	}
}

// follow does one thing to a payment and says whether the issuer approved it.
func (p *player) follow(s *shop, kind pasarela.OperationKind, t pasarela.Ticket, amount *pasarela.Money) (answer, bool) {
	a, heard := p.perform(s, p.order(s, order{kind: kind,
		follow: &gateway.OperationRequest{Ticket: t, Amount: amount, Order: []byte("{}"), Answer: answerFollow}}))
	return a, heard && a.err == nil && a.operation.State == pasarela.OpApproved
}

// undoable says that what has no answer is reversed.
func (o order) undoable() bool {
	return o.kind == pasarela.OpCapture || o.kind == pasarela.OpReauthorize
}
