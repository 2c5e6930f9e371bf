package memory

import (
	"context"
	"sync"

	"pasarela"
	"pasarela/store"
)

// database is what all who opened it share. Units run one after the other; readers do not wait for them.
type database struct {
	units sync.Mutex // held while a unit runs

	mu          sync.RWMutex
	rows        map[pasarela.MerchantID]*tables              // guarded by mu
	merchants   map[pasarela.MerchantID]store.MerchantRecord // guarded by mu
	credentials map[store.Credential]pasarela.MerchantID     // guarded by mu
	keysets     map[string]pasarela.Keyset                   // guarded by mu
	binFile     pasarela.BINFile                             // version 0 where none was loaded; guarded by mu
}

// Store is a database that somebody has open. It is safe for concurrent use.
type Store struct {
	*database
	mu     sync.Mutex
	closed bool // guarded by mu
}

var (
	_ store.Store    = (*Store)(nil)
	_ store.Resetter = (*Store)(nil)
)

// Open is an empty database.
func Open() *Store {
	return &Store{database: &database{rows: map[pasarela.MerchantID]*tables{}, merchants: map[pasarela.MerchantID]store.MerchantRecord{},
		credentials: map[store.Credential]pasarela.MerchantID{}, keysets: map[string]pasarela.Keyset{}}}
}

// Reopen opens the same database beside s, or once more after s was closed, as another process does.
func (s *Store) Reopen() *Store { return &Store{database: s.database} }

var errClosed = pasarela.Errorf(pasarela.CodeInternal, "database is closed")

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Ping(ctx); err != nil {
		return err
	}
	return s.run(m, unit)
}

// Ping implements store.Store.
func (s *Store) Ping(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	return nil
}

// Close implements store.Store. The database stays as long as somebody holds a Store of it.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// run runs one unit. Readers see all that it wrote at once, when it has ended well.
func (d *database) run(m pasarela.MerchantID, unit func(store.Tx) error) error {
	d.units.Lock()
	defer d.units.Unlock()
	d.mu.Lock()
	if d.rows[m] == nil {
		d.rows[m] = newTables(m)
	}
	t := &tx{tables: d.rows[m]}
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

// read calls read with what a merchant has.
func (d *database) read(m pasarela.MerchantID, read func(t *tables)) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if t := d.rows[m]; t != nil {
		read(t)
	}
}

// find reads one row.
func find[V any](d *database, m pasarela.MerchantID, row func(t *tables) *V) (v V, err error) {
	err = store.ErrNotFound
	d.read(m, func(t *tables) {
		if r := row(t); r != nil {
			v, err = *r, nil
		}
	})
	return v, err
}
