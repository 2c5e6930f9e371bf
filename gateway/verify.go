package gateway

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// Verify asks the issuer whether the account of a validation token is good, for a zero amount. It answers the
// card and what the issuer said. It moves no money, so a crash in its midst costs the token and nothing else.
//
// It returns CodeMerchantDisabled, CodeTokenSpent, CodeTokenExpired and CodeInternal.
func (g *Gateway) Verify(ctx context.Context, m pasarela.Merchant, id pasarela.TokenID) (pasarela.CardFacts, Verification, error) {
	if m.Disabled {
		return pasarela.CardFacts{}, Verification{}, pasarela.Errorf(pasarela.CodeMerchantDisabled, "merchant is disabled")
	}
	t, err := g.spendForVerification(ctx, m.ID, id)
	if err != nil {
		g.countError("verify", err)
		return pasarela.CardFacts{}, Verification{}, err
	}
	v := g.verification(ctx, m, pasarela.NetworkRequest{Amount: t.Total, Card: t.Card, CVV: t.CVV, Facts: t.Facts})
	g.Observer.Outcome("verify", string(v.Outcome), v.ResponseCode)
	return t.Facts, v, nil
}

// verification asks the issuer whether an account is good. r says of which card, and in which currency it is asked.
func (g *Gateway) verification(ctx context.Context, m pasarela.Merchant, r pasarela.NetworkRequest) Verification {
	v := Verification{Reference: g.IDs.Payment(), Trace: g.Acquirer.NextTrace()}
	r.Message, r.Attempt, r.Reference, r.Trace = pasarela.MessageVerify, 1, v.Reference, v.Trace
	r.Merchant, r.Name, r.Country = m.ID, m.Name, m.Country
	v.NetworkAnswer = refusal(g.send(ctx, r))
	if v.Outcome == pasarela.OutcomeUnknown {
		v.ResponseCode = pasarela.ResponseNoAnswer
	}
	return v
}

func (g *Gateway) spendForVerification(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (t pasarela.Token, err error) {
	err = g.Store.Update(ctx, m, func(tx store.Tx) (err error) {
		t, err = spend(tx, id, pasarela.UseValidation, g.now())
		return err
	})
	return t, err
}

// spend spends a token and answers it with its card. It returns CodeTokenSpent, for an unknown one too, and
// CodeTokenExpired.
func spend(tx store.Tx, id pasarela.TokenID, use pasarela.TokenUse, now time.Time) (pasarela.Token, error) {
	t, err := tx.Token(id)
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return t, pasarela.Errorf(pasarela.CodeTokenSpent, "unknown token")
	}
	if err != nil {
		return t, err
	}
	if t, err = t.Spend(use, now); err != nil {
		return t, err
	}
	return t, tx.SpendToken(id, now)
}
