package pasarela

import "time"

// SubscriptionState is where a stored card stands.
type SubscriptionState string

// The states.
const (
	SubscriptionVerifying SubscriptionState = "verifying" // the card's verification may be under way
	SubscriptionActive    SubscriptionState = "active"
	SubscriptionRejected  SubscriptionState = "rejected" // the card did not pass; final
)

// Subscription is a card that a merchant may charge again, on demand or by a plan.
type Subscription struct {
	Merchant    MerchantID
	ID          SubscriptionID
	State       SubscriptionState
	Card        Sealed
	Facts       CardFacts
	Fingerprint string
	Plan        string
	Periodicity string
	Amount      Money
	StartDate   string // YYYY-MM-DD, the merchant's calendar
	EndDate     string // "" when open
	Order       []byte // JSON of the dialect: amounts by tax, contact, metadata, retries
	DueAt       time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Verified records the answer to the card's verification. A rejected subscription keeps no card.
func (s Subscription) Verified(good bool, now time.Time) (Subscription, error) {
	if s.State != SubscriptionVerifying {
		return s, Errorf(CodeWrongState, "subscription is %s", s.State)
	}
	s.DueAt, s.UpdatedAt, s.State = time.Time{}, now, SubscriptionActive
	if !good {
		s.State, s.Card = SubscriptionRejected, Sealed{}
	}
	return s, nil
}

// Chargeable returns CodeNotFound for a subscription that is not active.
func (s Subscription) Chargeable() error {
	if s.State != SubscriptionActive {
		return Errorf(CodeNotFound, "subscription is %s", s.State)
	}
	return nil
}
