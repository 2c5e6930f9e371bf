package gateway

import (
	"context"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/store"
)

// SubscribeRequest asks to store the card of a subscription token.
type SubscribeRequest struct {
	Token       pasarela.TokenID
	Plan        string
	Periodicity pasarela.Periodicity
	Amount      pasarela.Money
	StartDate   pasarela.Date
	EndDate     pasarela.Date
	Retry       pasarela.Retry
	Own         *pasarela.OwnSecure // merchant's own 3-D Secure result, in place of ours
	Dialect     string
	Order       []byte // JSON of the dialect
	Remember    Remember
	Answer      func(pasarela.Subscription, Verification) Answer
	// Refused renders a refusal that spent the token, to be remembered as the outcome that it is; where it is
	// nil, none is remembered.
	Refused func(error) Answer
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
// It returns CodeMerchantDisabled, CodeCurrencyNotAllowed, CodeTokenSpent, CodeTokenExpired;
// CodeAuthenticationRequired, CodeAuthenticationFailed and CodeOTPRequired, which spend the token all the same;
// CodeKeyReused, CodeBusy, *Replay and CodeInternal.
func (g *Gateway) Subscribe(ctx context.Context, m pasarela.Merchant, r SubscribeRequest) (pasarela.Subscription, Verification, error) {
	if err := m.MayCharge(r.Amount.Currency); err != nil {
		return pasarela.Subscription{}, Verification{}, err
	}
	var s pasarela.Subscription
	var message pasarela.NetworkRequest
	err := g.once(ctx, m.ID, r.Remember, g.endedSubscription(m.ID, r), func() (err error) {
		s, message, err = g.promiseSubscription(ctx, m, r)
		return err
	})
	if err != nil {
		g.countError("subscribe", err)
		return s, Verification{}, err
	}
	defer g.keys.done(m.ID, r.Remember.Name)
	defer g.underWay.end(string(s.ID))
	a := g.verification(ctx, m, message)
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

func (g *Gateway) promiseSubscription(ctx context.Context, m pasarela.Merchant, r SubscribeRequest) (s pasarela.Subscription, message pasarela.NetworkRequest, err error) {
	now := g.now()
	id := g.IDs.Subscription(now)
	g.underWay.begin(string(id))
	defer func() {
		if err != nil {
			g.underWay.end(string(id))
		}
	}()
	var refused error
	err = g.update(ctx, m.ID, func(tx store.Tx) (err error) {
		if err := r.Remember.claim(tx, string(id), now); err != nil {
			return err
		}
		var t pasarela.Token
		if t, message, err, refused = takeToKeep(tx, r.Token, r.Amount.Currency, r.Own, now); err != nil {
			return err
		}
		if refused != nil {
			return r.Remember.settleRefused(tx, string(id), refused, r.Refused)
		}
		if s, err = r.subscription(m.ID, id, now).Inscribed(t, g.deadline(now), now); err != nil {
			return err
		}
		return tx.InsertSubscription(s)
	})
	if err == nil {
		err = refused
	}
	return s, message, err
}

// subscription is what is asked for, before it has a card.
func (r SubscribeRequest) subscription(m pasarela.MerchantID, id pasarela.SubscriptionID, now time.Time) pasarela.Subscription {
	return pasarela.Subscription{Merchant: m, ID: id, State: pasarela.SubscriptionPending, Plan: r.Plan, Periodicity: r.Periodicity,
		Amount: r.Amount, StartDate: r.StartDate, EndDate: r.EndDate, Retry: r.Retry, Dialect: r.Dialect, Order: r.Order,
		CreatedAt: now, UpdatedAt: now}
}

func (g *Gateway) endSubscribe(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID, a Verification, r SubscribeRequest) (s pasarela.Subscription, err error) {
	err = g.update(ctx, m, func(tx store.Tx) error {
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
