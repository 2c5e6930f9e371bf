package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pasarela"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migration is one step of the schema. Steps are only ever added.
type migration struct {
	version int
	name    string
	sql     string
}

// migrationLock keeps processes that start at the same time from migrating together. The number is any that
// nothing else in the database uses.
const migrationLock = 7_265_381_042

// Migrate brings the database that url names up to date and does nothing else.
func Migrate(ctx context.Context, url string) error {
	s, err := Open(ctx, url, Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

// bringUp migrates, unless it must not; then an older schema is an error.
func bringUp(ctx context.Context, pool *pgxpool.Pool, forbidden bool) error {
	steps, err := readMigrations(migrations)
	if err != nil {
		return err
	}
	last := steps[len(steps)-1].version
	version, err := schemaVersion(ctx, pool)
	switch {
	case err != nil:
		return err
	case version > last:
		return pasarela.Errorf(pasarela.CodeInternal, "postgres: schema is version %d, this program knows %d: run a newer pasarela", version, last)
	case version == last:
		return nil
	case forbidden:
		return pasarela.Errorf(pasarela.CodeInternal, "postgres: schema is older (%d of %d): run pasarela migrate", version, last)
	}
	return migrate(ctx, pool, steps)
}

// readMigrations reads files named like 0001_begin.sql, in order.
func readMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var steps []migration
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("postgres: migration %s: name must begin with its number", name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, migration{version: version, name: name, sql: string(text)})
	}
	return steps, nil
}

// schemaVersion is 0 for an empty database.
func schemaVersion(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}) (version int, err error) {
	// to_regclass would answer from a cache that taking an advisory lock does not refresh.
	const table = `SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_migrations')`
	var exists bool
	err = db.QueryRow(ctx, table).Scan(&exists)
	if err == nil && exists {
		err = db.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_migrations`).Scan(&version)
	}
	if err != nil {
		return 0, internal(err, "schema's version cannot be read")
	}
	return version, nil
}

// migrate runs the steps that are missing in one transaction. It asks for the version again under the lock,
// where no other process that starts at the same time can be doing the same.
func migrate(ctx context.Context, pool *pgxpool.Pool, steps []migration) (err error) {
	db, err := pool.Begin(ctx)
	if err != nil {
		return internal(err, "migration cannot begin")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Rollback(context.WithoutCancel(ctx)))
		}
	}()
	if _, err := db.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
		return internal(err, "migration's lock cannot be taken")
	}
	version, err := schemaVersion(ctx, db)
	if err != nil {
		return err
	}
	const table = `CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY)`
	if _, err := db.Exec(ctx, table); err != nil {
		return internal(err, "schema_migrations cannot be made")
	}
	for _, step := range steps {
		if step.version <= version {
			continue
		}
		if _, err := db.Exec(ctx, step.sql); err != nil {
			return internal(err, "migration "+step.name+" failed")
		}
		if _, err := db.Exec(ctx, `INSERT INTO schema_migrations (version) VALUES ($1)`, step.version); err != nil {
			return internal(err, "migration "+step.name+" cannot be recorded")
		}
	}
	if err := db.Commit(ctx); err != nil {
		return internal(err, "migration cannot be committed")
	}
	return nil
}
