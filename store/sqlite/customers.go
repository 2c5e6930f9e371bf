package sqlite

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
		blob(c.Metadata), micros(c.CreatedAt), micros(c.UpdatedAt), micros(c.DeletedAt)}
	_, err := t.exec(`
		INSERT INTO customers (merchant, `+customerColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

const selectCustomer = `SELECT ` + customerColumns + ` FROM customers WHERE merchant = ? AND id = ?`

// Customer implements store.CustomerTx.
func (t *tx) Customer(id pasarela.CustomerID) (pasarela.Customer, error) {
	return scanCustomer(t.queryRow(selectCustomer, t.merchant, string(id)), t.merchant)
}

// Customer implements store.Reader.
func (s *Store) Customer(ctx context.Context, m pasarela.MerchantID, id pasarela.CustomerID) (pasarela.Customer, error) {
	return scanCustomer(s.queryRow(ctx, selectCustomer, string(m), string(id)), string(m))
}

// CustomerByReference implements store.Reader.
func (s *Store) CustomerByReference(ctx context.Context, m pasarela.MerchantID, reference string) (pasarela.Customer, error) {
	return scanCustomer(s.queryRow(ctx, `
		SELECT `+customerColumns+` FROM customers
		WHERE merchant = ? AND reference = ? AND reference <> '' AND deleted_at IS NULL`, string(m), reference), string(m))
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
		UPDATE customers SET reference = ?, description = ?, email = ?, name = ?, phone = ?, zip_code = ?, city = ?, address = ?,
			country = ?, metadata = ?, updated_at = ?, deleted_at = ?
		WHERE merchant = ? AND id = ?`,
		c.Reference, c.Description, c.Email, c.Name, c.Phone, c.ZipCode, c.City, c.Address,
		c.Country, blob(c.Metadata), micros(c.UpdatedAt), micros(c.DeletedAt), t.merchant, string(c.ID))
}

// Customers implements store.Reader. A creation of NULL is the lowest.
func (s *Store) Customers(ctx context.Context, m pasarela.MerchantID, offset, limit int) (page []pasarela.Customer, err error) {
	err = s.query(ctx, func(r row) error {
		c, err := scanCustomer(r, string(m))
		page = append(page, c)
		return err
	}, `SELECT `+customerColumns+` FROM customers
		WHERE merchant = ? AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`, string(m), int64(limit), int64(offset))
	return page, err
}
