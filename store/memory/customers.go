package memory

import (
	"cmp"
	"context"
	"slices"

	"pasarela"
	"pasarela/store"
)

// Customer implements store.Reader.
func (d *database) Customer(_ context.Context, m pasarela.MerchantID, id pasarela.CustomerID) (pasarela.Customer, error) {
	return find(d, m, func(t *tables) *pasarela.Customer { return t.customers.rows[id] })
}

// CustomerByReference implements store.Reader.
func (d *database) CustomerByReference(_ context.Context, m pasarela.MerchantID, reference string) (pasarela.Customer, error) {
	return find(d, m, func(t *tables) *pasarela.Customer {
		if id := t.references.rows[reference]; id != nil {
			return t.customers.rows[*id]
		}
		return nil
	})
}

// Customers implements store.Reader.
func (d *database) Customers(_ context.Context, m pasarela.MerchantID, offset, limit int) (page []pasarela.Customer, _ error) {
	d.read(m, func(t *tables) {
		for _, c := range t.customers.rows {
			if !c.IsDeleted() {
				page = append(page, *c)
			}
		}
	})
	slices.SortFunc(page, func(a, b pasarela.Customer) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	page = page[min(offset, len(page)):]
	return page[:min(limit, len(page))], nil
}

func (t *tx) InsertCustomer(c pasarela.Customer) error {
	c.Merchant = t.merchant
	return t.write(func() bool { return t.customers.insert(c.ID, customerRow(c)) && t.refer(c) }, store.ErrDuplicate)
}

// refer takes the reference of a customer, and says whether it was free.
func (t *tx) refer(c pasarela.Customer) bool {
	return c.Reference == "" || c.IsDeleted() || t.references.insert(c.Reference, c.ID)
}

func (t *tx) Customer(id pasarela.CustomerID) (pasarela.Customer, error) {
	return row(t, t.customers.get(id))
}

func (t *tx) PutCustomer(c pasarela.Customer) error {
	old, err := t.Customer(c.ID)
	if err != nil {
		return t.write(func() bool { return false }, err)
	}
	c.Merchant, c.CreatedAt = old.Merchant, old.CreatedAt
	return t.write(func() bool {
		if id := t.references.get(old.Reference); id != nil && *id == c.ID {
			t.references.drop(old.Reference)
		}
		t.customers.put(c.ID, customerRow(c))
		return t.refer(c)
	}, store.ErrDuplicate)
}

func customerRow(c pasarela.Customer) pasarela.Customer {
	c.Metadata = content(c.Metadata)
	c.CreatedAt, c.UpdatedAt, c.DeletedAt = instant(c.CreatedAt), instant(c.UpdatedAt), instant(c.DeletedAt)
	return c
}
