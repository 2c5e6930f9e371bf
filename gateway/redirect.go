package gateway

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// RedirectAnswer remembers what was answered about a redirect payment.
type RedirectAnswer struct {
	Remember Remember
	Answer   func(pasarela.Redirect) Answer // required where Remember is set
}

// keep remembers the answer in the unit that makes the change: a repetition is answered before it is refused.
func (a RedirectAnswer) keep(tx store.Tx, holder string, now time.Time, change func() (pasarela.Redirect, error)) error {
	if err := a.Remember.claim(tx, holder, now); err != nil {
		return err
	}
	r, err := change()
	if err != nil || a.Remember.Name == "" {
		return err
	}
	return a.Remember.settle(tx, holder, a.Answer(r))
}

// RequestRedirect begins a payment whose buyer will give the card on a page of the gateway. It returns
// CodeMerchantDisabled, CodeCurrencyNotAllowed, CodeKeyReused and *Replay.
func (g *Gateway) RequestRedirect(ctx context.Context, m pasarela.Merchant, r pasarela.Redirect, a RedirectAnswer) (pasarela.Redirect, error) {
	if err := m.MayCharge(r.Total.Currency); err != nil {
		return r, err
	}
	now := g.now()
	r.Merchant, r.ID, r.State = m.ID, g.IDs.Token(now), pasarela.RedirectRequested
	r.CreatedAt, r.ExpiresAt, r.UpdatedAt = now, now.Add(pasarela.TokenLife), now
	return r, g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		return a.keep(tx, string(r.ID), now, func() (pasarela.Redirect, error) { return r, tx.InsertRedirect(r) })
	})
}

// InitializeRedirect fixes what is to be paid; from now on the buyer may pay. It returns CodeTokenSpent for an
// unknown one and for one that was begun before, CodeTokenExpired, CodeAmountMismatch, CodeKeyReused and *Replay.
func (g *Gateway) InitializeRedirect(ctx context.Context, m pasarela.Merchant, id pasarela.TokenID, kind pasarela.PaymentKind, total pasarela.Money, order []byte, a RedirectAnswer) (r pasarela.Redirect, err error) {
	payment, now := g.IDs.Payment(), g.now()
	err = g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		return a.keep(tx, string(payment), now, func() (_ pasarela.Redirect, err error) {
			r, err = takeRedirect(tx, id, func(r pasarela.Redirect) (pasarela.Redirect, error) {
				return r.Initialized(kind, total, payment, order, now)
			})
			return r, err
		})
	})
	return r, err
}

// CancelRedirect records that the buyer gave up. It returns what InitializeRedirect does.
func (g *Gateway) CancelRedirect(ctx context.Context, m pasarela.Merchant, id pasarela.TokenID) (pasarela.Redirect, error) {
	return g.changeRedirect(ctx, m.ID, id, func(r pasarela.Redirect) (pasarela.Redirect, error) { return r.Cancelled(g.now()) })
}

// takeCardFor records whose card it is before anybody is asked about it, so that a link to the page does not serve
// to try cards.
func (g *Gateway) takeCardFor(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID, t pasarela.Token) error {
	_, err := g.changeRedirect(ctx, m, id, func(r pasarela.Redirect) (pasarela.Redirect, error) { return r.Asked(t.ID, g.now()) })
	return err
}

func (g *Gateway) changeRedirect(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID, change func(pasarela.Redirect) (pasarela.Redirect, error)) (r pasarela.Redirect, err error) {
	err = g.Store.Update(ctx, m, func(tx store.Tx) (err error) {
		r, err = takeRedirect(tx, id, change)
		return err
	})
	return r, err
}

func takeRedirect(tx store.Tx, id pasarela.TokenID, change func(pasarela.Redirect) (pasarela.Redirect, error)) (pasarela.Redirect, error) {
	r, err := tx.Redirect(id)
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return r, pasarela.Errorf(pasarela.CodeTokenSpent, "unknown redirect payment")
	}
	if err != nil {
		return r, err
	}
	if r, err = change(r); err != nil {
		return r, err
	}
	return r, tx.PutRedirect(r)
}

// RedirectAuthentication finds what the charge of the card rests on that was sent for a redirect payment: the zero
// value where nothing is demanded of it. It returns CodeNotFound while the card is being taken.
func (g *Gateway) RedirectAuthentication(ctx context.Context, m pasarela.MerchantID, r pasarela.Redirect) (pasarela.Authentication, error) {
	t, err := g.Store.Token(ctx, m, r.Card)
	if err != nil || t.Authentication == "" {
		return pasarela.Authentication{}, err
	}
	return g.Authentication(ctx, m, t.Authentication)
}

// Redirect finds one, and its payment: the zero value before the buyer has paid. It returns CodeNotFound.
func (g *Gateway) Redirect(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Redirect, pasarela.Payment, error) {
	r, err := g.Store.Redirect(ctx, m, id)
	if err != nil || r.State != pasarela.RedirectPaid {
		return r, pasarela.Payment{}, err
	}
	p, err := g.Store.Payment(ctx, m, r.Payment)
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return r, pasarela.Payment{}, nil // its promise was refused
	}
	return r, p, err
}
