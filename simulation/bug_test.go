package simulation

import (
	"context"
	"errors"
	"sync/atomic"

	"pasarela"
	"pasarela/gateway"
	"pasarela/store"
)

// bug is a mistake put in on purpose. The zero value makes none.
type bug struct {
	name     string
	store    func(store.Store) store.Store
	acquirer func(gateway.Acquirer) gateway.Acquirer
}

func (b bug) aroundStore(s store.Store) store.Store {
	if b.store == nil {
		return s
	}
	return b.store(s)
}

func (b bug) aroundAcquirer(a gateway.Acquirer) gateway.Acquirer {
	if b.acquirer == nil {
		return a
	}
	return b.acquirer(a)
}

// bugs are the mistakes that the simulation must find.
var bugs = []bug{
	{name: "reversals are swallowed", acquirer: func(a gateway.Acquirer) gateway.Acquirer { return swallower{a} }},
	{name: "messages are sent twice", acquirer: func(a gateway.Acquirer) gateway.Acquirer { return &doubler{Acquirer: a} }},
	{name: "no answer is taken for a decline", acquirer: func(a gateway.Acquirer) gateway.Acquirer { return optimist{a} }},
	{name: "state updates are lost", store: func(s store.Store) store.Store { return &forgetter{Store: s} }},
	{name: "answers under keys are lost", store: func(s store.Store) store.Store { return amnesiac{s} }},
	{name: "commits are claimed, not made", store: func(s store.Store) store.Store { return &pretender{Store: s} }},
}

// swallower says that reversals were acknowledged and sends none.
type swallower struct{ gateway.Acquirer }

func (a swallower) Send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	if r.Message == pasarela.MessageReverse || r.Message == pasarela.MessageReverseCapture {
		return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00"}
	}
	return a.Acquirer.Send(ctx, r)
}

// doubler sends some messages a second time, as new ones.
type doubler struct {
	gateway.Acquirer
	sent atomic.Int64
}

func (a *doubler) Send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	answer := a.Acquirer.Send(ctx, r)
	if a.sent.Add(1)%25 == 0 {
		r.Trace = a.NextTrace()
		a.Acquirer.Send(ctx, r)
	}
	return answer
}

// optimist takes an outcome that nobody knows for a no.
type optimist struct{ gateway.Acquirer }

func (a optimist) Send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	answer := a.Acquirer.Send(ctx, r)
	if answer.Outcome == pasarela.OutcomeUnknown {
		answer = pasarela.NetworkAnswer{Outcome: pasarela.OutcomeDeclined, ResponseCode: "91"}
	}
	return answer
}

// forgetter loses some updates of payments.
type forgetter struct {
	store.Store
	put atomic.Int64
}

func (s *forgetter) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	return s.Store.Update(ctx, m, func(tx store.Tx) error { return unit(forgetfulTx{tx, s}) })
}

type forgetfulTx struct {
	store.Tx
	of *forgetter
}

func (t forgetfulTx) PutPayment(p pasarela.Payment) error {
	if t.of.put.Add(1)%40 == 0 {
		return nil
	}
	return t.Tx.PutPayment(p)
}

// pretender undoes some units of work and says that they were committed.
type pretender struct {
	store.Store
	units atomic.Int64
}

var errUndo = errors.New("undone on purpose")

func (s *pretender) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	pretend := s.units.Add(1)%40 == 0
	err := s.Store.Update(ctx, m, func(tx store.Tx) error {
		if err := unit(tx); err != nil || !pretend {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}

// amnesiac loses what was answered under keys.
type amnesiac struct{ store.Store }

func (s amnesiac) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	return s.Store.Update(ctx, m, func(tx store.Tx) error { return unit(amnesiacTx{tx}) })
}

type amnesiacTx struct{ store.Tx }

func (t amnesiacTx) AnswerKey(name, holder string, _ int, _ []byte) error {
	return t.DropKey(name, holder)
}
