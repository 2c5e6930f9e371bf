package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pasarela/store"
)

// tx is one unit of work while it runs.
type tx struct {
	ctx      context.Context
	pool     *pgxpool.Pool
	conn     *pgxpool.Conn // nil until something is sent
	merchant string
	queued   []statement // writes that wait for the next round trip
	begun    bool
	sent     bool  // something was written
	again    bool  // met a concurrent unit: may be run again
	failed   error // the first statement that failed; the unit is undone whatever it returns
	ended    bool
}

var _ store.Tx = (*tx)(nil)

type statement struct {
	query string
	args  []any
}

// rollbackTimeout bounds how long undoing waits for a server; the connection is given up after that.
const rollbackTimeout = 5 * time.Second

// run runs the unit and commits it, or undoes it when it fails or panics.
func (t *tx) run(unit func(t *tx) error) (err error) {
	committed := false
	defer func() {
		t.ended = true
		if t.conn == nil {
			return
		}
		if t.begun && !committed {
			t.rollback()
		}
		t.conn.Release()
	}()
	if err := unit(t); err != nil {
		return err
	}
	if t.failed == nil {
		err = t.commit()
		committed = err == nil
	}
	if t.failed != nil {
		return t.failed
	}
	return err
}

// commit sends what waits together with the commit. Without a transaction open, what is sent in one go is
// one transaction by itself.
func (t *tx) commit() error {
	if !t.begun && len(t.queued) == 0 {
		return nil
	}
	t.sent = t.sent || len(t.queued) > 0
	if t.begun {
		t.queued = append(t.queued, statement{query: "COMMIT"})
	}
	return t.send(nil)
}

// rollback leaves a connection that the pool throws away where it fails, which undoes the unit as well.
func (t *tx) rollback() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), rollbackTimeout)
	defer cancel()
	if _, err := t.conn.Exec(ctx, "ROLLBACK"); err != nil {
		t.failed = errors.Join(t.failed, err)
	}
}

// exec queues a write. Its failure shows with a later call, or with the commit.
func (t *tx) exec(query string, args ...any) error {
	if err := t.usable(); err != nil {
		return err
	}
	t.queued = append(t.queued, statement{query, args})
	return nil
}

// put queues an update that ends in RETURNING 1 and must touch a row: where it touches none the unit fails
// with ErrNotFound, by a division by zero, because nobody looks at its result before the commit.
func (t *tx) put(update string, args ...any) error {
	return t.exec(`WITH put AS (`+update+`) SELECT 1 / COUNT(*) FROM put`, args...)
}

// execNow sends a write with all that waits, and returns how many rows it touched.
func (t *tx) execNow(query string, args ...any) (int, error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	n := 0
	err := t.sendLater(statement{query, args}, func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		n = int(tag.RowsAffected())
		return err
	})
	t.sent = t.sent || n > 0
	return n, err
}

// lock sends a question for the keys of rows to be worked on, with all that waits. What is done to them is
// queued key by key: one statement for all of them would be planned as a walk over the merchant's rows.
func (t *tx) lock(query string, args ...any) (keys [][]byte, err error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	err = t.sendLater(statement{query, args}, func(results pgx.BatchResults) error {
		rows, err := results.Query()
		if err == nil {
			keys, err = pgx.CollectRows(rows, pgx.RowTo[[]byte])
		}
		return err
	})
	return keys, err
}

func (t *tx) usable() error {
	if t.ended {
		return errTxEnded
	}
	return t.failed
}

// sendLater sends what waits and last, in a transaction that stays open, and hands last's result to read.
func (t *tx) sendLater(last statement, read func(results pgx.BatchResults) error) error {
	t.sent = t.sent || len(t.queued) > 0
	t.queued = append(t.queued, last)
	if !t.begun {
		t.begun = true
		t.queued = append([]statement{{query: "BEGIN"}}, t.queued...)
	}
	return t.send(read)
}

// send is one round trip for all that waits. A result that read does not want is only checked.
func (t *tx) send(read func(results pgx.BatchResults) error) (err error) {
	if t.conn == nil {
		if t.conn, err = t.pool.Acquire(t.ctx); err != nil {
			t.begun = false
			return t.fail(err)
		}
	}
	batch := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(t.queued))}
	for _, q := range t.queued {
		batch.Queue(q.query, q.args...)
	}
	results := t.conn.SendBatch(t.ctx, batch)
	wanted := error(nil)
	for i := range t.queued {
		if read != nil && i == len(t.queued)-1 {
			err = read(results)
			if errors.Is(err, pgx.ErrNoRows) {
				wanted, err = store.ErrNotFound, nil
			}
		} else {
			_, err = results.Exec()
		}
		if err != nil {
			break
		}
	}
	t.queued = t.queued[:0]
	if closeErr := results.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return t.fail(err)
	}
	return wanted
}

func (t *tx) fail(err error) error {
	state := sqlState(err)
	t.again = state == serializationFailure || state == deadlockDetected
	t.failed = translate(err)
	return t.failed
}

// row is one row being read.
type row interface{ Scan(dest ...any) error }

// queryRow asks for one row, with all that waits, once it is scanned. Scan returns ErrNotFound where there
// is none.
func (t *tx) queryRow(query string, args ...any) row { return txRow{t, statement{query, args}} }

type txRow struct {
	tx *tx
	statement
}

func (r txRow) Scan(dest ...any) error {
	if err := r.tx.usable(); err != nil {
		return err
	}
	if unstorable(r.args) {
		return store.ErrNotFound
	}
	return r.tx.sendLater(r.statement, func(results pgx.BatchResults) error { return results.QueryRow().Scan(dest...) })
}

// query calls each for every row of a question that is sent with all that waits.
func (t *tx) query(each func(r row) error, query string, args ...any) error {
	if err := t.usable(); err != nil {
		return err
	}
	if unstorable(args) {
		return nil
	}
	return t.sendLater(statement{query, args}, func(results pgx.BatchResults) error {
		rows, err := results.Query()
		if err != nil {
			return err
		}
		return eachRow(rows, each)
	})
}

// queryRow is as in a unit, outside one.
func (s *Store) queryRow(ctx context.Context, query string, args ...any) row {
	if unstorable(args) {
		return missing{}
	}
	return readRow{s.pool.QueryRow(ctx, query, args...)}
}

type missing struct{}

func (missing) Scan(...any) error { return store.ErrNotFound }

type readRow struct{ row pgx.Row }

func (r readRow) Scan(dest ...any) error {
	if err := r.row.Scan(dest...); err != nil {
		return translate(err)
	}
	return nil
}

// query calls each for every row.
func (s *Store) query(ctx context.Context, each func(r row) error, query string, args ...any) error {
	if unstorable(args) {
		return nil
	}
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return translate(err)
	}
	if err := eachRow(rows, each); err != nil {
		return translate(err)
	}
	return nil
}

func eachRow(rows pgx.Rows, each func(r row) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return internal(err, "row cannot be read")
		}
	}
	return rows.Err()
}
