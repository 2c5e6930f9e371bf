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
	Remember Remember
	// Answer renders the token for the idempotency key; required where Remember is set.
	Answer func(pasarela.Token) Answer
}

// Tokenize seals a card and answers what stands for it. It returns CodeCVVRequired, CodeCurrencyNotAllowed,
// and what the vault refuses: CodeInvalid, CodeCardRejected, CodeCardNotEnabled.
func (g *Gateway) Tokenize(ctx context.Context, m pasarela.Merchant, r TokenizeRequest) (pasarela.Token, error) {
	now := g.now()
	t, err := g.newToken(m, r, now)
	if err != nil {
		g.Observer.Outcome("tokenize", "error", string(pasarela.CodeOf(err)))
		return pasarela.Token{}, err
	}
	err = g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		if err := r.Remember.claim(tx, string(t.ID), now); err != nil {
			return err
		}
		if err := tx.InsertToken(t); err != nil {
			return err
		}
		if r.Remember.Name == "" {
			return nil
		}
		return r.Remember.settle(tx, string(t.ID), r.Answer(t))
	})
	if err != nil {
		return pasarela.Token{}, err
	}
	g.Observer.Outcome("tokenize", "approved", "")
	return t, nil
}

func (g *Gateway) newToken(m pasarela.Merchant, r TokenizeRequest, now time.Time) (pasarela.Token, error) {
	if r.Total.Currency != "" && !m.Allows(r.Total.Currency) {
		return pasarela.Token{}, pasarela.Errorf(pasarela.CodeCurrencyNotAllowed, "merchant may not charge in %s", r.Total.Currency)
	}
	if r.NeedsCVV && r.Card.CVV.IsZero() {
		return pasarela.Token{}, pasarela.Errorf(pasarela.CodeCVVRequired, "card came without its CVV")
	}
	t := pasarela.Token{Merchant: m.ID, Use: r.Use, Total: r.Total, Deferred: r.Deferred, Details: r.Details, CreatedAt: now}
	if r.Use == pasarela.UseLasting {
		t.ID = g.IDs.LastingToken(now)
	} else {
		t.ID = g.IDs.Token(now)
	}
	sealing, err := g.Vault.Seal(m.ID, tokenRecord(t.ID), r.Card)
	if err != nil {
		return pasarela.Token{}, err
	}
	t.Card, t.CVV, t.Facts, t.Fingerprint = sealing.Card, sealing.CVV, sealing.Facts, sealing.Fingerprint
	t.ExpiresAt = now.Add(pasarela.TokenLife)
	if r.Use == pasarela.UseLasting {
		t.ExpiresAt, err = t.Facts.MonthAfterExpiry()
	}
	return t, err
}
