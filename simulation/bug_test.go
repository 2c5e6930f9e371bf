package simulation

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

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
	{name: "answers under keys are lost", store: inTx(func(tx store.Tx) store.Tx { return amnesiacTx{tx} })},
	{name: "failed authentications are ignored", store: inTx(func(tx store.Tx) store.Tx { return credulousTx{tx} })},
	{name: "voided reauthorizations still count", store: inTx(func(tx store.Tx) store.Tx { return clingingTx{tx} })},
	{name: "redirect payments stay open", store: inTx(func(tx store.Tx) store.Tx { return openTx{tx} })},
	{name: "holds for one-time passwords stay", store: inTx(func(tx store.Tx) store.Tx { return lastingTx{tx} })},
	{name: "paid periods are forgotten", store: inTx(func(tx store.Tx) store.Tx { return unpaidTx{tx} })},
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

// inTx is a mistake in some method of a unit of work.
func inTx(around func(store.Tx) store.Tx) func(store.Store) store.Store {
	return func(s store.Store) store.Store { return mistaken{s, around} }
}

type mistaken struct {
	store.Store
	around func(store.Tx) store.Tx
}

func (s mistaken) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	return s.Store.Update(ctx, m, func(tx store.Tx) error { return unit(s.around(tx)) })
}

// amnesiacTx loses what was answered under keys.
type amnesiacTx struct{ store.Tx }

func (t amnesiacTx) AnswerKey(name, holder string, _ int, _ []byte) error {
	return t.DropKey(name, holder)
}

// credulousTx takes every failed authentication for a proof.
type credulousTx struct{ store.Tx }

func (t credulousTx) Authentication(id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	a, err := t.Tx.Authentication(id)
	if a.State == pasarela.AuthenticationFailed {
		a.State = pasarela.AuthenticationAuthenticated
	}
	return a, err
}

// clingingTx never lowers what is held besides.
type clingingTx struct{ store.Tx }

func (t clingingTx) PutPayment(p pasarela.Payment) error {
	old, err := t.Payment(p.ID)
	if err != nil {
		return err
	}
	p.Reauthorized = max(p.Reauthorized, old.Reauthorized)
	return t.Tx.PutPayment(p)
}

// openTx forgets that a redirect payment was paid.
type openTx struct{ store.Tx }

func (t openTx) PutRedirect(r pasarela.Redirect) error {
	if r.State == pasarela.RedirectPaid {
		return nil
	}
	return t.Tx.PutRedirect(r)
}

// lastingTx lets holds for one-time passwords fall due never.
type lastingTx struct{ store.Tx }

func (t lastingTx) PutPayment(p pasarela.Payment) error {
	if forPassword(p) && p.State == pasarela.StateAuthorized {
		p.DueAt = time.Time{}
	}
	return t.Tx.PutPayment(p)
}

// unpaidTx takes each period that was paid for one that is to be tried again.
type unpaidTx struct{ store.Tx }

func (t unpaidTx) PutPeriod(p pasarela.Period) error {
	if p.State == pasarela.PeriodPaid {
		p.State, p.DueAt = pasarela.PeriodRetrying, p.UpdatedAt
	}
	return t.Tx.PutPeriod(p)
}
