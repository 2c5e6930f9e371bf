package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pasarela/jobs"
	"pasarela/store/postgres/pgtest"
)

type starter func(ctx context.Context, work []jobs.Work) (*jobs.Runner, error)

func TestMain(m *testing.M) { pgtest.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

// onBoth plays a scenario on SQLite and on PostgreSQL.
func onBoth(t *testing.T, play func(t *testing.T, start starter)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "jobs 100%?.db")
		play(t, func(ctx context.Context, work []jobs.Work) (*jobs.Runner, error) {
			return jobs.OnSQLite(ctx, path, work, quiet)
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.URL(t)
		play(t, func(ctx context.Context, work []jobs.Work) (*jobs.Runner, error) {
			return jobs.OnPostgres(ctx, url, work, quiet)
		})
	})
}

const patience = 30 * time.Second

// Work recurs, never runs twice at once, and goes on after it failed.
func TestWorkRecursOneAtATime(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start starter) {
		var running, runs atomic.Int32
		twice := make(chan struct{}, 1)
		third := make(chan struct{})
		runner, err := start(t.Context(), []jobs.Work{{Name: "count", Every: time.Second, Do: func(context.Context) error {
			if running.Add(1) > 1 {
				twice <- struct{}{}
			}
			defer running.Add(-1)
			if runs.Add(1) == 3 {
				close(third)
			}
			return errors.New("this turn failed")
		}}})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-third:
		case <-twice:
			t.Error("two runs at once")
		case <-time.After(patience):
			t.Errorf("%d runs in %s", runs.Load(), patience)
		}
		if err := runner.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// Two nodes on one database share the work: each turn is taken by one of them.
func TestTwoNodesShareTheWork(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var runs atomic.Int32
	fifth := make(chan struct{})
	work := []jobs.Work{{Name: "shared", Every: time.Second, Do: func(context.Context) error {
		if runs.Add(1) == 5 {
			close(fifth)
		}
		return nil
	}}}
	started := time.Now()
	for range 2 {
		runner, err := jobs.OnPostgres(t.Context(), url, work, quiet)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = runner.Stop(context.Background()) })
	}
	select {
	case <-fifth:
	case <-time.After(patience):
		t.Fatal("the work did not recur")
	}
	if took := time.Since(started); took < 3*time.Second {
		t.Errorf("five turns of a second each were over in %s: both nodes took them", took)
	}
}

// A run whose process was killed looks as if it went on for ever. The work recurs all the same.
func TestKilledRunDoesNotEndTheWork(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jobs.db")
	entered, forever := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(entered) })
	killed, err := jobs.OnSQLite(t.Context(), path, []jobs.Work{{Name: "sweep", Every: time.Second, Do: func(context.Context) error {
		first()
		<-forever
		return nil
	}}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	<-entered
	// Stopped with a context that has ended, it leaves its run marked as running, as a kill does.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_ = killed.Stop(ended)
	t.Cleanup(func() { close(forever) })

	again := make(chan struct{})
	second := sync.OnceFunc(func() { close(again) })
	runner, err := jobs.OnSQLite(t.Context(), path, []jobs.Work{{Name: "sweep", Every: time.Second, Do: func(context.Context) error {
		second()
		return nil
	}}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = runner.Stop(context.Background()) })
	select {
	case <-again:
	case <-time.After(patience):
		t.Error("nothing ran after the kill")
	}
}

// A process that was killed stays the leader according to the file. The next one asks for work without waiting for
// that term to end, which is a year here.
func TestDeadLeaderHoldsNothingUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jobs.db")
	before, err := jobs.OnSQLite(t.Context(), path, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `INSERT INTO river_leader (leader_id, elected_at, expires_at)
		VALUES ('killed', datetime('now', 'subsec'), datetime('now', 'subsec', '+1 year'))`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}

	done := make(chan struct{})
	first := sync.OnceFunc(func() { close(done) })
	runner, err := jobs.OnSQLite(t.Context(), path, []jobs.Work{{Name: "sweep", Every: time.Second, Do: func(context.Context) error {
		first()
		return nil
	}}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = runner.Stop(context.Background()) })
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("nothing ran: the dead process still leads")
	}
}

// The timetable tells when a gateway sweeps; like the store's file it is its owner's alone.
func TestFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jobs.db")
	runner, err := jobs.OnSQLite(t.Context(), path, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = runner.Stop(context.Background()) })
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s can be opened by others: %s", filepath.Base(name), mode)
		}
	}
}
