package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
)

// maxBatch bounds how many units share a commit, and with it how long the first of them waits.
const maxBatch = 256

// A unit waits beginAttempts times beginTimeout for another process that writes before it gives up: 15 s. An attempt
// is short because SQLite has no queue for its write lock. Who waits sleeps between two looks at it, 1, 2 and 5 ms at
// the beginning of an attempt and up to 100 ms later, and so would lose for seconds to a process that commits without
// a pause.
const (
	beginTimeout  = 8 * time.Millisecond
	beginAttempts = int(15 * time.Second / beginTimeout)
)

// writer owns the connection that writes. Its goroutine alone uses the fields up to alone.
type writer struct {
	conn     *sql.Conn
	stmts    *statements
	onCommit func(units int, took time.Duration)
	batch    []*unit // being run; empty between batches
	alone    int     // how many of the next units get a transaction of their own

	units   sync.Pool     // of *unit; of this writer alone, because their channels belong to its caller's bubble in tests
	wake    chan struct{} // holds one element when there may be something to do
	ended   chan struct{} // closed when the goroutine has ended
	mu      sync.Mutex
	waiting []*unit // guarded by mu
	closed  bool    // guarded by mu
}

// unit is one unit of work on its way through the writer.
type unit struct {
	merchant pasarela.MerchantID
	run      func(t *tx) error
	state    atomic.Int32 // one of the three below; decides between the writer and a context that ends
	done     chan struct{}
	err      error // valid after done
	panicked any   // valid after done
}

const (
	unitWaiting int32 = iota
	unitTaken
	unitAbandoned
)

func newWriter(conn *sql.Conn, onCommit func(int, time.Duration)) *writer {
	w := &writer{
		conn: conn, stmts: newStatements(conn.PrepareContext), onCommit: onCommit,
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	if w.onCommit == nil {
		w.onCommit = func(int, time.Duration) {}
	}
	w.units.New = func() any { return &unit{done: make(chan struct{}, 1)} }
	return w
}

func (w *writer) start() { go w.loop() }

// do hands a unit to the writer and waits until it is committed or undone. A panic of the unit goes on in
// its caller. A unit whose context ends before it began is not run.
func (w *writer) do(ctx context.Context, m pasarela.MerchantID, run func(t *tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := w.units.Get().(*unit)
	u.merchant, u.run, u.err, u.panicked = m, run, nil, nil
	u.state.Store(unitWaiting)
	if !w.put(u) {
		return errClosed
	}
	if err := u.wait(ctx); err != nil {
		return err // u stays with the writer
	}
	err, panicked := u.err, u.panicked
	u.run = nil
	w.units.Put(u)
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// wait returns nil once the unit is done, or the context's error if it ended before the unit began.
func (u *unit) wait(ctx context.Context) error {
	select {
	case <-u.done:
		return nil
	case <-ctx.Done():
	}
	if u.state.CompareAndSwap(unitWaiting, unitAbandoned) {
		return ctx.Err()
	}
	<-u.done
	return nil
}

func (w *writer) put(u *unit) bool {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return false
	}
	w.waiting = append(w.waiting, u)
	w.mu.Unlock()
	w.signal()
	return true
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take moves up to limit waiting units into w.batch and says whether the writer is closed and has no more.
func (w *writer) take(limit int) (closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(limit, len(w.waiting))
	for _, u := range w.waiting[:n] {
		if u.state.CompareAndSwap(unitWaiting, unitTaken) {
			w.batch = append(w.batch, u)
		}
	}
	rest := copy(w.waiting, w.waiting[n:])
	clear(w.waiting[rest:])
	w.waiting = w.waiting[:rest]
	return w.closed && rest == 0
}

// stop waits for the units that were handed over and gives the connection back.
func (w *writer) stop() error {
	w.mu.Lock()
	first := !w.closed
	w.closed = true
	w.mu.Unlock()
	w.signal()
	<-w.ended
	if !first {
		return nil
	}
	return errors.Join(w.stmts.close(), w.conn.Close())
}

// loop runs batches until the writer is closed. A unit that ends the goroutine (runtime.Goexit, as t.FailNow
// does) costs its batch, and a new goroutine takes over.
func (w *writer) loop() {
	defer func() {
		if len(w.batch) == 0 {
			close(w.ended)
			return
		}
		w.giveUp(errors.Join(errGoexit, rollback(w.conn)))
		w.start()
	}()
	for {
		limit := maxBatch
		if w.alone > 0 {
			limit, w.alone = 1, w.alone-1
		}
		closed := w.take(limit)
		switch {
		case len(w.batch) > 0:
			w.runBatch(limit)
		case closed:
			return
		case w.alone == 0:
			<-w.wake
		}
	}
}

// runBatch runs w.batch, and what comes to wait meanwhile, in one transaction of at most limit units.
func (w *writer) runBatch(limit int) {
	started := time.Now()
	if err := beginImmediate(context.Background(), w.conn); err != nil {
		w.giveUp(err)
		return
	}
	for i := 0; i < len(w.batch); i++ {
		if !w.runUnit(w.batch[i]) {
			w.splitBatch(i)
			return
		}
		if i == len(w.batch)-1 && len(w.batch) < limit {
			w.take(limit - len(w.batch))
		}
	}
	if err := w.commit(); err != nil {
		w.giveUp(err)
		return
	}
	n := len(w.batch)
	w.answer()
	w.onCommit(n, time.Since(started))
}

// runUnit runs one unit and undoes it alone when it fails. It returns false when SQLite gave up the whole
// transaction, as it may on a full disk.
func (w *writer) runUnit(u *unit) bool {
	t := tx{writer: w, merchant: string(u.merchant)}
	u.err = t.call(u)
	if u.err == nil {
		u.err = t.failed
	}
	if !t.wrote {
		return !t.lost
	}
	if u.err != nil && w.exec("ROLLBACK TO unit") != nil {
		return false
	}
	if err := w.exec("RELEASE unit"); err != nil {
		u.err = internal(err, "unit cannot be ended")
		return false
	}
	return true
}

// splitBatch answers unit i, which took the transaction of its batch down, and has the others run again,
// each by itself, so that no other of them can be hit twice.
func (w *writer) splitBatch(i int) {
	if err := rollback(w.conn); err != nil {
		w.giveUp(err)
		return
	}
	culprit := w.batch[i]
	others := append([]*unit(nil), w.batch[:i]...)
	others = append(others, w.batch[i+1:]...)
	for _, u := range others {
		u.err, u.panicked = nil, nil
		u.state.Store(unitWaiting)
	}
	w.mu.Lock()
	w.waiting = append(others, w.waiting...)
	w.mu.Unlock()
	w.alone += len(others)
	clear(w.batch)
	w.batch = append(w.batch[:0], culprit)
	w.answer()
}

// commit leaves no transaction open, whether it succeeds or not.
func (w *writer) commit() error {
	err := w.exec("COMMIT")
	if err == nil {
		return nil
	}
	return errors.Join(internal(err, "commit failed"), rollback(w.conn))
}

// giveUp answers the whole batch with an error.
func (w *writer) giveUp(err error) {
	err = pasarela.Wrap(pasarela.CodeInternal, err, "sqlite: nothing was committed")
	for _, u := range w.batch {
		u.err = err
	}
	w.answer()
}

func (w *writer) answer() {
	for i, u := range w.batch {
		w.batch[i] = nil
		u.done <- struct{}{}
	}
	w.batch = w.batch[:0]
}

func (w *writer) exec(query string) error {
	stmt, err := w.stmts.get(query)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(context.Background())
	return err
}

// beginImmediate takes SQLite's one write lock, for which other processes compete.
func beginImmediate(ctx context.Context, conn *sql.Conn) error {
	var err error
	for range beginAttempts {
		if _, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE"); !isBusy(err) {
			break
		}
	}
	if err != nil {
		return internal(err, "transaction cannot begin")
	}
	return nil
}

// rollback ends a transaction that SQLite may have ended by itself already; then another can begin.
func rollback(conn *sql.Conn) error {
	for _, query := range []string{"ROLLBACK", "BEGIN", "ROLLBACK"} {
		_, err := conn.ExecContext(context.Background(), query)
		switch {
		case query == "ROLLBACK" && err == nil:
			return nil
		case query == "BEGIN" && err != nil:
			return internal(err, "transaction cannot be undone")
		}
	}
	return nil
}
