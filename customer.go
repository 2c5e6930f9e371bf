package pasarela

import "time"

// Customer is somebody a merchant sells to. Nothing of a card is in it.
type Customer struct {
	Merchant MerchantID
	ID       CustomerID
	CustomerDetails
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // zero until the merchant deletes it; what is known of it stays
}

// CustomerDetails are what a merchant says of a customer. "" is what it does not say.
type CustomerDetails struct {
	Reference   string // the merchant's own id: no two customers have the same, but for those that were deleted
	Description string
	Email       string
	Name        string
	Phone       string
	ZipCode     string
	City        string
	Address     string
	Country     string
	Metadata    []byte // JSON object of the merchant's own; nil for none
}

// IsDeleted says whether the merchant has deleted the customer.
func (c Customer) IsDeleted() bool { return !c.DeletedAt.IsZero() }

// Changed takes what the merchant says from now on. It returns CodeNotFound for a customer that was deleted.
func (c Customer) Changed(d CustomerDetails, now time.Time) (Customer, error) {
	if c.IsDeleted() {
		return c, Errorf(CodeNotFound, "customer was deleted")
	}
	c.CustomerDetails, c.UpdatedAt = d, now
	return c, nil
}

// Deleted ends it. One that was deleted before stays as it is.
func (c Customer) Deleted(now time.Time) Customer {
	if !c.IsDeleted() {
		c.UpdatedAt, c.DeletedAt = now, now
	}
	return c
}
