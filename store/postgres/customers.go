package postgres

import (
	"context"

	"pasarela"
)

// customerColumns are all but the merchant, as scanCustomer takes them.
const customerColumns = `id, reference, description, email, name, phone, zip_code, city, address, country, metadata,
	created_at, updated_at, deleted_at`

// InsertCustomer implements store.CustomerTx.
func (t *tx) InsertCustomer(c pasarela.Customer) error {
	args := []any{t.merchant, string(c.ID), c.Reference, c.Description, c.Email, c.Name, c.Phone, c.ZipCode, c.City, c.Address, c.Country,
		blob(c.Metadata), stamp(c.CreatedAt), stamp(c.UpdatedAt), stamp(c.DeletedAt)}
	return t.exec(`
		INSERT INTO customers (merchant, `+customerColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, args...)
}

const selectCustomer = `SELECT ` + customerColumns + ` FROM customers WHERE merchant = $1 AND id = $2`

// Customer implements store.CustomerTx.
func (t *tx) Customer(id pasarela.CustomerID) (pasarela.Customer, error) {
	return scanCustomer(t.queryRow(selectCustomer+` FOR UPDATE`, t.merchant, string(id)), t.merchant)
}

// Customer implements store.Reader.
func (s *Store) Customer(ctx context.Context, m pasarela.MerchantID, id pasarela.CustomerID) (pasarela.Customer, error) {
	return scanCustomer(s.queryRow(ctx, selectCustomer, string(m), string(id)), string(m))
}

// CustomerByReference implements store.Reader.
func (s *Store) CustomerByReference(ctx context.Context, m pasarela.MerchantID, reference string) (pasarela.Customer, error) {
	return scanCustomer(s.queryRow(ctx, `
		SELECT `+customerColumns+` FROM customers
		WHERE merchant = $1 AND reference = $2 AND reference <> '' AND deleted_at IS NULL`, string(m), reference), string(m))
}

func scanCustomer(from row, merchant string) (pasarela.Customer, error) {
	c := pasarela.Customer{Merchant: pasarela.MerchantID(merchant)}
	err := from.Scan((*string)(&c.ID), &c.Reference, &c.Description, &c.Email, &c.Name, &c.Phone, &c.ZipCode, &c.City, &c.Address, &c.Country,
		&c.Metadata, at(&c.CreatedAt), at(&c.UpdatedAt), at(&c.DeletedAt))
	if err != nil {
		return pasarela.Customer{}, err
	}
	return c, nil
}

// PutCustomer implements store.CustomerTx.
func (t *tx) PutCustomer(c pasarela.Customer) error {
	return t.put(`
		UPDATE customers SET reference = $1, description = $2, email = $3, name = $4, phone = $5, zip_code = $6, city = $7, address = $8,
			country = $9, metadata = $10, updated_at = $11, deleted_at = $12
		WHERE merchant = $13 AND id = $14 RETURNING 1`,
		c.Reference, c.Description, c.Email, c.Name, c.Phone, c.ZipCode, c.City, c.Address,
		c.Country, blob(c.Metadata), stamp(c.UpdatedAt), stamp(c.DeletedAt), t.merchant, string(c.ID))
}

// Customers implements store.Reader.
func (s *Store) Customers(ctx context.Context, m pasarela.MerchantID, offset, limit int) (page []pasarela.Customer, err error) {
	err = s.query(ctx, func(r row) error {
		c, err := scanCustomer(r, string(m))
		page = append(page, c)
		return err
	}, `SELECT `+customerColumns+` FROM customers
		WHERE merchant = $1 AND deleted_at IS NULL ORDER BY created_at DESC NULLS LAST, id DESC LIMIT $2 OFFSET $3`, string(m), int64(limit), int64(offset))
	return page, err
}
