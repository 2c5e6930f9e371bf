package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"pasarela"
	"pasarela/store"
)

// Options change how a database is opened. The zero value is what production wants.
type Options struct {
	// OnCommit is told of each unit that wrote, and how long it took with all its round trips. PostgreSQL
	// itself lets concurrent commits share a write, so units is always 1. It must not block.
	OnCommit func(units int, took time.Duration)
	// MaxConns bounds the connections of this process; 0 means what the URL says in pool_max_conns, or 32.
	MaxConns int
	// NoMigrate makes Open fail on an older schema instead of bringing it up to date.
	NoMigrate bool
}

// defaultMaxConns was measured with 32 callers on two cores: fewer connections give the server fewer commits
// to write together.
const defaultMaxConns = 32

// Store is one PostgreSQL database.
type Store struct {
	pool     *pgxpool.Pool
	onCommit func(units int, took time.Duration)
}

var (
	_ store.Store    = (*Store)(nil)
	_ store.Resetter = (*Store)(nil)
)

// Open connects to the database that url names (postgres://user:password@host/database) and brings its
// schema up to date.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: database URL: %w", err)
	}
	switch {
	case o.MaxConns > 0:
		config.MaxConns = int32(o.MaxConns)
	case !namesMaxConns(url):
		config.MaxConns = defaultMaxConns
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := bringUp(ctx, pool, o.NoMigrate); err != nil {
		pool.Close()
		return nil, err
	}
	return newStore(pool, o.OnCommit), nil
}

func newStore(pool *pgxpool.Pool, onCommit func(int, time.Duration)) *Store {
	if onCommit == nil {
		onCommit = func(int, time.Duration) {}
	}
	return &Store{pool: pool, onCommit: onCommit}
}

// maxAttempts bounds how often a unit is run again that met a concurrent one.
const maxAttempts = 20

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, m pasarela.MerchantID, run func(tx store.Tx) error) error {
	return s.update(ctx, m, func(t *tx) error { return run(t) })
}

func (s *Store) update(ctx context.Context, m pasarela.MerchantID, run func(t *tx) error) error {
	started := time.Now()
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		t := &tx{ctx: ctx, pool: s.pool, merchant: string(m)}
		err := t.run(run)
		if t.again && attempt < maxAttempts {
			continue
		}
		if err == nil && t.sent {
			s.onCommit(1, time.Since(started))
		}
		return err
	}
}

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.update(ctx, "", func(t *tx) error {
		return t.exec(`INSERT INTO pings AS p (name, times) VALUES ('ping', 1) ON CONFLICT (name) DO UPDATE SET times = p.times + 1`)
	})
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}
