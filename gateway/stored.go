package gateway

import (
	"context"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/store"
)

// ReplaceCardRequest asks to charge the card of a subscription token from now on.
type ReplaceCardRequest struct {
	Subscription pasarela.SubscriptionID
	Token        pasarela.TokenID
	Own          *pasarela.OwnSecure // merchant's own 3-D Secure result, in place of ours
}

// ReplaceCard verifies a card with its issuer, for a zero amount, and has it charged in place of the one that the
// subscription has. It answers the new card and what the issuer said; a card that was not approved changes nothing.
// What is under way by the old card is seen through.
//
// It returns CodeMerchantDisabled; CodeNotFound for a subscription that is not active; CodeTokenSpent, CodeTokenExpired;
// CodeAuthenticationRequired, CodeAuthenticationFailed and CodeOTPRequired, which spend the token all the same; and
// CodeInternal.
func (g *Gateway) ReplaceCard(ctx context.Context, m pasarela.Merchant, r ReplaceCardRequest) (pasarela.CardFacts, Verification, error) {
	t, message, err := g.newCard(ctx, m, r)
	if err != nil {
		g.countError("replace_card", err)
		return pasarela.CardFacts{}, Verification{}, err
	}
	v := g.verification(ctx, m, message)
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if v.Outcome == pasarela.OutcomeApproved {
		return t.Facts, v, g.replaceCard(ctx, m, r.Subscription, t)
	}
	g.Observer.Outcome("replace_card", string(v.Outcome), v.ResponseCode)
	return t.Facts, v, nil
}

// replaceCard commits that the card of a token is charged from now on. Nothing but memory has held it since the token was
// spent, where no rotation of keys reaches it: one that does not open any more must not take a good one's place.
func (g *Gateway) replaceCard(ctx context.Context, m pasarela.Merchant, id pasarela.SubscriptionID, t pasarela.Token) error {
	_, err := g.Vault.OpenCard(m.ID, t.Card)
	if err != nil {
		err = pasarela.Wrap(pasarela.CodeInternal, err, "new card does not open any more: request another token of it")
		g.countError("replace_card", err)
	} else {
		_, err = g.changeSubscription(ctx, "replace_card", m, id, func(_ store.Tx, s pasarela.Subscription, now time.Time) (pasarela.Subscription, error) {
			return s.CardReplaced(t.Card, t.Facts, t.Fingerprint, now)
		})
	}
	if err == nil {
		return nil
	}
	ctx, cancel := afterwards(ctx) // another: the commit may have used up the first
	defer cancel()
	stands := "the old one stands"
	switch s, unread := g.Store.Subscription(ctx, m.ID, id); {
	case unread != nil:
		stands = "which one stands is not known"
	case s.Card.Record == t.Card.Record:
		return nil // the commit's failure was that of its acknowledgement
	}
	g.Log.LogAttrs(ctx, slog.LevelError, "replaced card was not stored; "+stands,
		slog.String("merchant", string(m.ID)), slog.String("subscription", string(id)), slog.Any("error", err))
	return err
}

// newCard spends the token of the card that is to be stored.
func (g *Gateway) newCard(ctx context.Context, m pasarela.Merchant, r ReplaceCardRequest) (t pasarela.Token, message pasarela.NetworkRequest, err error) {
	if m.Disabled {
		return t, message, pasarela.Errorf(pasarela.CodeMerchantDisabled, "merchant is disabled")
	}
	var refused error
	err = g.update(ctx, m.ID, func(tx store.Tx) error {
		s, err := tx.Subscription(r.Subscription)
		if err != nil {
			return err
		}
		if err := s.Chargeable(); err != nil {
			return err
		}
		t, message, err, refused = takeToKeep(tx, r.Token, s.Amount.Currency, r.Own, g.now())
		return err
	})
	if err == nil {
		err = refused
	}
	return t, message, err
}

// takeToKeep spends the token of a card that is to be stored, and answers what its issuer is to be asked. refused says why
// the card cannot be stored although its token has served with this: that is to be committed.
func takeToKeep(tx store.Tx, id pasarela.TokenID, c pasarela.Currency, own *pasarela.OwnSecure, now time.Time) (t pasarela.Token, message pasarela.NetworkRequest, err, refused error) {
	if t, err = spend(tx, id, pasarela.UseSubscription, now); err != nil {
		return t, message, err, nil
	}
	message = pasarela.NetworkRequest{Amount: pasarela.Money{Currency: c}, Card: t.Card, CVV: t.CVV, Facts: t.Facts,
		Terms: pasarela.Terms{NetworkToken: t.NetworkToken}}
	message.Secure, err, refused = proveHolder(tx, t, own, now)
	return t, message, err, refused
}

// chargeStored takes a stored card, and from the token that was made for this charge, if there is one, CVV and proof. A
// token of a card that was replaced meanwhile does not serve: it is of the card that the buyer confirmed.
func chargeStored(tx store.Tx, p *pasarela.Payment, out *outgoing, cvv pasarela.Sealed, r AuthorizeRequest, now time.Time) (err, refused error) {
	s, err := tx.Subscription(p.Subscription)
	if err != nil {
		return err, nil
	}
	if err := s.Chargeable(); err != nil {
		return err, nil
	}
	p.Card, p.Facts, out.cvv = s.Card, s.Facts, cvv
	if r.Token == "" {
		if r.Own == nil {
			return nil, nil
		}
		out.terms.Secure = r.Own.Secure
		return r.Own.Check(s.Facts.Brand), nil
	}
	t, err := spend(tx, r.Token, pasarela.UseCharge, now)
	if err == nil && (t.Subscription != s.ID || t.Fingerprint != s.Fingerprint) {
		err = pasarela.Errorf(pasarela.CodeTokenSpent, "token was requested for another card")
	}
	if err != nil {
		return err, nil
	}
	if !t.CVV.Empty() {
		out.cvv = t.CVV
	}
	if t.Total.Currency != "" && t.Total != p.Amount {
		return nil, pasarela.Errorf(pasarela.CodeAmountMismatch, "amount is %s, token was requested for %s", p.Amount, t.Total)
	}
	out.terms.Secure, err, refused = prove(tx, p, t, r.Own, now)
	return err, refused
}

// Bounds of what is told of a stored card's payments.
const (
	SubscriptionPaymentsLimit  = 100    // on a page
	SubscriptionPaymentsOffset = 10_000 // before it, and counted
)

// SubscriptionPayments lists the payments by a stored card, on demand and by its plan, the newest first: at most limit of
// those behind the newest offset. total is how many there are, counted up to SubscriptionPaymentsOffset. It returns
// CodeInvalid for bounds that are not kept.
func (g *Gateway) SubscriptionPayments(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID, offset, limit int) (page []pasarela.Payment, total int, err error) {
	if offset < 0 || offset > SubscriptionPaymentsOffset || limit < 1 || limit > SubscriptionPaymentsLimit {
		return nil, 0, pasarela.Errorf(pasarela.CodeInvalid, "page: at most %d payments behind at most %d", SubscriptionPaymentsLimit, SubscriptionPaymentsOffset)
	}
	if total, err = g.Store.CountSubscriptionPayments(ctx, m, id, SubscriptionPaymentsOffset); err != nil {
		return nil, 0, err
	}
	below := pasarela.Ticket("")
	if offset > 0 {
		below, err = g.Store.SubscriptionTicket(ctx, m, id, offset)
		if pasarela.CodeOf(err) == pasarela.CodeNotFound && err != nil {
			return nil, total, nil
		}
		if err != nil {
			return nil, 0, err
		}
	}
	page, err = g.Store.SubscriptionPayments(ctx, m, id, below, limit)
	return page, total, err
}
