package storetest

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var customerScenarios = []scenario{
	on("a customer comes back as it was inserted", customerComesBack),
	on("a customer's id and its reference serve once", customerDuplicate),
	on("putting a customer stores what can change, and nothing else", customerPut),
	on("a reference that is put serves once", customerReferencePut),
	on("the reference of a deleted customer may be given again", customerReferenceFreed),
	on("of many callers one takes a reference", customerReferenceOnce),
	on("customers are listed latest first, without the deleted ones", customersListed),
}

func insertCustomers(t *testing.T, s store.Store, customers ...pasarela.Customer) {
	t.Helper()
	for _, c := range customers {
		update(t, s, c.Merchant, func(tx store.Tx) error { return tx.InsertCustomer(c) })
	}
}

func putCustomer(t *testing.T, s store.Store, c pasarela.Customer) {
	t.Helper()
	update(t, s, c.Merchant, func(tx store.Tx) error { return tx.PutCustomer(c) })
}

// referred is a customer with a reference.
func referred(id pasarela.CustomerID, reference string) pasarela.Customer {
	c := sampleCustomer(id)
	c.Reference = reference
	return c
}

func customerComesBack(t *testing.T, s store.Store) {
	gone := sampleCustomer("gone").Deleted(later(time.Hour))
	for _, c := range []pasarela.Customer{sampleCustomer("full"), gone, {Merchant: shop, ID: "bare"}} {
		insertCustomers(t, s, c)
		same(t, "customer", found(s.Customer(t.Context(), shop, c.ID))(t), c)
		update(t, s, shop, func(tx store.Tx) error {
			same(t, "customer in a unit", found(tx.Customer(c.ID))(t), c)
			return nil
		})
	}
	same(t, "customer by reference", found(s.CustomerByReference(t.Context(), shop, "u-full"))(t), sampleCustomer("full"))
	absent(s.Customer(t.Context(), shop, "never"))(t, "unknown customer")
	absent(s.CustomerByReference(t.Context(), shop, "u-never"))(t, "unknown reference")
	absent(s.CustomerByReference(t.Context(), shop, "u-gone"))(t, "reference of a deleted customer")
	absent(s.CustomerByReference(t.Context(), shop, ""))(t, "no reference")
	update(t, s, shop, func(tx store.Tx) error {
		absent(tx.Customer("never"))(t, "unknown customer in a unit")
		return nil
	})
}

func customerDuplicate(t *testing.T, s store.Store) {
	insertCustomers(t, s, sampleCustomer("c"))
	for _, again := range []pasarela.Customer{referred("c", "another"), referred("c", ""), referred("d", "u-c")} {
		refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertCustomer(again) })
	}
	same(t, "customer", found(s.Customer(t.Context(), shop, "c"))(t), sampleCustomer("c"))
	absent(s.Customer(t.Context(), shop, "d"))(t, "customer that was refused")
	insertCustomers(t, s, referred("d", "U-c"), referred("e", ""), referred("f", ""))
	same(t, "reference in capitals", found(s.CustomerByReference(t.Context(), shop, "U-c"))(t).ID, "d")
}

func customerPut(t *testing.T, s store.Store) {
	insertCustomers(t, s, sampleCustomer("c"), sampleCustomer("untouched"))
	put := pasarela.Customer{
		Merchant: shop, ID: "c",
		CustomerDetails: pasarela.CustomerDetails{Reference: "1", Description: "2", Email: "3", Name: "4", Phone: "5", ZipCode: "6", City: "7",
			Address: "8", Country: "9", Metadata: []byte(`{}`)},
		UpdatedAt: later(time.Hour), DeletedAt: later(2 * time.Hour),
		CreatedAt: later(time.Minute), // is not stored
	}
	putCustomer(t, s, put)
	put.CreatedAt = noon
	same(t, "customer", found(s.Customer(t.Context(), shop, "c"))(t), put)
	bare := pasarela.Customer{Merchant: shop, ID: "c", CreatedAt: noon}
	putCustomer(t, s, bare)
	same(t, "customer of whom nothing is said", found(s.Customer(t.Context(), shop, "c"))(t), bare)
	same(t, "its neighbour", found(s.Customer(t.Context(), shop, "untouched"))(t), sampleCustomer("untouched"))
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutCustomer(sampleCustomer("never")) })
}

func customerReferencePut(t *testing.T, s store.Store) {
	insertCustomers(t, s, referred("c", "a"), referred("d", "b"))
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.PutCustomer(referred("d", "a")) })
	same(t, "customer that was refused", found(s.CustomerByReference(t.Context(), shop, "b"))(t), referred("d", "b"))
	putCustomer(t, s, referred("c", "a")) // its own
	putCustomer(t, s, referred("c", "z"))
	absent(s.CustomerByReference(t.Context(), shop, "a"))(t, "reference given up")
	putCustomer(t, s, referred("d", "a"))
	same(t, "new owner", found(s.CustomerByReference(t.Context(), shop, "a"))(t).ID, "d")
	same(t, "old owner", found(s.CustomerByReference(t.Context(), shop, "z"))(t).ID, "c")
}

func customerReferenceFreed(t *testing.T, s store.Store) {
	insertCustomers(t, s, referred("c", "a"))
	gone := referred("c", "a").Deleted(later(time.Hour))
	putCustomer(t, s, gone)
	absent(s.CustomerByReference(t.Context(), shop, "a"))(t, "reference of a deleted customer")
	insertCustomers(t, s, referred("d", "a"))
	putCustomer(t, s, gone) // takes nothing from the other
	same(t, "new owner", found(s.CustomerByReference(t.Context(), shop, "a"))(t).ID, "d")
	same(t, "deleted customer", found(s.Customer(t.Context(), shop, "c"))(t), gone)
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.PutCustomer(referred("c", "a")) })
}

func customerReferenceOnce(t *testing.T, s store.Store) {
	oneWins(t, together(func(i int) error {
		return s.Update(t.Context(), shop, func(tx store.Tx) error {
			return tx.InsertCustomer(referred(pasarela.CustomerID(number("c", i)), "a"))
		})
	}), pasarela.CodeWrongState)
	same(t, "customers", len(found(s.Customers(t.Context(), shop, 0, callers))(t)), 1)
}

func customerIDs(t *testing.T, s store.Store, m pasarela.MerchantID, offset, limit int) []pasarela.CustomerID {
	t.Helper()
	ids := []pasarela.CustomerID{}
	for _, c := range found(s.Customers(t.Context(), m, offset, limit))(t) {
		ids = append(ids, c.ID)
	}
	return ids
}

func customersListed(t *testing.T, s store.Store) {
	for id, created := range map[pasarela.CustomerID]time.Time{
		"b": noon, "a": noon, "latest": later(time.Microsecond), "first": later(-time.Hour), "timeless": {}, "gone": later(time.Hour),
	} {
		c := sampleCustomer(id)
		c.CreatedAt = created
		insertCustomers(t, s, c)
	}
	gone := found(s.Customer(t.Context(), shop, "gone"))(t)
	putCustomer(t, s, gone.Deleted(later(2*time.Hour)))
	all := []pasarela.CustomerID{"latest", "b", "a", "first", "timeless"}
	same(t, "all", customerIDs(t, s, shop, 0, 100), all)
	same(t, "two", customerIDs(t, s, shop, 0, 2), all[:2])
	same(t, "the two after one", customerIDs(t, s, shop, 1, 2), all[1:3])
	same(t, "the last", customerIDs(t, s, shop, 4, 2), all[4:])
	same(t, "after the last", customerIDs(t, s, shop, 5, 2), []pasarela.CustomerID{})
	same(t, "far after it", customerIDs(t, s, shop, 1e9, 2), []pasarela.CustomerID{})
	same(t, "whole row", found(s.Customers(t.Context(), shop, 1, 1))(t), []pasarela.Customer{sampleCustomer("b")})
}
