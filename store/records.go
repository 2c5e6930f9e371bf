package store

import (
	"time"

	"pasarela"
)

// BillingCounts say how far charges are.
type BillingCounts struct {
	Due      int // active subscriptions of which something is due now
	Charging int // periods whose payment has no outcome yet, whenever they begin
	Retrying int // periods that wait for their next attempt, whenever they begin
	Paid     int // periods that begin on the day and are paid
	Failed   int // that begin on it and failed for good
	Skipped  int // that begin on it and were not to be charged
}

// DeliveryFilter picks deliveries. A zero field picks all.
type DeliveryFilter struct {
	Event    pasarela.EventID
	Endpoint string
	State    pasarela.DeliveryState
	From, To time.Time // of creation, both included
}

// Endpoint is one merchant's address that deliveries go to.
type Endpoint struct {
	Merchant pasarela.MerchantID
	URL      string // without its query
}

// MerchantRecord is a merchant as it is kept: the profile in clear without secrets, its credentials sealed,
// and a keyed hash of each credential to find it by.
type MerchantRecord struct {
	ID          pasarela.MerchantID
	Profile     []byte // JSON
	Secrets     pasarela.Sealed
	Credentials []Credential
	CreatedAt   time.Time
}

// Credential finds a merchant: Kind says of which header, Hash is keyed.
type Credential struct {
	Kind string // "kushki_public", "kushki_private", "monri"
	Hash string
}
