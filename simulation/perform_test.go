package simulation

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"time"

	"pasarela"
	"pasarela/gateway"
)

// book is what merchants were told: it must be true then, and stay true.
type book struct {
	mu         sync.Mutex
	answers    map[keyName]told                            // under Idempotency-Keys; guarded by mu
	payments   map[pasarela.PaymentID][]statement          // guarded by mu
	operations map[pasarela.OperationID]operationStatement // guarded by mu
	pages      map[pasarela.TokenID]*page                  // guarded by mu
}

type keyName struct {
	merchant pasarela.MerchantID
	name     string
}

// told is the answer under a key, which must come again until then.
type told struct {
	body  []byte
	until time.Time
}

type statement struct {
	merchant pasarela.MerchantID
	state    pasarela.PaymentState
}

type operationStatement struct {
	merchant pasarela.MerchantID
	state    pasarela.OperationState
}

func newBook() *book {
	return &book{answers: map[keyName]told{}, payments: map[pasarela.PaymentID][]statement{},
		operations: map[pasarela.OperationID]operationStatement{}, pages: map[pasarela.TokenID]*page{}}
}

// answer is what a call came to.
type answer struct {
	payment   pasarela.Payment
	operation pasarela.Operation
	err       error
}

// perform makes a request and checks what comes back. It says whether the caller heard it: with a dead
// gateway the connection breaks.
func (p *player) perform(s *shop, o order) (answer, bool) {
	key := keyName{s.merchant.ID, o.remember().Name}
	before, due := p.w.owedAnswer(key)
	gw := p.gateway()
	a := p.call(gw, s, o)
	p.w.note("player %d turn %d: %s %s %s %v", p.lane, p.turn, a.payment.State, a.operation.State, a.payment.ResponseCode, pasarela.CodeOf(a.err))
	if unheard(gw, a.err) {
		return a, false
	}
	if o.remember().Name != "" {
		p.w.checkKey(key, o, before, due, a)
	}
	if a.err != nil {
		p.w.permitReused(o, a.err)
		p.w.permit("request", a.err, pasarela.CodeKeyReused, pasarela.CodeTokenSpent, pasarela.CodeTokenExpired, pasarela.CodeAmountMismatch,
			pasarela.CodeCaptureAmount, pasarela.CodeVoidAmount, pasarela.CodeWrongState, pasarela.CodeAlreadyVoided,
			pasarela.CodeAlreadyRefunded, pasarela.CodeBusy, pasarela.CodeAuthenticationRequired, pasarela.CodeAuthenticationFailed, pasarela.CodeOTPRequired)
		return a, true
	}
	p.w.checkStated(gw, s, a)
	p.remember(s, a)
	return a, true
}

func (p *player) call(gw *process, s *shop, o order) (a answer) {
	g, ctx := gw.gateway, p.ctx
	p.w.requests.Add(1)
	switch {
	case o.charge != nil:
		a.payment, a.err = g.Authorize(ctx, s.merchant, *o.charge)
		if a.err == nil {
			p.w.payments.Add(1)
		}
	case o.kind == pasarela.OpCapture:
		a.payment, a.operation, a.err = g.Capture(ctx, s.merchant, *o.follow)
	case o.kind == pasarela.OpReauthorize:
		a.payment, a.operation, a.err = g.Reauthorize(ctx, s.merchant, *o.follow)
	case o.kind == pasarela.OpVoid:
		a.payment, a.operation, a.err = g.Void(ctx, s.merchant, *o.follow)
	default:
		a.payment, a.operation, a.err = g.Refund(ctx, s.merchant, *o.follow)
	}
	return a
}

// remember keeps the tickets of what can be followed up.
func (p *player) remember(s *shop, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case a.operation.ID != "" && a.operation.State == pasarela.OpApproved:
		s.tickets = append(s.tickets, a.operation.Ticket)
	case a.operation.ID == "" && (a.payment.State == pasarela.StateAuthorized || a.payment.State == pasarela.StateCaptured):
		s.tickets = append(s.tickets, a.payment.Ticket)
	}
}

// permit reports an error that is none of those a merchant may meet.
func (w *world) permit(what string, err error, codes ...pasarela.Code) {
	if _, replayed := errors.AsType[*gateway.Replay](err); replayed {
		return
	}
	if !slices.Contains(codes, pasarela.CodeOf(err)) {
		w.violation("%s failed with %s: %v", what, pasarela.CodeOf(err), err)
	}
}

// permitReused reports a request that was refused for another body under its key, which no other body can have
// taken while it was remembered.
func (w *world) permitReused(o order, err error) {
	if pasarela.CodeOf(err) == pasarela.CodeKeyReused && w.clock.Now().Before(o.made.Add(gateway.KeyLife)) {
		w.violation("key %s was taken for another body: %v", o.remember().Name, err)
	}
}

// checkStated holds an answer against the database at the moment it is given, and keeps it for later.
func (w *world) checkStated(gw *process, s *shop, a answer) {
	m := s.merchant.ID
	row, err := gw.disk.Payment(w.ctx, m, a.payment.ID)
	if gw.dead() {
		return
	}
	if err != nil || !mayFollow(a.payment.State, row.State) {
		w.violation("payment %s: merchant was told %s, the database says %q (%v)", a.payment.ID, a.payment.State, row.State, err)
	}
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	w.book.payments[a.payment.ID] = append(w.book.payments[a.payment.ID], statement{m, a.payment.State})
	if a.operation.ID == "" {
		return
	}
	w.book.operations[a.operation.ID] = operationStatement{m, a.operation.State}
	if o, err := gw.disk.Operation(w.ctx, m, a.operation.ID); err != nil || !operationMayFollow(a.operation.State, o.State) {
		if !gw.dead() {
			w.violation("operation %s: merchant was told %s, the database says %q (%v)", a.operation.ID, a.operation.State, o.State, err)
		}
	}
}

// mayFollow says whether a payment that was in one state may be in another later.
func mayFollow(said, now pasarela.PaymentState) bool {
	seen := map[pasarela.PaymentState]bool{said: true}
	for open := []pasarela.PaymentState{said}; len(open) > 0; open = open[1:] {
		for _, next := range pasarela.Transitions[open[0]] {
			if !seen[next] {
				seen[next] = true
				open = append(open, next)
			}
		}
	}
	return seen[now]
}

func operationMayFollow(said, now pasarela.OperationState) bool {
	return said == now || said == pasarela.OpPending || (said == pasarela.OpApproved && now == pasarela.OpVoided)
}

// owedAnswer is what a request under a key must be answered that is made from now on, and says whether it
// must.
func (w *world) owedAnswer(k keyName) (told, bool) {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	t, ok := w.book.answers[k]
	return t, ok
}

// checkKey holds what came back under a key against what came back before.
func (w *world) checkKey(k keyName, o order, before told, owed bool, a answer) {
	body := a.bytes(o)
	now := w.clock.Now()
	if owed && now.Before(before.until) && !bytes.Equal(body, before.body) {
		w.violation("key %s was answered %q before and %q (%v) now", k.name, before.body, body, a.err)
		return
	}
	if body == nil {
		return
	}
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	if first, ok := w.book.answers[k]; ok && now.Before(first.until) && !bytes.Equal(first.body, body) {
		w.violation("key %s was answered %q to one caller and %q to another", k.name, first.body, body)
		return
	}
	if _, ok := w.book.answers[k]; !ok {
		w.book.answers[k] = told{body, o.made.Add(gateway.KeyLife)}
	}
}

// bytes is the answer that has to be given again, nil where none was settled.
func (a answer) bytes(o order) []byte {
	if replay, ok := errors.AsType[*gateway.Replay](a.err); ok {
		return replay.Body
	}
	if a.err != nil {
		return nil
	}
	rendered, code := answerCharge(a.payment), a.payment.ResponseCode
	reversed := a.payment.State == pasarela.StateReversing
	if o.charge == nil {
		rendered, code = answerFollow(a.payment, a.operation), a.operation.ResponseCode
		reversed = a.operation.State == pasarela.OpReversed
	}
	if reversed || pasarela.NeverSent(code) || (o.remember().OnlySuccess && !rendered.Success) {
		return nil
	}
	return rendered.Body
}

// repeatAltered sends another body under a key that has served: it is refused.
func (p *player) repeatAltered(s *shop, o order) {
	key := keyName{s.merchant.ID, o.remember().Name}
	before, owed := p.w.owedAnswer(key)
	if !owed {
		return
	}
	if o.charge != nil {
		altered := *o.charge
		altered.Remember.Digest = []byte("another body")
		o.charge = &altered
	} else {
		altered := *o.follow
		altered.Remember.Digest = []byte("another body")
		o.follow = &altered
	}
	gw := p.gateway()
	a := p.call(gw, s, o)
	if gw.dead() {
		return
	}
	if a.err == nil {
		p.remember(s, a)
	}
	if p.w.clock.Now().Before(before.until) && pasarela.CodeOf(a.err) != pasarela.CodeKeyReused {
		p.w.violation("key %s took another body: %v", key.name, a.err)
	}
}
