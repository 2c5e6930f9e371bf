package gateway

import (
	"context"
	"log/slog"

	"pasarela"
	"pasarela/store"
)

// SubscribeRequest asks to store the card of a subscription token.
type SubscribeRequest struct {
	Token       pasarela.TokenID
	Plan        string
	Periodicity string
	Amount      pasarela.Money
	StartDate   string // YYYY-MM-DD
	EndDate     string
	Order       []byte // JSON of the dialect
	Remember    Remember
	Answer      func(pasarela.Subscription, Verification) Answer
}

// Verification is what the issuer was asked of a card, and what it said. No payment of the books stands for it.
type Verification struct {
	Reference pasarela.PaymentID
	Trace     pasarela.Trace
	pasarela.NetworkAnswer
}

// Subscription finds a stored card. It returns CodeNotFound.
func (g *Gateway) Subscription(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return g.Store.Subscription(ctx, m, id)
}

// Subscribe verifies a card with its issuer, for a zero amount, and stores it. It answers the subscription,
// active or rejected, and what the issuer said.
//
// It returns CodeCurrencyNotAllowed, CodeTokenSpent, CodeTokenExpired, CodeKeyReused, CodeBusy, *Replay and
// CodeInternal.
func (g *Gateway) Subscribe(ctx context.Context, m pasarela.Merchant, r SubscribeRequest) (pasarela.Subscription, Verification, error) {
	if !m.Allows(r.Amount.Currency) {
		return pasarela.Subscription{}, Verification{}, pasarela.Errorf(pasarela.CodeCurrencyNotAllowed, "merchant may not charge in %s", r.Amount.Currency)
	}
	var s pasarela.Subscription
	var cvv pasarela.Sealed
	err := g.once(ctx, m.ID, r.Remember, g.endedSubscription(m.ID, r), func() (err error) {
		s, cvv, err = g.promiseSubscription(ctx, m, r)
		return err
	})
	if err != nil {
		g.countError("subscribe", err)
		return s, Verification{}, err
	}
	defer g.keys.done(m.ID, r.Remember.Name)
	defer g.underWay.end(string(s.ID))
	a := Verification{Reference: g.IDs.Payment(), Trace: g.Acquirer.NextTrace()}
	a.NetworkAnswer = refusal(g.send(ctx, pasarela.NetworkRequest{
		Message: pasarela.MessageVerify, Attempt: 1, Reference: a.Reference, Trace: a.Trace,
		Amount: pasarela.Money{Currency: s.Amount.Currency}, Merchant: m.ID, Name: m.Name, Country: m.Country,
		Card: s.Card, CVV: cvv, Facts: s.Facts,
	}))
	if a.Outcome == pasarela.OutcomeUnknown {
		a.ResponseCode = pasarela.ResponseNoAnswer
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	ended, err := g.endSubscribe(ctx, m.ID, s.ID, a, r)
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "outcome of a card's verification was not stored; the subscription will be rejected",
			slog.String("merchant", string(m.ID)), slog.String("subscription", string(s.ID)), slog.Any("error", err))
		g.countError("subscribe", err)
		return s, a, pasarela.Wrap(pasarela.CodeInternal, err, "outcome was not stored")
	}
	g.Observer.Outcome("subscribe", string(a.Outcome), a.ResponseCode)
	return ended, a, nil
}

// endedSubscription judges a key whose holder is a subscription.
func (g *Gateway) endedSubscription(m pasarela.MerchantID, r SubscribeRequest) judge {
	return func(ctx context.Context, holder string) (verdict, error) {
		s, err := g.Store.Subscription(ctx, m, pasarela.SubscriptionID(holder))
		if err != nil || s.State != pasarela.SubscriptionActive {
			return verdict{ended: err == nil && s.State == pasarela.SubscriptionRejected}, err
		}
		answer := r.Answer(s, Verification{NetworkAnswer: pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved}})
		return verdict{ended: true, answer: &answer}, nil
	}
}

func (g *Gateway) promiseSubscription(ctx context.Context, m pasarela.Merchant, r SubscribeRequest) (s pasarela.Subscription, cvv pasarela.Sealed, err error) {
	now := g.now()
	id := g.IDs.Subscription(now)
	g.underWay.begin(string(id))
	defer func() {
		if err != nil {
			g.underWay.end(string(id))
		}
	}()
	err = g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		if err := r.Remember.claim(tx, string(id), now); err != nil {
			return err
		}
		t, err := tx.Token(r.Token)
		if pasarela.CodeOf(err) == pasarela.CodeNotFound {
			return pasarela.Errorf(pasarela.CodeTokenSpent, "unknown token")
		}
		if err != nil {
			return err
		}
		if t, err = t.Spend(pasarela.UseSubscription, now); err != nil {
			return err
		}
		if err := tx.SpendToken(t.ID, now); err != nil {
			return err
		}
		cvv = t.CVV
		s = pasarela.Subscription{Merchant: m.ID, ID: id, State: pasarela.SubscriptionVerifying, Card: t.Card, Facts: t.Facts,
			Fingerprint: t.Fingerprint, Plan: r.Plan, Periodicity: r.Periodicity, Amount: r.Amount, StartDate: r.StartDate,
			EndDate: r.EndDate, Order: r.Order, DueAt: g.deadline(now), CreatedAt: now, UpdatedAt: now}
		return tx.InsertSubscription(s)
	})
	return s, cvv, err
}

func (g *Gateway) endSubscribe(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID, a Verification, r SubscribeRequest) (s pasarela.Subscription, err error) {
	err = g.Store.Update(ctx, m, func(tx store.Tx) error {
		current, err := tx.Subscription(id)
		if err != nil {
			return err
		}
		if s, err = current.Verified(a.Outcome == pasarela.OutcomeApproved, g.now()); err != nil {
			return err
		}
		if err := tx.PutSubscription(s); err != nil || r.Remember.Name == "" {
			return err
		}
		if a.Outcome == pasarela.OutcomeUnknown || a.Outcome == pasarela.OutcomeNotSent {
			return r.Remember.release(tx, string(id))
		}
		return r.Remember.settle(tx, string(id), r.Answer(s, a))
	})
	return s, err
}
