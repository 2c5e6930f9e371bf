package gateway

import (
	"context"
	"time"

	"pasarela"
)

// storedToken is a token for one charge of a stored card, by its holder's device. It keeps no card: what is charged is the
// subscription's. The number is opened for as long as its issuer is asked about it, into r, for the caller to wipe.
func (g *Gateway) storedToken(ctx context.Context, m pasarela.Merchant, r *TokenizeRequest, now time.Time) (t pasarela.Token, asksOTP bool, err error) {
	s, err := g.Store.Subscription(ctx, m.ID, r.Subscription)
	if err == nil {
		err = s.Chargeable()
	}
	if err != nil {
		return t, false, err
	}
	t = pasarela.Token{Merchant: m.ID, ID: g.IDs.Token(now), Use: r.Use, Subscription: s.ID, Card: s.Card, Facts: s.Facts,
		Fingerprint: s.Fingerprint, Total: r.Total, Details: r.Details, CreatedAt: now, ExpiresAt: now.Add(pasarela.TokenLife)}
	if t.CVV, err = g.Vault.SealCVV(m.ID, tokenRecord(t.ID), r.Card.CVV); err != nil {
		return t, false, err
	}
	if r.Card.Number, err = g.Vault.OpenCard(m.ID, s.Card); err != nil {
		return t, false, err
	}
	r.Card.Holder, r.Card.Expiry = s.Facts.Holder, s.Facts.Expiry
	profile, err := g.Vault.Check(r.Card)
	return t, profile.AsksOTP, err
}
