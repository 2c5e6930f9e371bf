package simulation

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"pasarela"
	"pasarela/gateway"
)

// shop is what the players of one merchant know together.
type shop struct {
	merchant pasarela.Merchant

	mu      sync.Mutex
	tickets []pasarela.Ticket         // of payments and operations; guarded by mu
	stored  []pasarela.SubscriptionID // guarded by mu
	orders  []order                   // made under a key; guarded by mu
}

// order is a request that can be made again, byte for byte. Exactly one of its requests is set.
type order struct {
	charge  *gateway.AuthorizeRequest
	follow  *gateway.OperationRequest
	kind    pasarela.OperationKind // of follow
	expires time.Time              // of the token
	made    time.Time
}

func (o order) remember() gateway.Remember {
	if o.charge != nil {
		return o.charge.Remember
	}
	return o.follow.Remember
}

// player is one caller. It does one thing after the other.
type player struct {
	w      *world
	ctx    context.Context // names the actor
	number int
	turn   int
	made   int // orders under a key
	actor
}

func (w *world) newPlayer(i int) *player {
	return w.playerOn(lanePlayers+lane(i*crowd), i, w.random("player", i))
}

func (w *world) playerOn(l lane, number int, r *rand.Rand) *player {
	p := &player{w: w, number: number, actor: actor{l, r}}
	p.ctx = p.actor.within(w.ctx)
	return p
}

// friend is another caller that acts beside the player.
func (p *player) friend(i int) *player {
	f := p.w.playerOn(p.lane+lane(i), p.number, rand.New(rand.NewPCG(p.random.Uint64(), p.random.Uint64())))
	f.turn = p.turn
	return f
}

// gateway is one that is up, after waiting for it where there is none.
func (p *player) gateway() *process {
	for {
		gw, news := p.w.find(p.random)
		if gw != nil {
			return gw
		}
		<-news
		p.wait()
	}
}

func (p *player) play(turns int) {
	for p.turn = range turns {
		p.lane.sleep(time.Duration(p.random.IntN(5)) * 20 * time.Millisecond) // a grid, so that many act at once
		s := p.w.shops[p.random.IntN(len(p.w.shops))]
		switch n := p.random.IntN(100); {
		case n < 38:
			p.buy(s)
		case n < 44:
			p.buyTogether(s)
		case n < 48:
			p.subscribe(s)
		case n < 53:
			p.chargeStored(s)
		case n < 54:
			p.changeStored(s)
		case n < 58:
			p.payOnPage(s)
		case n < 64:
			p.stretch(s)
		case n < 90:
			p.followUp(s)
		case n < 93:
			p.followTogether(s)
		default:
			p.repeat(s)
		}
	}
}

func (p *player) amount(s *shop) pasarela.Money {
	currencies := s.merchant.Currencies
	return pasarela.Money{Minor: 1 + p.random.Int64N(50_000), Currency: currencies[p.random.IntN(len(currencies))]}
}

func (p *player) kind() pasarela.PaymentKind {
	if p.random.IntN(5) < 2 {
		return pasarela.KindSale
	}
	return pasarela.KindAuthorization
}

// newCharge is a request for a fresh token; now and then for another amount than the token's.
func (p *player) newCharge(s *shop) (order, bool) {
	total := p.amount(s)
	t, ok := p.tokenize(s, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: total})
	if !ok {
		return order{}, false
	}
	if p.random.IntN(30) == 0 {
		total.Minor++
	}
	return p.order(s, order{charge: &gateway.AuthorizeRequest{Kind: p.kind(), Token: t.ID, Amount: total, Dialect: "kushki",
		Order: []byte("{}"), Answer: answerCharge}, expires: t.ExpiresAt}), true
}

// order gives most requests a key and keeps those for repetition.
func (p *player) order(s *shop, o order) order {
	o.made = p.w.clock.Now()
	if p.random.IntN(3) == 0 {
		return o
	}
	p.made++
	name := fmt.Sprintf("POST /player-%d/order-%d", p.number, p.made)
	key := gateway.Remember{Name: name, Digest: []byte(name), OnlySuccess: p.random.IntN(2) == 0}
	if o.charge != nil {
		o.charge.Remember = key
	} else {
		o.follow.Remember = key
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, o)
	return o
}

func answerCharge(p pasarela.Payment) gateway.Answer {
	good := p.State == pasarela.StateAuthorized || p.State == pasarela.StateCaptured
	return gateway.Answer{Status: 201, Success: good, Body: fmt.Appendf(nil, "%s %s %s %s", p.ID, p.Ticket, p.State, p.ApprovalCode)}
}

func answerFollow(p pasarela.Payment, o pasarela.Operation) gateway.Answer {
	return gateway.Answer{Status: 201, Success: o.State != pasarela.OpDeclined,
		Body: fmt.Appendf(nil, "%s %s %s %s %s", o.ID, o.Ticket, o.State, p.State, o.Amount)}
}

func (p *player) buy(s *shop) {
	if o, ok := p.newCharge(s); ok {
		p.perform(s, o)
	}
}

// buyTogether has several callers spend one token at the same time, under no key or all under the same.
func (p *player) buyTogether(s *shop) {
	o, ok := p.newCharge(s)
	if !ok {
		return
	}
	answers := p.together(s, o)
	if o.charge.Remember.Name == "" {
		if n := countWon(o, answers); n > 1 {
			p.w.violation("token %s was spent by %d callers at once", o.charge.Token, n)
		}
		return
	}
	if !p.w.clock.Now().Before(o.made.Add(gateway.KeyLife)) {
		return
	}
	for _, a := range answers {
		for _, other := range answers {
			if body := a.bytes(o); body != nil && !bytes.Equal(body, other.bytes(o)) {
				p.w.violation("key %s was answered %q to one caller and %q (%v) to another", o.charge.Remember.Name, body, other.bytes(o), other.err)
			}
		}
	}
}

// together makes the same request several times at once and returns the answers that were heard.
func (p *player) together(s *shop, o order) []answer {
	var all sync.WaitGroup
	var mu sync.Mutex
	var answers []answer
	for i := range 2 + p.random.IntN(crowd-2) {
		friend := p.friend(1 + i)
		all.Go(func() {
			friend.lane.sleep(0)
			if a, heard := friend.perform(s, o); heard {
				mu.Lock()
				defer mu.Unlock()
				answers = append(answers, a)
			}
		})
	}
	all.Wait()
	p.lane.sleep(0)
	return answers
}

func countWon(o order, answers []answer) (n int) {
	for _, a := range answers {
		if a.err == nil && (o.charge != nil || a.operation.State == pasarela.OpApproved) {
			n++
		}
	}
	return n
}

func (p *player) chargeStored(s *shop) {
	s.mu.Lock()
	stored := s.stored
	s.mu.Unlock()
	if len(stored) == 0 {
		return
	}
	p.perform(s, p.order(s, order{charge: &gateway.AuthorizeRequest{Kind: p.kind(), Subscription: stored[p.random.IntN(len(stored))],
		Amount: p.amount(s), Dialect: "kushki", Order: []byte("{}"), Answer: answerCharge}}))
}

// newFollow is a capture, reauthorization, void or refund of a payment that is known, mostly a recent one.
func (p *player) newFollow(s *shop) (order, bool) {
	s.mu.Lock()
	recent := s.tickets[max(0, len(s.tickets)-30):]
	s.mu.Unlock()
	if len(recent) == 0 {
		return order{}, false
	}
	kinds := []pasarela.OperationKind{pasarela.OpCapture, pasarela.OpCapture, pasarela.OpCapture, pasarela.OpReauthorize, pasarela.OpVoid, pasarela.OpRefund, pasarela.OpRefund}
	o := order{follow: &gateway.OperationRequest{Ticket: recent[p.random.IntN(len(recent))], Order: []byte("{}"), Answer: answerFollow},
		kind: kinds[p.random.IntN(len(kinds))]}
	if o.kind != pasarela.OpVoid {
		o.follow.Amount = p.part(s, o.follow.Ticket)
	}
	return p.order(s, o), true
}

// part is how much to capture, refund or hold besides: all, a part, the ceiling, or just above it.
func (p *player) part(s *shop, t pasarela.Ticket) *pasarela.Money {
	payment, err := p.gateway().disk.PaymentByTicket(p.w.ctx, s.merchant.ID, t)
	if err != nil {
		return nil // the ticket of an operation, or a process that died: all of it
	}
	m := payment.Amount
	switch p.random.IntN(6) {
	case 0:
		return nil
	case 1:
		m = payment.CaptureCeiling()
	case 2:
		m.Minor = payment.CaptureCeiling().Minor + 1
	case 3:
	default:
		m.Minor = 1 + p.random.Int64N(m.Minor)
	}
	return &m
}

func (p *player) followUp(s *shop) {
	if o, ok := p.newFollow(s); ok {
		p.perform(s, o)
	}
}

// followTogether has several callers do the same to one payment at the same time. What may be reversed comes without
// a key: one that waits for another under its key begins at the very instant at which a reversal does, and the
// scheduler would decide which is first.
func (p *player) followTogether(s *shop) {
	o, ok := p.newFollow(s)
	if !ok {
		return
	}
	if o.undoable() {
		o.follow.Remember = gateway.Remember{}
	}
	if n := countWon(o, p.together(s, o)); o.kind == pasarela.OpCapture && n > 1 {
		p.w.violation("ticket %s was captured by %d callers at once", o.follow.Ticket, n)
	}
}

// repeat makes a request again under its key, now and then with another body.
func (p *player) repeat(s *shop) {
	s.mu.Lock()
	orders := s.orders[max(0, len(s.orders)-60):]
	s.mu.Unlock()
	if len(orders) == 0 {
		return
	}
	o := orders[p.random.IntN(len(orders))]
	if _, answered := p.w.owedAnswer(keyName{s.merchant.ID, o.remember().Name}); o.undoable() && !answered {
		return // it may be under way: see followTogether
	}
	if p.random.IntN(6) == 0 {
		p.repeatAltered(s, o)
		return
	}
	p.perform(s, o)
}
