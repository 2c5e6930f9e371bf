package gateway

import (
	"context"
	"errors"
	"time"

	"pasarela"
	"pasarela/store"
)

// ErrCustomerExists says that another customer of the merchant, one that is not deleted, has this reference.
var ErrCustomerExists = pasarela.Errorf(pasarela.CodeWrongState, "another customer of the merchant has this reference")

// CustomerAnswer remembers what was answered about a customer.
type CustomerAnswer struct {
	Remember Remember
	Answer   func(pasarela.Customer) Answer // required where Remember is set
}

// keep remembers the answer in the unit that makes the change: a repetition is answered before it is refused.
func (a CustomerAnswer) keep(tx store.Tx, holder string, now time.Time, change func() (pasarela.Customer, error)) error {
	if err := a.Remember.claim(tx, holder, now); err != nil {
		return err
	}
	c, err := change()
	if err != nil || a.Remember.Name == "" {
		return err
	}
	return a.Remember.settle(tx, holder, a.Answer(c))
}

// CreateCustomer keeps somebody whom the merchant sells to. It returns ErrCustomerExists, CodeKeyReused, *Replay and
// CodeInternal.
func (g *Gateway) CreateCustomer(ctx context.Context, m pasarela.Merchant, d pasarela.CustomerDetails, a CustomerAnswer) (pasarela.Customer, error) {
	now := g.now()
	c := pasarela.Customer{Merchant: m.ID, ID: g.IDs.Customer(), CustomerDetails: d, CreatedAt: now, UpdatedAt: now}
	err := g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		return a.keep(tx, string(c.ID), now, func() (pasarela.Customer, error) { return c, tx.InsertCustomer(c) })
	})
	return c, customerExists(err)
}

// ChangeCustomer replaces what is known of a customer by what change makes of it, and answers the customer. change may run
// more than once. It returns what CreateCustomer does, and CodeNotFound also for a customer that was deleted.
func (g *Gateway) ChangeCustomer(ctx context.Context, m pasarela.Merchant, id pasarela.CustomerID, change func(pasarela.CustomerDetails) pasarela.CustomerDetails, a CustomerAnswer) (c pasarela.Customer, err error) {
	holder, now := string(g.IDs.Customer()), g.now() // the key is this call's, not the customer's
	err = g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		return a.keep(tx, holder, now, func() (_ pasarela.Customer, err error) {
			if c, err = tx.Customer(id); err != nil {
				return c, err
			}
			if c, err = c.Changed(change(c.CustomerDetails), now); err != nil {
				return c, err
			}
			return c, tx.PutCustomer(c)
		})
	})
	return c, customerExists(err)
}

// customerExists says in words of its own that a reference is taken: the store refuses nothing else about a customer.
func customerExists(err error) error {
	if errors.Is(err, store.ErrDuplicate) {
		return ErrCustomerExists
	}
	return err
}

// DeleteCustomer ends a customer, and answers it; one that was deleted before stays as it is. What is known of it stays, its
// reference can be given to another. It returns CodeNotFound and CodeInternal.
func (g *Gateway) DeleteCustomer(ctx context.Context, m pasarela.Merchant, id pasarela.CustomerID) (c pasarela.Customer, err error) {
	err = g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		if c, err = tx.Customer(id); err != nil || c.IsDeleted() {
			return err
		}
		c = c.Deleted(g.now())
		return tx.PutCustomer(c)
	})
	return c, err
}

// Customer finds one, also one that was deleted. It returns CodeNotFound and CodeInternal.
func (g *Gateway) Customer(ctx context.Context, m pasarela.MerchantID, id pasarela.CustomerID) (pasarela.Customer, error) {
	return g.Store.Customer(ctx, m, id)
}

// CustomerByReference finds one that is not deleted by the merchant's own id. It returns CodeNotFound and CodeInternal.
func (g *Gateway) CustomerByReference(ctx context.Context, m pasarela.MerchantID, reference string) (pasarela.Customer, error) {
	return g.Store.CustomerByReference(ctx, m, reference)
}

// Customers lists those that are not deleted, latest first; those after the first offset of them, at most limit.
func (g *Gateway) Customers(ctx context.Context, m pasarela.MerchantID, offset, limit int) ([]pasarela.Customer, error) {
	return g.Store.Customers(ctx, m, offset, limit)
}
