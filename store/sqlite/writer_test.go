package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

const shop pasarela.MerchantID = "20000000000000000001"

func openTemporary(t *testing.T, o Options) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pasarela.db")
	s, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, path
}

func insert(ctx context.Context, s *Store, id string, size int) error {
	return s.Update(ctx, shop, func(tx store.Tx) error {
		return tx.InsertToken(pasarela.Token{ID: pasarela.TokenID(id), Details: make([]byte, size)})
	})
}

func has(t *testing.T, s *Store, id string) bool {
	t.Helper()
	_, err := s.Token(t.Context(), shop, pasarela.TokenID(id))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// blocked keeps the writer busy with one unit while others are handed over, and lets it go once n of them
// wait, so that what follows is one batch.
func blocked(t *testing.T, s *Store, n int) (units *sync.WaitGroup) {
	t.Helper()
	inside, units := make(chan struct{}), &sync.WaitGroup{}
	wait := sync.OnceFunc(func() { // a unit may run more than once
		close(inside)
		for waiting := 0; waiting < n; runtime.Gosched() {
			s.writer.mu.Lock()
			waiting = len(s.writer.waiting)
			s.writer.mu.Unlock()
		}
	})
	units.Go(func() {
		err := s.writer.do(t.Context(), shop, func(*tx) error {
			wait()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	return units
}

// Units that wait share one commit.
func TestUnitsShareACommit(t *testing.T) {
	t.Parallel()
	var largest atomic.Int64
	s, _ := openTemporary(t, Options{OnCommit: func(units int, took time.Duration) {
		largest.Store(max(largest.Load(), int64(units)))
	}})
	const n = 20
	units := blocked(t, s, n)
	for i := range n {
		units.Go(func() {
			if err := insert(t.Context(), s, fmt.Sprint(i), 1); err != nil {
				t.Error(err)
			}
		})
	}
	units.Wait()
	if largest.Load() != n+1 {
		t.Errorf("the largest commit had %d units, want %d", largest.Load(), n+1)
	}
}

// A unit that panics or fails does not hurt those which share its commit.
func TestUnitsSurviveTheirNeighbours(t *testing.T) {
	t.Parallel()
	s, _ := openTemporary(t, Options{})
	units := blocked(t, s, 12)
	for i := range 12 {
		units.Go(func() {
			defer func() { _ = recover() }() // every third unit panics, and its caller gets that
			err := s.Update(t.Context(), shop, func(tx store.Tx) error {
				if err := tx.InsertToken(pasarela.Token{ID: pasarela.TokenID(fmt.Sprint(i))}); err != nil {
					return err
				}
				if i%3 == 1 {
					panic(i)
				}
				if i%3 == 2 {
					return errTxEnded
				}
				return nil
			})
			if (err != nil) != (i%3 == 2) {
				t.Errorf("unit %d: %v", i, err)
			}
		})
	}
	units.Wait()
	for i := range 12 {
		if got := has(t, s, fmt.Sprint(i)); got != (i%3 == 0) {
			t.Errorf("token %d is there: %t", i, got)
		}
	}
}

// A unit that ends the writer's goroutine, as t.FailNow does, costs its batch an error and no more.
func TestUnitEndsTheGoroutine(t *testing.T) {
	t.Parallel()
	s, _ := openTemporary(t, Options{})
	err := s.Update(t.Context(), shop, func(store.Tx) error {
		runtime.Goexit()
		return nil
	})
	if pasarela.CodeOf(err) != pasarela.CodeInternal {
		t.Errorf("unit that ended its goroutine: got %v", err)
	}
	if err := insert(t.Context(), s, "after", 1); err != nil {
		t.Error(err)
	}
}

// A unit whose caller has left before its turn is not run.
func TestUnitLeftBeforeItsTurn(t *testing.T) {
	t.Parallel()
	s, _ := openTemporary(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	release, inside := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		err := s.Update(t.Context(), shop, func(store.Tx) error {
			close(inside)
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	go func() {
		for waiting := 0; waiting == 0; runtime.Gosched() {
			s.writer.mu.Lock()
			waiting = len(s.writer.waiting)
			s.writer.mu.Unlock()
		}
		cancel()
	}()
	if err := insert(ctx, s, "left", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	close(release)
	first.Wait()
	if has(t, s, "left") {
		t.Error("the unit was run")
	}
}

// A full disk refuses the units that no longer fit, loses nothing, and the store goes on once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s, path := openTemporary(t, Options{})
	limitPages(t, s, 200)
	refused := insertLarge(t, s)
	if len(refused) == 0 || len(refused) > 6 {
		t.Errorf("refused were %v: want some of the six large units and no other", refused)
	}
	limitPages(t, s, 1_000_000)
	for i := range 30 {
		if has(t, s, fmt.Sprint(i)) == refused[i] {
			t.Errorf("token %d: refused %t, yet the opposite is stored", i, refused[i])
		}
	}
	if err := insert(t.Context(), s, "after", 300_000); err != nil {
		t.Errorf("once there is room: %v", err)
	}
	onFile(t, path, func(conn *sql.Conn) error {
		var verdict string
		err := conn.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict)
		if verdict != "ok" {
			t.Error(verdict)
		}
		return err
	})
}

func limitPages(t *testing.T, s *Store, pages int) {
	t.Helper()
	if _, err := s.writer.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
}

// insertLarge has 30 units in one batch, every fifth so large that not all of them fit into 200 pages, and
// returns those that were refused.
func insertLarge(t *testing.T, s *Store) (refused map[int]bool) {
	t.Helper()
	units := blocked(t, s, 30)
	var mu sync.Mutex
	refused = map[int]bool{}
	for i := range 30 {
		units.Go(func() {
			size := 1
			if i%5 == 0 {
				size = 300_000
			}
			err := insert(t.Context(), s, fmt.Sprint(i), size)
			if err != nil && (pasarela.CodeOf(err) != pasarela.CodeInternal || !strings.Contains(err.Error(), "full")) {
				t.Errorf("unit %d: %v", i, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				refused[i] = true
			}
		})
	}
	units.Wait()
	return refused
}

// A spent CVV is gone from the file, not only from the row. The bytes are what the vault makes of it.
func TestSpentCVVIsWiped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pasarela.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sealed := bytes.Repeat([]byte("sealed CVV of a token that is spent"), 10)
	for i := range 100 {
		id := pasarela.TokenID(fmt.Sprint(i))
		for _, unit := range []func(tx store.Tx) error{
			func(tx store.Tx) error {
				return tx.InsertToken(pasarela.Token{ID: id, CVV: pasarela.Sealed{Record: "token/t", Bytes: sealed}})
			},
			func(tx store.Tx) error { return tx.SpendToken(id, pasarela.SystemClock{}.Now()) },
		} {
			if err := s.Update(t.Context(), shop, unit); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil { // copies the log into the file and deletes it
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 1 {
		t.Fatalf("files after the close: %v, error %v", files, err)
	}
	if content, err := os.ReadFile(path); err != nil || bytes.Contains(content, sealed[:30]) {
		t.Errorf("the file still holds it, or cannot be read: %v", err)
	}
}

// Another process that holds the write lock for a while is waited for.
func TestAnotherProcessWrites(t *testing.T) {
	t.Parallel()
	s, path := openTemporary(t, Options{})
	var unit sync.WaitGroup
	onFile(t, path, func(conn *sql.Conn) error {
		if err := beginImmediate(t.Context(), conn); err != nil {
			return err
		}
		unit.Go(func() {
			if err := insert(t.Context(), s, "patient", 1); err != nil {
				t.Error(err)
			}
		})
		// Longer than many attempts of the writer, which waits in the database and not for us.
		deadline := time.After(100 * beginTimeout)
		<-deadline
		_, err := conn.ExecContext(t.Context(), "ROLLBACK")
		return err
	})
	unit.Wait()
	if !has(t, s, "patient") {
		t.Error("the unit was not run")
	}
}

// Postings are only ever appended, whoever tries, also after a reset.
func TestPostingsAreAppendOnly(t *testing.T) {
	t.Parallel()
	s, path := openTemporary(t, Options{})
	for range 2 {
		err := s.Update(t.Context(), shop, func(tx store.Tx) error {
			return tx.Post([]ledger.Posting{{ID: "1", Payment: "p", Debit: ledger.IssuerHolds, Credit: ledger.MerchantPending, Amount: pasarela.Money{Minor: 1, Currency: "USD"}}})
		})
		if err != nil {
			t.Fatal(err)
		}
		onFile(t, path, func(conn *sql.Conn) error {
			for _, query := range []string{`UPDATE postings SET amount = 2`, `DELETE FROM postings`, `INSERT INTO postings SELECT * FROM postings WHERE amount = -1 OR id = '1'`} {
				if _, err := conn.ExecContext(t.Context(), query); err == nil {
					t.Errorf("%s was not refused", query)
				}
			}
			return nil
		})
		if err := s.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A simulation runs the store under a clock of its own: nothing of it lives outside Open and Close.
func TestInABubble(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pasarela.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), path, Options{Synchronous: "OFF"})
		if err != nil {
			t.Fatal(err)
		}
		var units sync.WaitGroup
		for i := range 10 {
			units.Go(func() {
				time.Sleep(time.Duration(i) * time.Hour) // of the bubble's clock
				if err := insert(t.Context(), s, fmt.Sprint(i), 1); err != nil {
					t.Error(err)
				}
			})
		}
		units.Wait()
		if !has(t, s, "9") {
			t.Error("the last token is missing")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
