package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"time"

	"pasarela/jobs"
	"pasarela/store"
	"pasarela/store/postgres"
	"pasarela/store/sqlite"
)

// openStore opens whichever engine the place selects.
func (p place) openStore(ctx context.Context, onCommit func(int, time.Duration)) (store.Store, error) {
	if p.onPostgres() {
		return postgres.Open(ctx, p.DatabaseURL, postgres.Options{OnCommit: onCommit})
	}
	return sqlite.Open(ctx, p.database(), sqlite.Options{OnCommit: onCommit})
}

// openExisting opens a store that must be there already, for a command beside a gateway.
func (p place) openExisting(ctx context.Context) (store.Store, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if !p.onPostgres() {
		if _, err := os.Stat(p.database()); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no gateway in %s: name its folder with --data, or its database with --database-url", p.Data)
		}
	}
	return p.openStore(ctx, nil)
}

// startJobs starts recurring work on the store's PostgreSQL, or on a SQLite file beside the store's.
func (p place) startJobs(ctx context.Context, work []jobs.Work, log *slog.Logger) (*jobs.Runner, error) {
	if p.onPostgres() {
		return jobs.OnPostgres(ctx, p.DatabaseURL, work, log)
	}
	return jobs.OnSQLite(ctx, p.jobs(), work, log)
}

// lockFolder keeps a second gateway out of the folder until the file is closed or the process ends.
func (p place) lockFolder() (*os.File, error) {
	f, err := os.OpenFile(p.lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another gateway runs on %s: stop it, or choose another folder with --data", p.Data), f.Close())
	}
	return f, nil
}
