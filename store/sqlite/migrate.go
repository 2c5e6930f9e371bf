package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

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

// Migrate brings the file at path up to date, or makes it, and does nothing else.
func Migrate(ctx context.Context, path string) error {
	s, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

// bringUp migrates, unless it must not; then an older schema is an error.
func bringUp(ctx context.Context, conn *sql.Conn, forbidden bool) error {
	steps, err := readMigrations(migrations)
	if err != nil {
		return err
	}
	last := steps[len(steps)-1].version
	version, err := schemaVersion(ctx, conn)
	switch {
	case err != nil:
		return err
	case version > last:
		return pasarela.Errorf(pasarela.CodeInternal, "sqlite: schema is version %d, this program knows %d: run a newer pasarela", version, last)
	case version == last:
		return nil
	case forbidden:
		return pasarela.Errorf(pasarela.CodeInternal, "sqlite: schema is older (%d of %d): run pasarela migrate", version, last)
	}
	return migrate(ctx, conn, steps)
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
			return nil, fmt.Errorf("sqlite: migration %s: name must begin with its number", name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, migration{version: version, name: name, sql: string(text)})
	}
	return steps, nil
}

// schemaVersion is 0 for an empty file.
func schemaVersion(ctx context.Context, conn *sql.Conn) (version int, err error) {
	var tables int
	err = conn.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'`).Scan(&tables)
	if err == nil && tables > 0 {
		err = conn.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_migrations`).Scan(&version)
	}
	if err != nil {
		return 0, internal(err, "schema's version cannot be read: is this a pasarela database?")
	}
	return version, nil
}

// migrate runs the steps that are missing in one transaction. It asks for the version again inside, where
// no other process that starts at the same time can be doing the same.
func migrate(ctx context.Context, conn *sql.Conn, steps []migration) (err error) {
	if err := beginImmediate(ctx, conn); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = joinClose(err, func() error { return rollback(conn) })
		}
	}()
	version, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	const table = `CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER NOT NULL PRIMARY KEY) STRICT`
	if _, err := conn.ExecContext(ctx, table); err != nil {
		return internal(err, "schema_migrations cannot be made")
	}
	for _, step := range steps {
		if step.version <= version {
			continue
		}
		if _, err := conn.ExecContext(ctx, step.sql); err != nil {
			return internal(err, "migration "+step.name+" failed")
		}
		if _, err := conn.ExecContext(ctx, `INSERT INTO schema_migrations (version) VALUES (?)`, step.version); err != nil {
			return internal(err, "migration "+step.name+" cannot be recorded")
		}
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return internal(err, "migration cannot be committed")
	}
	return nil
}
