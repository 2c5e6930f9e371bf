package gateway

import (
	"context"
	"log/slog"

	"pasarela"
	"pasarela/store"
)

// BeginInscription begins a subscription whose buyer gives the card on a page of the gateway. r.Token is the redirect that
// was requested for it (pasarela.KindInscription); the subscription is pending for as long as that lives.
//
// It returns CodeMerchantDisabled, CodeCurrencyNotAllowed, CodeTokenSpent for a redirect that is unknown, was begun before
// or was requested for a payment, CodeTokenExpired, CodeAmountMismatch for one in another currency, CodeKeyReused,
// *Replay and CodeInternal.
func (g *Gateway) BeginInscription(ctx context.Context, m pasarela.Merchant, r SubscribeRequest) (s pasarela.Subscription, err error) {
	if err := m.MayCharge(r.Amount.Currency); err != nil {
		return s, err
	}
	now := g.now()
	id := g.IDs.Subscription(now)
	err = g.update(ctx, m.ID, func(tx store.Tx) error {
		if err := r.Remember.claim(tx, string(id), now); err != nil {
			return err
		}
		d, err := takeRedirect(tx, r.Token, func(d pasarela.Redirect) (pasarela.Redirect, error) {
			return d.Initialized(pasarela.KindInscription, pasarela.Money{Currency: r.Amount.Currency}, "", nil, now)
		})
		if err != nil {
			return err
		}
		s = r.subscription(m.ID, id, now)
		s.DueAt = d.ExpiresAt
		if err := tx.InsertSubscription(s); err != nil || r.Remember.Name == "" {
			return err
		}
		return r.Remember.settle(tx, string(id), r.Answer(s, Verification{}))
	})
	if err != nil {
		g.countError("begin_inscription", err)
	}
	return s, err
}

// Inscribe takes the card that the buyer sent for a pending subscription, verifies it with its issuer for a zero amount,
// and answers the subscription: active or rejected. A cardholder who was to be asked and is not proven rejects it too,
// and nobody else is asked then.
//
// It returns CodeMerchantDisabled; CodeTokenSpent and CodeTokenExpired for a redirect that waits for no card, CodeWrongState for a subscription
// that is not pending, CodeBusy while another call does the same, and CodeInternal.
func (g *Gateway) Inscribe(ctx context.Context, m pasarela.Merchant, redirect pasarela.TokenID, id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	if !g.underWay.beginAlone(string(id)) {
		return pasarela.Subscription{}, pasarela.Errorf(pasarela.CodeBusy, "the card of this subscription is being verified")
	}
	defer g.underWay.end(string(id))
	s, message, err := g.promiseInscription(ctx, m, redirect, id)
	if err != nil || s.State != pasarela.SubscriptionVerifying {
		if err != nil {
			g.countError("inscribe", err)
		}
		return s, err
	}
	a := g.verification(ctx, m, message)
	ctx, cancel := afterwards(ctx)
	defer cancel()
	ended, err := g.endSubscribe(ctx, m.ID, id, a, SubscribeRequest{})
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "outcome of an inscription was not stored; the subscription will be rejected",
			slog.String("merchant", string(m.ID)), slog.String("subscription", string(id)), slog.Any("error", err))
		g.countError("inscribe", err)
		return s, pasarela.Wrap(pasarela.CodeInternal, err, "outcome was not stored")
	}
	g.Observer.Outcome("inscribe", string(a.Outcome), a.ResponseCode)
	return ended, nil
}

// promiseInscription spends the card and commits that its verification is about to be sent, or that its holder was not
// proven. It answers what is to be sent.
func (g *Gateway) promiseInscription(ctx context.Context, m pasarela.Merchant, redirect pasarela.TokenID, id pasarela.SubscriptionID) (s pasarela.Subscription, message pasarela.NetworkRequest, err error) {
	if m.Disabled {
		return s, message, pasarela.Errorf(pasarela.CodeMerchantDisabled, "merchant is disabled")
	}
	var refused error
	err = g.update(ctx, m.ID, func(tx store.Tx) error {
		now := g.now()
		d, err := takeRedirect(tx, redirect, func(d pasarela.Redirect) (pasarela.Redirect, error) { return d.Paid(d.Card, now) })
		if err != nil {
			return err
		}
		if s, err = tx.Subscription(id); err != nil {
			return err
		}
		var t pasarela.Token
		if t, message, err, refused = takeToKeep(tx, d.Card, s.Amount.Currency, nil, now); err != nil {
			return err
		}
		if s, err = s.Inscribed(t, g.deadline(now), now); err != nil {
			return err
		}
		if refused != nil {
			if s, err = s.GivenUp(now); err != nil {
				return err
			}
		}
		return tx.PutSubscription(s)
	})
	if err == nil && refused != nil {
		g.Observer.Outcome("inscribe", "refused", string(pasarela.CodeOf(refused)))
	}
	return s, message, err
}

// CancelInscription records that the buyer gave up: the subscription is rejected, unless it has come to another end
// already. It returns CodeTokenSpent, CodeTokenExpired and CodeInternal.
func (g *Gateway) CancelInscription(ctx context.Context, m pasarela.Merchant, redirect pasarela.TokenID, id pasarela.SubscriptionID) (s pasarela.Subscription, err error) {
	err = g.update(ctx, m.ID, func(tx store.Tx) error {
		now := g.now()
		if _, err := takeRedirect(tx, redirect, func(d pasarela.Redirect) (pasarela.Redirect, error) { return d.Cancelled(now) }); err != nil {
			return err
		}
		if s, err = tx.Subscription(id); err != nil || s.State != pasarela.SubscriptionPending {
			return err
		}
		if s, err = s.GivenUp(now); err != nil {
			return err
		}
		return tx.PutSubscription(s)
	})
	return s, err
}
