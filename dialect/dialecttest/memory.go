package dialecttest

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

// Memory is a store for fuzzing and for measuring what a dialect costs by itself. It keeps the contract as far
// as the gateway's verbs reach and nothing is on any disk; what they do not call, it does not have.
type Memory struct {
	store.Store // nil: the rest of the contract

	mu   sync.Mutex
	rows rows // guarded by mu
}

// rows is everything; keys begin with the merchant.
type rows struct {
	merchants       map[pasarela.MerchantID]store.MerchantRecord
	keysets         map[string]pasarela.Keyset
	binFile         pasarela.BINFile // its version is 0 where none was loaded
	tokens          map[key]pasarela.Token
	authentications map[key]pasarela.Authentication
	redirects       map[key]pasarela.Redirect
	payments        map[key]pasarela.Payment
	operations      map[key]pasarela.Operation
	subscriptions   map[key]pasarela.Subscription
	keys            map[key]store.Key
	tickets         map[key]string // payment or operation
}

type key struct {
	merchant pasarela.MerchantID
	id       string
}

// NewMemory is an empty store.
func NewMemory() *Memory {
	return &Memory{rows: rows{
		merchants: map[pasarela.MerchantID]store.MerchantRecord{}, keysets: map[string]pasarela.Keyset{},
		tokens: map[key]pasarela.Token{}, authentications: map[key]pasarela.Authentication{}, redirects: map[key]pasarela.Redirect{},
		payments: map[key]pasarela.Payment{}, operations: map[key]pasarela.Operation{}, subscriptions: map[key]pasarela.Subscription{}, keys: map[key]store.Key{}, tickets: map[key]string{},
	}}
}

// Close does nothing.
func (*Memory) Close() error { return nil }

// Ping answers.
func (*Memory) Ping(context.Context) error { return nil }

// Update runs one unit at a time and takes back what a refused one did.
func (s *Memory) Update(_ context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &memoryTx{rows: &s.rows, merchant: m}
	err := unit(tx)
	if err != nil {
		for _, undo := range slices.Backward(tx.undo) {
			undo()
		}
	}
	return err
}

func get[K comparable, V any](s *Memory, table map[K]V, k K) (V, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return read(table, k)
}

// Token implements store.Reader.
func (s *Memory) Token(_ context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Token, error) {
	return get(s, s.rows.tokens, key{m, string(id)})
}

// Authentication implements store.Reader.
func (s *Memory) Authentication(_ context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return get(s, s.rows.authentications, key{m, string(id)})
}

// Redirect implements store.Reader.
func (s *Memory) Redirect(_ context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Redirect, error) {
	return get(s, s.rows.redirects, key{m, string(id)})
}

// Payment implements store.Reader.
func (s *Memory) Payment(_ context.Context, m pasarela.MerchantID, id pasarela.PaymentID) (pasarela.Payment, error) {
	return get(s, s.rows.payments, key{m, string(id)})
}

// PaymentByTicket implements store.Reader.
func (s *Memory) PaymentByTicket(ctx context.Context, m pasarela.MerchantID, t pasarela.Ticket) (pasarela.Payment, error) {
	id, err := get(s, s.rows.tickets, key{m, string(t)})
	if err != nil {
		return pasarela.Payment{}, err
	}
	return s.Payment(ctx, m, pasarela.PaymentID(id))
}

// Operation implements store.Reader.
func (s *Memory) Operation(_ context.Context, m pasarela.MerchantID, id pasarela.OperationID) (pasarela.Operation, error) {
	return get(s, s.rows.operations, key{m, string(id)})
}

// OperationByTicket implements store.Reader.
func (s *Memory) OperationByTicket(ctx context.Context, m pasarela.MerchantID, t pasarela.Ticket) (pasarela.Operation, error) {
	id, err := get(s, s.rows.tickets, key{m, string(t)})
	if err != nil {
		return pasarela.Operation{}, err
	}
	return s.Operation(ctx, m, pasarela.OperationID(id))
}

// Subscription implements store.Reader.
func (s *Memory) Subscription(_ context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return get(s, s.rows.subscriptions, key{m, string(id)})
}

// Key implements store.Reader.
func (s *Memory) Key(_ context.Context, m pasarela.MerchantID, name string) (store.Key, error) {
	return get(s, s.rows.keys, key{m, name})
}

// Due implements store.Reader.
func (s *Memory) Due(_ context.Context, m pasarela.MerchantID, now time.Time, limit int) ([]pasarela.PaymentID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []pasarela.Payment
	for k, p := range s.rows.payments {
		if k.merchant == m && !p.DueAt.IsZero() && !p.DueAt.After(now) {
			due = append(due, p)
		}
	}
	slices.SortFunc(due, func(a, b pasarela.Payment) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	var ids []pasarela.PaymentID
	for _, p := range due[:min(limit, len(due))] {
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// DueSubscriptions implements store.Reader.
func (s *Memory) DueSubscriptions(context.Context, pasarela.MerchantID, time.Time, int) ([]pasarela.SubscriptionID, error) {
	return nil, nil
}

// InsertMerchant implements store.Merchants.
func (s *Memory) InsertMerchant(_ context.Context, r store.MerchantRecord) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows.merchants[r.ID] = r
	return nil
}

// Merchant implements store.Merchants.
func (s *Memory) Merchant(_ context.Context, m pasarela.MerchantID) (store.MerchantRecord, error) {
	return get(s, s.rows.merchants, m)
}

// MerchantByCredential implements store.Merchants.
func (s *Memory) MerchantByCredential(_ context.Context, c store.Credential) (store.MerchantRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows.merchants {
		if slices.Contains(r.Credentials, c) {
			return r, nil
		}
	}
	return store.MerchantRecord{}, store.ErrNotFound
}

// MerchantsDue implements store.Merchants. It knows no due subscriptions, as DueSubscriptions.
func (s *Memory) MerchantsDue(ctx context.Context, now time.Time, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
	all, err := s.MerchantIDs(ctx, after, math.MaxInt)
	var ids []pasarela.MerchantID
	for _, m := range all {
		if due, _ := s.Due(ctx, m, now, 1); len(due) > 0 {
			ids = append(ids, m)
		}
	}
	return ids[:min(limit, len(ids))], err
}

// MerchantIDs implements store.Merchants.
func (s *Memory) MerchantIDs(_ context.Context, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := slices.Sorted(maps.Keys(s.rows.merchants))
	ids = slices.DeleteFunc(ids, func(m pasarela.MerchantID) bool { return m <= after })
	return ids[:min(limit, len(ids))], nil
}

// Keyset implements store.Keysets.
func (s *Memory) Keyset(_ context.Context, name string) (pasarela.Keyset, error) {
	return get(s, s.rows.keysets, name)
}

// PutKeyset implements store.Keysets.
func (s *Memory) PutKeyset(_ context.Context, k pasarela.Keyset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows.keysets[k.Name].Version != k.Version-1 {
		return store.ErrDuplicate
	}
	s.rows.keysets[k.Name] = k
	return nil
}

// BINFile implements store.BINFiles.
func (s *Memory) BINFile(context.Context) (pasarela.BINFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows.binFile.Version == 0 {
		return pasarela.BINFile{}, store.ErrNotFound
	}
	return s.rows.binFile, nil
}

// BINFileVersion implements store.BINFiles.
func (s *Memory) BINFileVersion(context.Context) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows.binFile.Version, nil
}

// PutBINFile implements store.BINFiles.
func (s *Memory) PutBINFile(_ context.Context, f pasarela.BINFile) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows.binFile.Version != f.Version-1 {
		return store.ErrDuplicate
	}
	s.rows.binFile = f
	return nil
}
