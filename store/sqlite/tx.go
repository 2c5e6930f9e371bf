package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"pasarela/store"
)

// tx is one unit of work while it runs, in the writer's goroutine.
type tx struct {
	writer   *writer
	merchant string
	wrote    bool  // the unit's savepoint is open
	lost     bool  // the savepoint could not be opened
	failed   error // the first statement that failed; the unit is undone whatever it returns
	ended    bool
}

var _ store.Tx = (*tx)(nil)

// call runs the unit and catches its panic for its caller.
func (t *tx) call(u *unit) (err error) {
	returned := false
	defer func() {
		t.ended = true
		if returned {
			return
		}
		if u.panicked = recover(); u.panicked != nil {
			err = errPanicked
		}
	}()
	err = u.run(t)
	returned = true
	return err
}

// exec runs a statement that writes and returns how many rows it touched.
func (t *tx) exec(query string, args ...any) (int, error) {
	if err := t.begin(); err != nil {
		return 0, err
	}
	stmt, err := t.writer.stmts.get(query)
	if err != nil {
		return 0, t.fail(internal(err, "statement cannot be prepared"))
	}
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, t.fail(translate(err))
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, t.fail(translate(err))
	}
	return int(n), nil
}

// begin opens the unit's savepoint before its first write.
func (t *tx) begin() error {
	if err := t.usable(); err != nil || t.wrote {
		return err
	}
	if err := t.writer.exec("SAVEPOINT unit"); err != nil {
		t.lost, t.failed = true, internal(err, "unit cannot begin")
		return t.failed
	}
	t.wrote = true
	return nil
}

// put runs a statement that must touch a row: where it touches none the unit fails with ErrNotFound.
func (t *tx) put(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		err = t.fail(store.ErrNotFound)
	}
	return err
}

func (t *tx) fail(err error) error {
	t.failed = err
	return err
}

func (t *tx) usable() error {
	if t.ended {
		return errTxEnded
	}
	return t.failed
}

// row is one row being read.
type row interface{ Scan(dest ...any) error }

// failure is a row that could not be asked for.
type failure struct{ error }

func (f failure) Scan(...any) error { return f.error }

// queryRow asks for one row. Its Scan returns ErrNotFound where there is none.
func (t *tx) queryRow(query string, args ...any) row {
	if err := t.usable(); err != nil {
		return failure{err}
	}
	stmt, err := t.writer.stmts.get(query)
	if err != nil {
		return failure{t.fail(internal(err, "statement cannot be prepared"))}
	}
	return txRow{t, stmt.QueryRowContext(context.Background(), args...)}
}

// txRow keeps in its unit that reading failed.
type txRow struct {
	tx  *tx
	row *sql.Row
}

func (r txRow) Scan(dest ...any) error {
	err := r.row.Scan(dest...)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return store.ErrNotFound
	default:
		return r.tx.fail(internal(err, "row cannot be read"))
	}
}

// query calls each for every row. A statement that writes needs begin before.
func (t *tx) query(each func(r row) error, query string, args ...any) error {
	if err := t.usable(); err != nil {
		return err
	}
	if err := eachRow(context.Background(), t.writer.stmts, each, query, args); err != nil {
		return t.fail(err)
	}
	return nil
}

// queryRow is as in a unit, outside one.
func (s *Store) queryRow(ctx context.Context, query string, args ...any) row {
	stmt, err := s.reads.get(query)
	if err != nil {
		return failure{internal(err, "statement cannot be prepared")}
	}
	return readRow{stmt.QueryRowContext(ctx, args...)}
}

type readRow struct{ row *sql.Row }

func (r readRow) Scan(dest ...any) error {
	if err := r.row.Scan(dest...); err != nil {
		return translate(err)
	}
	return nil
}

// query calls each for every row.
func (s *Store) query(ctx context.Context, each func(r row) error, query string, args ...any) error {
	return eachRow(ctx, s.reads, each, query, args)
}

func eachRow(ctx context.Context, prepared *statements, each func(r row) error, query string, args []any) (err error) {
	stmt, err := prepared.get(query)
	if err != nil {
		return internal(err, "statement cannot be prepared")
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return translate(err)
	}
	defer func() { err = joinClose(err, rows.Close) }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return internal(err, "row cannot be read")
		}
	}
	if err := rows.Err(); err != nil {
		return translate(err)
	}
	return nil
}
