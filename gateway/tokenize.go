package gateway

import (
	"context"
	"errors"
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

	// Subscription is whose stored card the token is for, "" for a card of its own. Of Card there is the CVV then, or
	// nothing, and Total is the zero value where any amount may be charged.
	Subscription pasarela.SubscriptionID

	Remember Remember
	// Answer renders the token for the idempotency key; required where Remember is set.
	Answer func(pasarela.Token, pasarela.Authentication) Answer
}

// Tokenize seals a card and answers what stands for it, and the authentication that its charge will have to rest
// on: the zero value where none is demanded. Whether the cardholder has to be asked, or what the issuer said
// without asking, is known when it returns; it counts when the token is charged.
//
// It returns CodeMerchantDisabled, CodeCVVRequired, CodeCurrencyNotAllowed, CodeNotFound for a subscription that is not
// active, and what the vault refuses: CodeInvalid, CodeCardRejected, CodeCardNotEnabled; then, for a redirect payment that takes no card any more, CodeTokenSpent and CodeTokenExpired.
func (g *Gateway) Tokenize(ctx context.Context, m pasarela.Merchant, r TokenizeRequest) (pasarela.Token, pasarela.Authentication, error) {
	now := g.now()
	t, asksOTP, err := g.newToken(ctx, m, &r, now)
	if r.Subscription != "" {
		defer r.Card.Wipe() // opened to ask about it
	}
	if err == nil {
		err = g.claimToken(ctx, m.ID, t, r)
	}
	if err != nil {
		g.countError("tokenize", err)
		return pasarela.Token{}, pasarela.Authentication{}, err
	}
	defer g.keys.done(m.ID, r.Remember.Name)
	a, err := g.ask(ctx, m, t, r, asksOTP)
	t.Authentication = a.ID
	if t.Subscription != "" {
		t.Card = pasarela.Sealed{} // no copy is kept: the charge takes it from the subscription
	}
	if err == nil {
		err = g.putToken(ctx, m.ID, t, a, r)
	}
	if err != nil {
		g.countError("tokenize", err)
		return pasarela.Token{}, pasarela.Authentication{}, errors.Join(err, g.unclaimToken(ctx, m.ID, t, r))
	}
	g.Observer.Outcome("tokenize", "approved", "")
	return t, a, nil
}

// ask finds out what the token's charge has to rest on. A redirect payment takes the card before that: afterwards
// somebody was asked about it.
func (g *Gateway) ask(ctx context.Context, m pasarela.Merchant, t pasarela.Token, r TokenizeRequest, asksOTP bool) (pasarela.Authentication, error) {
	if r.Redirect != "" {
		if err := g.takeCardFor(ctx, m.ID, r.Redirect, t); err != nil {
			return pasarela.Authentication{}, err
		}
	}
	return g.authentication(ctx, m, t, r, asksOTP)
}

// claimToken takes the idempotency key before anybody is asked: a repetition must not put a second hold on a card.
func (g *Gateway) claimToken(ctx context.Context, m pasarela.MerchantID, t pasarela.Token, r TokenizeRequest) error {
	if r.Remember.Name == "" {
		return nil
	}
	return g.once(ctx, m, r.Remember, g.endedToken(m, r), func() error {
		return g.Store.Update(ctx, m, func(tx store.Tx) error { return r.Remember.claim(tx, string(t.ID), t.CreatedAt) })
	})
}

// endedToken judges a key whose holder is a token. One that is not there after as long as a request can take never
// will be.
func (g *Gateway) endedToken(m pasarela.MerchantID, r TokenizeRequest) judge {
	return func(ctx context.Context, holder string) (verdict, error) {
		t, err := g.Store.Token(ctx, m, pasarela.TokenID(holder))
		if pasarela.CodeOf(err) == pasarela.CodeNotFound {
			k, err := g.Store.Key(ctx, m, r.Remember.Name)
			return verdict{ended: err == nil && k.Holder == holder && g.now().After(g.deadline(k.CreatedAt))}, ignoreNotFound(err)
		}
		var a pasarela.Authentication
		if err == nil && t.Authentication != "" {
			a, err = g.Store.Authentication(ctx, m, t.Authentication)
		}
		if err != nil {
			return verdict{}, err
		}
		answer := r.Answer(t, a)
		return verdict{ended: true, answer: &answer}, nil
	}
}

// unclaimToken gives the key of a token back that was not made.
func (g *Gateway) unclaimToken(ctx context.Context, m pasarela.MerchantID, t pasarela.Token, r TokenizeRequest) error {
	if r.Remember.Name == "" {
		return nil
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	return g.Store.Update(ctx, m, func(tx store.Tx) error { return r.Remember.release(tx, string(t.ID)) })
}

func (g *Gateway) putToken(ctx context.Context, m pasarela.MerchantID, t pasarela.Token, a pasarela.Authentication, r TokenizeRequest) error {
	return g.Store.Update(ctx, m, func(tx store.Tx) error {
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
}

func (g *Gateway) newToken(ctx context.Context, m pasarela.Merchant, r *TokenizeRequest, now time.Time) (t pasarela.Token, asksOTP bool, err error) {
	if err := m.MayCharge(r.Total.Currency); err != nil && (m.Disabled || r.Total.Currency != "") {
		return t, false, err
	}
	if r.NeedsCVV && r.Card.CVV.IsZero() {
		return t, false, pasarela.Errorf(pasarela.CodeCVVRequired, "card came without its CVV")
	}
	if r.Subscription != "" {
		return g.storedToken(ctx, m, r, now)
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
