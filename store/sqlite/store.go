package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver, under the name "sqlite"

	"pasarela"
	"pasarela/store"
)

// Options change how a file is opened. The zero value is what production wants.
type Options struct {
	// OnCommit is told of each commit: how many units shared it and how long it took from its beginning. It
	// runs in the writer and must not block.
	OnCommit func(units int, took time.Duration)
	// Synchronous is SQLite's setting of that name, "FULL" by default: a unit is on disk when Update
	// returns. With "OFF" only a crash of the process is survived, not one of the machine.
	Synchronous string
	// NoMigrate makes Open fail on an older schema instead of bringing it up to date.
	NoMigrate bool
}

// Store is one SQLite file.
type Store struct {
	writer  *writer
	writeDB *sql.DB // one connection, owned by writer
	readDB  *sql.DB
	reads   *statements
}

var (
	_ store.Store    = (*Store)(nil)
	_ store.Resetter = (*Store)(nil)
)

// busyTimeout is how long a statement waits for another process; the writer's own are told beginTimeout.
const busyTimeout = time.Second

// Chosen by measurement. The writer's cache holds the growing ends of all indexes; a larger one costs more
// than it saves, because SQLite goes through all of it at a commit that has split a page. The log is long
// enough for a page that changes with each commit to be copied into the file once for many of them, and
// short enough for a checkpoint to take a few milliseconds.
const (
	writeCacheKiB   = 16 << 10
	readCacheKiB    = 4 << 10
	checkpointPages = 4000
)

// Open opens the file at path, makes it where there is none, and brings its schema up to date. The folder
// must exist.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Synchronous == "" {
		o.Synchronous = "FULL"
	}
	if err := create(path); err != nil {
		return nil, err
	}
	s := &Store{}
	if err := s.open(ctx, path, o); err != nil {
		return nil, joinClose(err, s.closeDatabases)
	}
	s.writer.start()
	return s, nil
}

// create makes an empty file that only its owner can read; SQLite gives its log the same mode.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fmt.Errorf("sqlite: database file: %w", err)
	}
	return nil
}

func (s *Store) open(ctx context.Context, path string, o Options) (err error) {
	// secure_delete wipes what is deleted, a spent CVV above all, from the pages that are written anyway.
	pragmas := []string{"journal_mode(WAL)", "synchronous(" + o.Synchronous + ")", "temp_store(MEMORY)", "secure_delete(FAST)"}
	write := append(pragmas, "cache_size(-"+strconv.Itoa(writeCacheKiB)+")", "wal_autocheckpoint("+strconv.Itoa(checkpointPages)+")")
	if s.writeDB, err = sql.Open("sqlite", dsn(path, write)); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	s.writeDB.SetMaxOpenConns(1)
	conn, err := s.writeDB.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", beginTimeout.Milliseconds())); err != nil {
		return joinClose(fmt.Errorf("sqlite: %w", err), conn.Close)
	}
	if err := bringUp(ctx, conn, o.NoMigrate); err != nil {
		return joinClose(err, conn.Close)
	}
	s.writer = newWriter(conn, o.OnCommit)
	if s.readDB, err = sql.Open("sqlite", dsn(path, append(pragmas, "query_only(1)", "cache_size(-"+strconv.Itoa(readCacheKiB)+")"))); err != nil {
		return joinClose(fmt.Errorf("sqlite: %w", err), conn.Close)
	}
	readers := max(4, runtime.NumCPU())
	s.readDB.SetMaxOpenConns(readers)
	s.readDB.SetMaxIdleConns(readers)
	s.reads = newStatements(s.readDB.PrepareContext)
	return nil
}

// dsn sets the busy timeout before anything that could meet a lock.
func dsn(path string, pragmas []string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, m pasarela.MerchantID, run func(tx store.Tx) error) error {
	return s.writer.do(ctx, m, func(t *tx) error { return run(t) })
}

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.writer.do(ctx, "", func(t *tx) error {
		_, err := t.exec(`INSERT INTO pings (name, times) VALUES ('ping', 1) ON CONFLICT (name) DO UPDATE SET times = times + 1`)
		return err
	})
}

// Close implements store.Store. A unit that comes later gets an error.
func (s *Store) Close() error {
	return joinClose(s.writer.stop(), s.closeDatabases)
}
