package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver, under the name "sqlite"

	"pasarela"
	"pasarela/store/sqlite"
)

// bareSQLite is one connection to a file with the gateway's schema and settings, and nothing between.
type bareSQLite struct {
	db       *sql.DB
	conn     *sql.Conn
	ids      *pasarela.IDs
	prepared map[string]*sql.Stmt
}

func openBareSQLite(ctx context.Context, folder string) (_ *bareSQLite, err error) {
	path := filepath.Join(folder, "bare.db")
	if err := sqlite.Migrate(ctx, path); err != nil {
		return nil, err
	}
	settings := url.Values{"_pragma": {"busy_timeout(1000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)", "cache_size(-65536)"}}
	b := &bareSQLite{ids: pasarela.NewIDs(rand.Reader), prepared: map[string]*sql.Stmt{}}
	if b.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+settings.Encode()); err != nil {
		return nil, err
	}
	if b.conn, err = b.db.Conn(ctx); err != nil {
		return nil, errors.Join(err, b.db.Close())
	}
	return b, nil
}

func (b *bareSQLite) close() error {
	errs := []error{}
	for _, s := range b.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, b.conn.Close(), b.db.Close())...)
}

// perSecond does the work for so many payments at once, each step of all of them in one commit, as often as
// the duration allows. That is the most that callers of that number can get from a database with one writer.
func (b *bareSQLite) perSecond(ctx context.Context, w work, together int, duration time.Duration) (float64, error) {
	done := 0
	began := time.Now()
	for time.Since(began) < duration {
		rows := make([][]any, together)
		for i := range rows {
			rows[i] = b.row()
		}
		for _, commit := range w {
			if err := b.commit(ctx, commit, rows); err != nil {
				return 0, fmt.Errorf("bare SQLite: %w", err)
			}
		}
		done += together
	}
	return float64(done) / time.Since(began).Seconds(), nil
}

// row is what the statements of one payment differ by.
func (b *bareSQLite) row() []any {
	now := pasarela.SystemClock{}.Now()
	return []any{
		sql.Named("now", now.UnixMicro()), sql.Named("token", string(b.ids.Token(now))),
		sql.Named("payment", string(b.ids.Payment())), sql.Named("ticket", string(b.ids.Ticket(now))),
		sql.Named("operation", string(b.ids.Operation())), sql.Named("posting", string(b.ids.Posting(now))),
		sql.Named("posting2", string(b.ids.Posting(now))), sql.Named("posting3", string(b.ids.Posting(now))),
	}
}

func (b *bareSQLite) commit(ctx context.Context, names []string, rows [][]any) error {
	if err := b.exec(ctx, "BEGIN IMMEDIATE", nil); err != nil {
		return err
	}
	for _, row := range rows {
		for _, name := range names {
			query, err := statement("sqlite", name)
			if err == nil {
				err = b.exec(ctx, query, row)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return b.exec(ctx, "COMMIT", nil)
}

func (b *bareSQLite) exec(ctx context.Context, query string, args []any) error {
	s := b.prepared[query]
	if s == nil {
		var err error
		if s, err = b.conn.PrepareContext(ctx, query); err != nil {
			return err
		}
		b.prepared[query] = s
	}
	_, err := s.ExecContext(ctx, args...)
	return err
}
