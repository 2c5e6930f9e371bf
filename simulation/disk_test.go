package simulation

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
	"pasarela/store/storetest"
)

// disk is a database in memory: what is left of a gateway that was killed. It keeps the contract of store.Store
// for as many gateways as there are, and costs next to nothing, so that a run plays more payments than a
// database lets it. Units run one after the other; readers do not wait for them.
type disk struct {
	units sync.Mutex // held while a unit runs

	mu          sync.RWMutex
	shops       map[pasarela.MerchantID]*tables              // guarded by mu
	merchants   map[pasarela.MerchantID]store.MerchantRecord // guarded by mu
	credentials map[store.Credential]pasarela.MerchantID     // guarded by mu
	keysets     map[string]pasarela.Keyset                   // guarded by mu
	binFile     pasarela.BINFile                             // version 0 where none was loaded; guarded by mu
}

// handle is one gateway's connection to a disk.
type handle struct {
	*disk
	mu     sync.Mutex
	closed bool // guarded by mu
}

func newDisk() *disk {
	return &disk{shops: map[pasarela.MerchantID]*tables{}, merchants: map[pasarela.MerchantID]store.MerchantRecord{},
		credentials: map[store.Credential]pasarela.MerchantID{}, keysets: map[string]pasarela.Keyset{}}
}

// The simulated disk keeps the contract that both engines keep.
func TestDiskKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Open {
		d := newDisk()
		return func(*testing.T) store.Store { return &handle{disk: d} }
	})
}

var errClosed = pasarela.Errorf(pasarela.CodeInternal, "disk is closed")

// Update implements store.Store.
func (h *handle) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := h.Ping(ctx); err != nil {
		return err
	}
	return h.run(m, unit)
}

// Ping implements store.Store.
func (h *handle) Ping(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errClosed
	}
	return nil
}

// Close implements store.Store.
func (h *handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return nil
}

func (d *disk) run(m pasarela.MerchantID, unit func(store.Tx) error) error {
	d.units.Lock()
	defer d.units.Unlock()
	d.mu.Lock()
	if d.shops[m] == nil {
		d.shops[m] = newTables(m)
	}
	t := &diskTx{tables: d.shops[m]}
	d.mu.Unlock()
	keep := false
	defer func() {
		t.ended = true
		d.mu.Lock()
		defer d.mu.Unlock()
		t.end(keep)
	}()
	err := unit(t)
	if err == nil {
		err = t.failed
	}
	keep = err == nil
	return err
}

// Reset implements store.Resetter.
func (d *disk) Reset(context.Context) error {
	d.units.Lock()
	defer d.units.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.shops)
	clear(d.merchants)
	clear(d.credentials)
	return nil
}

// shop calls read with what a merchant has.
func (d *disk) shop(m pasarela.MerchantID, read func(t *tables)) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if t := d.shops[m]; t != nil {
		read(t)
	}
}

// find reads one row.
func find[V any](d *disk, m pasarela.MerchantID, row func(t *tables) *V) (v V, err error) {
	err = store.ErrNotFound
	d.shop(m, func(t *tables) {
		if r := row(t); r != nil {
			v, err = *r, nil
		}
	})
	return v, err
}

// Token implements store.Reader.
func (d *disk) Token(_ context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Token, error) {
	return find(d, m, func(t *tables) *pasarela.Token { return t.tokens.rows[id] })
}

// Payment implements store.Reader.
func (d *disk) Payment(_ context.Context, m pasarela.MerchantID, id pasarela.PaymentID) (pasarela.Payment, error) {
	return find(d, m, func(t *tables) *pasarela.Payment { return t.payments.rows[id] })
}

// PaymentByTicket implements store.Reader.
func (d *disk) PaymentByTicket(_ context.Context, m pasarela.MerchantID, ticket pasarela.Ticket) (pasarela.Payment, error) {
	return find(d, m, func(t *tables) *pasarela.Payment {
		if id := t.tickets.rows[ticket]; id != nil {
			return t.payments.rows[*id]
		}
		return nil
	})
}

// Operation implements store.Reader.
func (d *disk) Operation(_ context.Context, m pasarela.MerchantID, id pasarela.OperationID) (pasarela.Operation, error) {
	return find(d, m, func(t *tables) *pasarela.Operation { return t.operations.rows[id] })
}

// OperationByTicket implements store.Reader.
func (d *disk) OperationByTicket(_ context.Context, m pasarela.MerchantID, ticket pasarela.Ticket) (pasarela.Operation, error) {
	return find(d, m, func(t *tables) *pasarela.Operation {
		if id := t.operationTickets.rows[ticket]; id != nil {
			return t.operations.rows[*id]
		}
		return nil
	})
}

// Subscription implements store.Reader.
func (d *disk) Subscription(_ context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return find(d, m, func(t *tables) *pasarela.Subscription { return t.subscriptions.rows[id] })
}

// Key implements store.Reader.
func (d *disk) Key(_ context.Context, m pasarela.MerchantID, name string) (store.Key, error) {
	return find(d, m, func(t *tables) *store.Key { return t.keys.rows[name] })
}

// Due implements store.Reader.
func (d *disk) Due(_ context.Context, m pasarela.MerchantID, now time.Time, limit int) (ids []pasarela.PaymentID, _ error) {
	d.shop(m, func(t *tables) { ids = earliest(t.due(now), limit) })
	return ids, nil
}

// DueSubscriptions implements store.Reader.
func (d *disk) DueSubscriptions(_ context.Context, m pasarela.MerchantID, now time.Time, limit int) (ids []pasarela.SubscriptionID, _ error) {
	d.shop(m, func(t *tables) { ids = earliest(t.dueSubscriptions(now), limit) })
	return ids, nil
}

// Payments implements store.Reader.
func (d *disk) Payments(_ context.Context, m pasarela.MerchantID, after pasarela.Ticket, limit int) (page []pasarela.Payment, _ error) {
	d.shop(m, func(t *tables) {
		for _, ticket := range slices.Sorted(maps.Keys(t.tickets.rows)) {
			if ticket > after && len(page) < limit {
				page = append(page, *t.payments.rows[*t.tickets.rows[ticket]])
			}
		}
	})
	return page, nil
}

// PaymentBalances implements store.Reader.
func (d *disk) PaymentBalances(_ context.Context, m pasarela.MerchantID, ids []pasarela.PaymentID) (map[pasarela.PaymentID]ledger.Balances, error) {
	found := make(map[pasarela.PaymentID]ledger.Balances, len(ids))
	for _, id := range ids {
		found[id] = ledger.Balances{}
	}
	d.shop(m, func(t *tables) {
		for _, p := range t.postings.rows {
			if b := found[p.Payment]; b != nil {
				b.Add(p.Debit, p.Credit, p.Amount.Minor)
			}
		}
	})
	return found, nil
}

// Balances implements store.Reader.
func (d *disk) Balances(_ context.Context, m pasarela.MerchantID) (map[pasarela.Currency]ledger.Balances, error) {
	found := map[pasarela.Currency]ledger.Balances{}
	d.shop(m, func(t *tables) {
		for _, p := range t.postings.rows {
			if found[p.Amount.Currency] == nil {
				found[p.Amount.Currency] = ledger.Balances{}
			}
			found[p.Amount.Currency].Add(p.Debit, p.Credit, p.Amount.Minor)
		}
	})
	return found, nil
}

// RollUp implements store.Reader: balances are added up anew each time, so there is nothing to fold.
func (d *disk) RollUp(context.Context, pasarela.MerchantID, pasarela.PostingID) error { return nil }

// PendingPayments implements store.Reader.
func (d *disk) PendingPayments(_ context.Context, m pasarela.MerchantID) (n int, _ error) {
	d.shop(m, func(t *tables) {
		for _, p := range t.payments.rows {
			if p.State.Pending() {
				n++
			}
		}
	})
	return n, nil
}

// InsertMerchant implements store.Merchants.
func (d *disk) InsertMerchant(_ context.Context, r store.MerchantRecord) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, taken := d.merchants[r.ID]
	for _, c := range r.Credentials {
		if _, ok := d.credentials[c]; ok {
			taken = true
		}
	}
	if taken {
		return store.ErrDuplicate
	}
	r.Profile, r.Secrets, r.CreatedAt = content(r.Profile), sealedRow(r.Secrets), instant(r.CreatedAt)
	r.Credentials = slices.Clone(r.Credentials)
	d.merchants[r.ID] = r
	for _, c := range r.Credentials {
		d.credentials[c] = r.ID
	}
	return nil
}

// MerchantByCredential implements store.Merchants.
func (d *disk) MerchantByCredential(ctx context.Context, c store.Credential) (store.MerchantRecord, error) {
	d.mu.RLock()
	id := d.credentials[c]
	d.mu.RUnlock()
	return d.Merchant(ctx, id)
}

// Merchant implements store.Merchants.
func (d *disk) Merchant(_ context.Context, m pasarela.MerchantID) (store.MerchantRecord, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	r, ok := d.merchants[m]
	if !ok {
		return r, store.ErrNotFound
	}
	return r, nil
}

// MerchantIDs implements store.Merchants.
func (d *disk) MerchantIDs(_ context.Context, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
	return d.merchantIDs(after, limit, func(*tables) bool { return true }), nil
}

// MerchantsDue implements store.Merchants.
func (d *disk) MerchantsDue(_ context.Context, now time.Time, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
	return d.merchantIDs(after, limit, func(t *tables) bool {
		return t != nil && (len(t.due(now)) > 0 || len(t.dueSubscriptions(now)) > 0)
	}), nil
}

func (d *disk) merchantIDs(after pasarela.MerchantID, limit int, wanted func(t *tables) bool) (ids []pasarela.MerchantID) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, m := range slices.Sorted(maps.Keys(d.merchants)) {
		if m > after && len(ids) < limit && wanted(d.shops[m]) {
			ids = append(ids, m)
		}
	}
	return ids
}

// Keyset implements store.Keysets.
func (d *disk) Keyset(_ context.Context, name string) (pasarela.Keyset, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	k, ok := d.keysets[name]
	if !ok {
		return k, store.ErrNotFound
	}
	return k, nil
}

// PutKeyset implements store.Keysets.
func (d *disk) PutKeyset(_ context.Context, k pasarela.Keyset) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keysets[k.Name].Version != k.Version-1 {
		return store.ErrDuplicate
	}
	k.Sealed = content(k.Sealed)
	d.keysets[k.Name] = k
	return nil
}

// SealedRows implements store.Vaulted.
func (d *disk) SealedRows(_ context.Context, m pasarela.MerchantID, k store.SealedKind, after string, limit int) (found []store.SealedRow, _ error) {
	visit := func(row string, s pasarela.Sealed) {
		if row > after && !s.Empty() {
			found = append(found, store.SealedRow{Row: row, Sealed: s})
		}
	}
	d.shop(m, func(t *tables) { t.sealed(k, visit) })
	if k == store.SealedMerchantSecrets {
		d.mu.RLock()
		visit(string(m), d.merchants[m].Secrets)
		d.mu.RUnlock()
	}
	slices.SortFunc(found, func(a, b store.SealedRow) int { return cmp.Compare(a.Row, b.Row) })
	return found[:min(limit, len(found))], nil
}

// Reseal implements store.Vaulted.
func (d *disk) Reseal(_ context.Context, m pasarela.MerchantID, k store.SealedKind, row string, old, renewed []byte) (bool, error) {
	if k == store.SealedMerchantSecrets {
		d.mu.Lock()
		defer d.mu.Unlock()
		r := d.merchants[m]
		same := len(old) > 0 && bytes.Equal(r.Secrets.Bytes, old) && string(m) == row
		if same {
			r.Secrets.Bytes = content(renewed)
			d.merchants[m] = r
		}
		return same, nil
	}
	done := false
	err := d.run(m, func(tx store.Tx) error {
		done = tx.(*diskTx).reseal(k, row, old, renewed)
		return nil
	})
	return done, err
}
