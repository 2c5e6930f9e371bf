package pasarela

import (
	"slices"
	"time"
)

// RedirectState is where a redirect payment stands before there is a payment.
type RedirectState string

// The states. From the moment the buyer pays, the payment's own state says what became of it.
const (
	RedirectRequested   RedirectState = "requested"   // a browser asked for it
	RedirectInitialized RedirectState = "initialized" // the merchant began it; the buyer may pay
	RedirectAsking      RedirectState = "asking"      // the buyer has sent a card, whose issuer may be asking for a proof
	RedirectPaid        RedirectState = "paid"        // the card was charged, or refused before that: see the payment, or the subscription
	RedirectCancelled   RedirectState = "cancelled"   // by the buyer
)

// KindInscription is the kind of a Redirect whose card is stored for a subscription: nothing is paid, and its total is
// zero. It has it from the request on; the others get theirs when they are initialized.
const KindInscription PaymentKind = "inscription"

// Redirect is a payment whose buyer gives the card on a page of the gateway (Kushki, "Card async"), or the inscription of
// a card there.
type Redirect struct {
	Merchant    MerchantID
	ID          TokenID // 32 letters and digits; lives as long as a token
	State       RedirectState
	Kind        PaymentKind
	Total       Money
	Payment     PaymentID // transaction reference, fixed when it is initialized
	Card        TokenID   // the one card that may pay it, from RedirectAsking on
	Email       string
	Description string
	ReturnURL   string
	Order       []byte // JSON of the dialect
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UpdatedAt   time.Time
}

// Initialized begins it for a total that must be the one it was requested for. It returns CodeTokenSpent for
// one that was begun before or requested for another use, CodeTokenExpired and CodeAmountMismatch.
func (r Redirect) Initialized(kind PaymentKind, total Money, payment PaymentID, order []byte, now time.Time) (Redirect, error) {
	switch {
	case r.State != RedirectRequested:
		return r, Errorf(CodeTokenSpent, "redirect payment is %s", r.State)
	case (r.Kind == KindInscription) != (kind == KindInscription):
		return r, Errorf(CodeTokenSpent, "redirect payment was requested for another use")
	case !now.Before(r.ExpiresAt):
		return r, Errorf(CodeTokenExpired, "redirect payment has expired")
	case total != r.Total:
		return r, Errorf(CodeAmountMismatch, "amount is %s, token was requested for %s", total, r.Total)
	}
	r.State, r.Kind, r.Payment, r.Order, r.UpdatedAt = RedirectInitialized, kind, payment, order, now
	return r, nil
}

// Asked records that the buyer sent a card, before anybody is asked about it: it serves for one. It returns
// CodeTokenSpent and CodeTokenExpired.
func (r Redirect) Asked(card TokenID, now time.Time) (Redirect, error) {
	q, err := r.to(RedirectAsking, now, RedirectInitialized)
	if err == nil {
		q.Card = card
	}
	return q, err
}

// Paid records that the card is about to be charged, and that it is the one that was sent. It returns
// CodeTokenSpent and CodeTokenExpired.
func (r Redirect) Paid(card TokenID, now time.Time) (Redirect, error) {
	if card != r.Card {
		return r, Errorf(CodeTokenSpent, "redirect payment waits for another card")
	}
	return r.to(RedirectPaid, now, RedirectAsking)
}

// Settled is one for which no buyer has to give a card: p is charged to a stored one, and is told of by its status. It
// leaves identity, addresses and what is shown as they are.
func (r Redirect) Settled(p Payment, now time.Time) Redirect {
	r.Merchant, r.State, r.Kind, r.Total, r.Payment, r.Order = p.Merchant, RedirectPaid, p.Kind, p.Amount, p.ID, p.Order
	r.CreatedAt, r.ExpiresAt, r.UpdatedAt = now, now.Add(TokenLife), now
	return r
}

// Cancelled records that the buyer gave up. It returns CodeTokenSpent and CodeTokenExpired.
func (r Redirect) Cancelled(now time.Time) (Redirect, error) {
	return r.to(RedirectCancelled, now, RedirectInitialized, RedirectAsking)
}

func (r Redirect) to(s RedirectState, now time.Time, from ...RedirectState) (Redirect, error) {
	switch {
	case !slices.Contains(from, r.State):
		return r, Errorf(CodeTokenSpent, "redirect payment is %s", r.State)
	case !now.Before(r.ExpiresAt):
		return r, Errorf(CodeTokenExpired, "redirect payment has expired")
	}
	r.State, r.UpdatedAt = s, now
	return r, nil
}
