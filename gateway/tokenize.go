package gateway

import (
	"context"
	"time"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/store"
)

// TokenizeRequest asks for a token.
type TokenizeRequest struct {
	Use      pasarela.TokenUse
	Card     vault.Card
	Total    pasarela.Money // what the charge must add up to; zero value where the use has none
	Deferred bool
	NeedsCVV bool   // refuse a card without a CVV
	Details  []byte // JSON of the dialect

	Recurrence   pasarela.Recurrence
	NetworkToken bool
	Challenge    Challenge
	Redirect     pasarela.TokenID // redirect payment that the card was sent for, "" for none; it takes one card

	Remember Remember
	// Answer renders the token for the idempotency key; required where Remember is set.
	Answer func(pasarela.Token, pasarela.Authentication) Answer
}

// Tokenize seals a card and answers what stands for it, and the authentication that its charge will have to rest
// on: the zero value where none is demanded. Whether the cardholder has to be asked, or what the issuer said
// without asking, is known when it returns; it counts when the token is charged.
//
// It returns CodeCVVRequired, CodeCurrencyNotAllowed, and what the vault refuses: CodeInvalid, CodeCardRejected,
// CodeCardNotEnabled; then, for a redirect payment that takes no card any more, CodeTokenSpent and CodeTokenExpired.
func (g *Gateway) Tokenize(ctx context.Context, m pasarela.Merchant, r TokenizeRequest) (pasarela.Token, pasarela.Authentication, error) {
	now := g.now()
	t, asksOTP, err := g.newToken(m, r, now)
	if err != nil {
		g.Observer.Outcome("tokenize", "error", string(pasarela.CodeOf(err)))
		return pasarela.Token{}, pasarela.Authentication{}, err
	}
	if r.Redirect != "" {
		if err := g.takeCardFor(ctx, m.ID, r.Redirect, t); err != nil {
			return pasarela.Token{}, pasarela.Authentication{}, err
		}
	}
	a, err := g.authentication(ctx, m, t, r, asksOTP)
	if err != nil {
		return pasarela.Token{}, a, err
	}
	t.Authentication = a.ID
	err = g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		if err := r.Remember.claim(tx, string(t.ID), now); err != nil {
			return err
		}
		if a.ID != "" {
			if err := tx.InsertAuthentication(a); err != nil {
				return err
			}
		}
		if err := tx.InsertToken(t); err != nil {
			return err
		}
		if r.Remember.Name == "" {
			return nil
		}
		return r.Remember.settle(tx, string(t.ID), r.Answer(t, a))
	})
	if err != nil {
		return pasarela.Token{}, pasarela.Authentication{}, err
	}
	g.Observer.Outcome("tokenize", "approved", "")
	return t, a, nil
}

func (g *Gateway) newToken(m pasarela.Merchant, r TokenizeRequest, now time.Time) (t pasarela.Token, asksOTP bool, err error) {
	if r.Total.Currency != "" && !m.Allows(r.Total.Currency) {
		return t, false, pasarela.Errorf(pasarela.CodeCurrencyNotAllowed, "merchant may not charge in %s", r.Total.Currency)
	}
	if r.NeedsCVV && r.Card.CVV.IsZero() {
		return t, false, pasarela.Errorf(pasarela.CodeCVVRequired, "card came without its CVV")
	}
	t = pasarela.Token{Merchant: m.ID, Use: r.Use, Total: r.Total, Deferred: r.Deferred, Details: r.Details,
		Recurrence: r.Recurrence, NetworkToken: r.NetworkToken, CreatedAt: now}
	if r.Use == pasarela.UseLasting {
		t.ID = g.IDs.LastingToken(now)
	} else {
		t.ID = g.IDs.Token(now)
	}
	sealing, err := g.Vault.Seal(m.ID, tokenRecord(t.ID), r.Card)
	if err != nil {
		return t, false, err
	}
	t.Card, t.CVV, t.Facts, t.Fingerprint = sealing.Card, sealing.CVV, sealing.Facts, sealing.Fingerprint
	t.ExpiresAt = now.Add(pasarela.TokenLife)
	if r.Use == pasarela.UseLasting {
		t.ExpiresAt, err = t.Facts.MonthAfterExpiry()
	}
	return t, sealing.Profile.AsksOTP, err
}
