package pasarela

import "time"

// TokenLife is how long a single-use token can be charged (Kushki, "Token expiration": 30 minutes).
const TokenLife = 30 * time.Minute

// TokenUse is what a token was requested for.
type TokenUse string

// The uses. A token serves no other than its own.
const (
	UseCharge       TokenUse = "charge"       // one charge or authorization of a known total
	UseSubscription TokenUse = "subscription" // one subscription
	UseValidation   TokenUse = "validation"   // one account verification of zero
	UseLasting      TokenUse = "lasting"      // any number of payments, until the card expires
)

// Token stands for a card towards one merchant.
type Token struct {
	Merchant       MerchantID
	ID             TokenID
	Use            TokenUse
	Card           Sealed
	CVV            Sealed // empty where the merchant sent none, and after the first use
	Facts          CardFacts
	Fingerprint    string // keyed; equal for the same number at the same merchant
	Total          Money  // what the charge must add up to; zero value where the request names no total
	Deferred       bool   // requested for installments
	Details        []byte // JSON of the dialect: metadata
	Recurrence     Recurrence
	NetworkToken   bool             // its number stands for a card
	Subscription   SubscriptionID   // whose card it stands for, "" for a card of its own
	Authentication AuthenticationID // that a charge has to rest on, "" where none is demanded
	CreatedAt      time.Time
	ExpiresAt      time.Time
	SpentAt        time.Time // zero until it served
}

// Spend checks that the token may serve now for use and marks it as spent. It returns CodeTokenSpent for
// one that served or was made for another use, CodeTokenExpired for one that is too old.
func (t Token) Spend(use TokenUse, now time.Time) (Token, error) {
	if t.Use != use {
		return t, Errorf(CodeTokenSpent, "token was requested for another use")
	}
	if !t.SpentAt.IsZero() {
		return t, Errorf(CodeTokenSpent, "token has served already")
	}
	if !now.Before(t.ExpiresAt) {
		return t, Errorf(CodeTokenExpired, "token has expired")
	}
	t.SpentAt = now
	return t, nil
}
