package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"pasarela/jobs"
	"pasarela/store/postgres/pgtest"
	"pasarela/store/sqlite"
)

type starter func(ctx context.Context, work []jobs.Work) (*jobs.Runner, error)

func TestMain(m *testing.M) { pgtest.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

// onBoth plays a scenario on SQLite, beside the store that owns the file, and on PostgreSQL.
func onBoth(t *testing.T, play func(t *testing.T, start starter)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "pasarela.db")
		s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
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

// Two nodes on one database share the work: what one runs, the other does not.
func TestTwoNodesShareTheWork(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var running atomic.Int32
	var overlap atomic.Bool
	done := make(chan struct{}, 64)
	work := []jobs.Work{{Name: "shared", Every: time.Second, Do: func(context.Context) error {
		if running.Add(1) > 1 {
			overlap.Store(true)
		}
		defer running.Add(-1)
		done <- struct{}{}
		return nil
	}}}
	for range 2 {
		runner, err := jobs.OnPostgres(t.Context(), url, work, quiet)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = runner.Stop(context.Background()) })
	}
	for range 3 {
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("the work did not recur")
		}
	}
	if overlap.Load() {
		t.Error("both nodes ran the work at once")
	}
}
