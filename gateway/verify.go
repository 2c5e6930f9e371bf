package gateway

import (
	"context"

	"pasarela"
	"pasarela/store"
)

// Verify asks the issuer whether the account of a validation token is good, for a zero amount. It answers the
// card and what the issuer said. It moves no money, so a crash in its midst costs the token and nothing else.
//
// It returns CodeTokenSpent, CodeTokenExpired and CodeInternal.
func (g *Gateway) Verify(ctx context.Context, m pasarela.Merchant, id pasarela.TokenID) (pasarela.CardFacts, Verification, error) {
	t, err := g.spendForVerification(ctx, m.ID, id)
	if err != nil {
		g.countError("verify", err)
		return pasarela.CardFacts{}, Verification{}, err
	}
	v := Verification{Reference: g.IDs.Payment(), Trace: g.Acquirer.NextTrace()}
	v.NetworkAnswer = refusal(g.send(ctx, pasarela.NetworkRequest{
		Message: pasarela.MessageVerify, Attempt: 1, Reference: v.Reference, Trace: v.Trace, Amount: t.Total,
		Merchant: m.ID, Name: m.Name, Country: m.Country, Card: t.Card, CVV: t.CVV, Facts: t.Facts,
	}))
	if v.Outcome == pasarela.OutcomeUnknown {
		v.ResponseCode = pasarela.ResponseNoAnswer
	}
	g.Observer.Outcome("verify", string(v.Outcome), v.ResponseCode)
	return t.Facts, v, nil
}

func (g *Gateway) spendForVerification(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (t pasarela.Token, err error) {
	err = g.Store.Update(ctx, m, func(tx store.Tx) (err error) {
		now := g.now()
		if t, err = tx.Token(id); pasarela.CodeOf(err) == pasarela.CodeNotFound {
			return pasarela.Errorf(pasarela.CodeTokenSpent, "unknown token")
		}
		if err != nil {
			return err
		}
		if t, err = t.Spend(pasarela.UseValidation, now); err != nil {
			return err
		}
		return tx.SpendToken(id, now)
	})
	return t, err
}
