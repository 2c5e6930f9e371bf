// Package ledger is double entry: which accounts exist, and what each event of a payment posts.
//
// A posting moves one amount from a credited account to a debited one, so the postings of an event sum to
// zero per currency by construction. Postings are only ever appended: nothing here or in the stores changes
// or deletes one. Functions are pure; the store keeps what they return in the transaction of the change.
//
//	hold      issuer_holds         <- merchant_pending   the issuer set money aside
//	release   merchant_pending     <- issuer_holds       void, expiry, a reauthorization given back, or the rest after a capture
//	sale      acquirer_receivable  <- merchant_payable   money taken at once
//	capture   release of the whole hold, then as sale
//	void      merchant_payable     <- acquirer_receivable
//	refund    merchant_payable     <- acquirer_receivable
//
// (debited account on the left, credited account on the right)
package ledger

import (
	"time"

	"pasarela"
)

// Account is one account of a merchant's books. Each exists once per merchant and currency.
type Account string

// The accounts.
const (
	IssuerHolds        Account = "issuer_holds"        // set aside by issuers
	MerchantPending    Account = "merchant_pending"    // the same, seen from the merchant's side
	AcquirerReceivable Account = "acquirer_receivable" // owed to the gateway by the acquirer
	MerchantPayable    Account = "merchant_payable"    // owed to the merchant by the gateway
)

// Accounts lists all of them.
var Accounts = []Account{IssuerHolds, MerchantPending, AcquirerReceivable, MerchantPayable}

// Event is why something was posted.
type Event string

// The events.
const (
	Hold    Event = "hold"
	Release Event = "release"
	Sale    Event = "sale"
	Capture Event = "capture"
	Void    Event = "void"
	Refund  Event = "refund"
)

// Posting is one movement. Amount is above zero.
type Posting struct {
	ID       pasarela.PostingID
	Merchant pasarela.MerchantID
	Payment  pasarela.PaymentID
	Event    Event
	Debit    Account
	Credit   Account
	Amount   pasarela.Money
	At       time.Time
}

// OnApproved is what an approved payment posts: a hold, or a sale.
func OnApproved(p pasarela.Payment) []Posting {
	if p.Kind == pasarela.KindAuthorization {
		return []Posting{post(p, Hold, IssuerHolds, MerchantPending, p.Amount.Minor)}
	}
	return []Posting{post(p, Sale, AcquirerReceivable, MerchantPayable, p.Amount.Minor)}
}

// OnReauthorized is what a reauthorization of minor units posts; one that only prolongs the hold posts nothing.
func OnReauthorized(p pasarela.Payment, minor int64) []Posting {
	if minor == 0 {
		return nil
	}
	return []Posting{post(p, Hold, IssuerHolds, MerchantPending, minor)}
}

// OnReduced is what the void of a reauthorization of minor units posts.
func OnReduced(p pasarela.Payment, minor int64) []Posting {
	if minor == 0 {
		return nil
	}
	return []Posting{post(p, Release, MerchantPending, IssuerHolds, minor)}
}

// OnCaptured is what a captured authorization posts: the whole hold goes, what was captured comes.
func OnCaptured(p pasarela.Payment) []Posting {
	return []Posting{
		post(p, Release, MerchantPending, IssuerHolds, p.Held().Minor),
		post(p, Capture, AcquirerReceivable, MerchantPayable, p.Captured),
	}
}

// OnReleased is what a hold posts that was voided or ran out.
func OnReleased(p pasarela.Payment) []Posting {
	return []Posting{post(p, Release, MerchantPending, IssuerHolds, p.Held().Minor)}
}

// OnVoided is what a voided sale or capture posts.
func OnVoided(p pasarela.Payment) []Posting {
	return []Posting{post(p, Void, MerchantPayable, AcquirerReceivable, p.Captured)}
}

// OnRefunded is what a refund of minor units posts.
func OnRefunded(p pasarela.Payment, minor int64) []Posting {
	return []Posting{post(p, Refund, MerchantPayable, AcquirerReceivable, minor)}
}

func post(p pasarela.Payment, e Event, debit, credit Account, minor int64) Posting {
	return Posting{
		Merchant: p.Merchant, Payment: p.ID, Event: e, Debit: debit, Credit: credit,
		Amount: pasarela.Money{Minor: minor, Currency: p.Amount.Currency}, At: p.UpdatedAt,
	}
}

// Balances are signed minor units by account: debits minus credits.
type Balances map[Account]int64

// Add applies one posting.
func (b Balances) Add(debit, credit Account, minor int64) {
	b[debit] += minor
	b[credit] -= minor
}

// Expected is what the postings of a payment must add up to, given its state. Reconciliation compares it
// with what was posted.
func Expected(p pasarela.Payment) Balances {
	b := Balances{}
	state := p.State
	if state == pasarela.StateUncapturing && p.Captured > 0 { // what is being reversed is a capture besides the one that stands
		state = pasarela.StateCaptured
	}
	switch state {
	case pasarela.StateAuthorized, pasarela.StateCapturing, pasarela.StateUncapturing, pasarela.StateReleasing,
		pasarela.StateExtending, pasarela.StateUnextending, pasarela.StateReducing:
		b.Add(IssuerHolds, MerchantPending, p.Held().Minor)
	case pasarela.StateCaptured, pasarela.StateVoiding, pasarela.StateRefunding, pasarela.StateVoided, pasarela.StateRefunded:
		b.Add(AcquirerReceivable, MerchantPayable, p.Captured-p.Refunded)
	case pasarela.StateAuthorizing, pasarela.StateReversing, pasarela.StateDeclined, pasarela.StateReversed,
		pasarela.StateReleased, pasarela.StateExpired:
	}
	return b
}

// Equal says whether two balances agree; an account that is missing stands at zero.
func (b Balances) Equal(other Balances) bool {
	for _, a := range Accounts {
		if b[a] != other[a] {
			return false
		}
	}
	return true
}
