package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/jobs"
	"pasarela/store"
)

// Expiry and reversals go on while payments keep the store's one write lock for themselves. Here a unit of work holds
// it until the work has recurred three times, which is more than any load can do: not one commit comes between. Nothing
// of it is worth a line in the log.
func TestWorkRecursWhileTheStoreIsWriting(t *testing.T) {
	t.Parallel()
	p := place{Data: t.TempDir()}
	s, err := p.openStore(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	runs := make(chan struct{}, 1)
	var log strings.Builder // its handler locks; read after the runner has stopped
	runner, err := p.startJobs(t.Context(), []jobs.Work{{Name: "sweep", Every: time.Second, Do: func(context.Context) error {
		select {
		case runs <- struct{}{}:
		default:
		}
		return nil
	}}}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), "20000000000000000001", func(tx store.Tx) error {
		if err := tx.InsertToken(pasarela.Token{ID: "holds the write lock"}); err != nil {
			return err
		}
		for turn := range 4 { // the first may have been before the lock was taken
			select {
			case <-runs:
			case <-time.After(time.Minute):
				t.Errorf("turn %d did not come while the store was writing", turn)
				return nil
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := runner.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "locked") {
		t.Errorf("the log speaks of locks:\n%s", &log)
	}
}
