// Package jobs runs recurring work on River, on either database: which work exists and what it does is
// passed in by the caller. With several nodes on one PostgreSQL, River elects the one that enqueues, and any
// node runs what was enqueued, once.
//
// Work is asked for again and again, so a run that fails is logged and not retried: the next one finds the
// same things due. What must not be forgotten is a row of the store; a job only says that somebody should look.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver of OnSQLite's connection
)

// Work is done every Every, in real time, at least a second, and never twice at once in one process. Two nodes
// may overlap where a run takes longer than that, and a restart may ask within the interval for work that is rarer
// than remembered, so Do must not mind: it does what it finds due.
type Work struct {
	Name  string
	Every time.Duration
	Do    func(context.Context) error
}

// Runner does the work until it is stopped.
type Runner struct {
	stop func(context.Context) error
}

// Stop waits for runs under way, no longer than ctx.
func (r *Runner) Stop(ctx context.Context) error { return r.stop(ctx) }

// OnSQLite starts the work with a SQLite file of its own at path, which it makes where there is none. That file must
// not be the store's: SQLite has one write lock for each file and no queue for it, so beside a store that commits
// without a pause River would wait for many seconds. No other process may use the file.
func OnSQLite(ctx context.Context, path string, work []Work, log *slog.Logger) (*Runner, error) {
	db, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	stop, err := start(ctx, riversqlite.New(db), work, log, func() error {
		// Who leads according to the file is a process that has ended. Without this, nothing would be asked for
		// until its term is over.
		_, err := db.ExecContext(ctx, "DELETE FROM river_leader")
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Runner{stop: func(ctx context.Context) error { return errors.Join(stop(ctx), db.Close()) }}, nil
}

// openFile opens a file that only its owner can read. One connection is enough, and never meets a lock.
func openFile(path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, err
	}
	// Jobs are asked for again after a power cut, so their commits need no flush.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// OnPostgres starts the work on the PostgreSQL at url, with a small pool of its own.
func OnPostgres(ctx context.Context, url string, work []Work, log *slog.Logger) (*Runner, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("jobs: the database URL cannot be read")
	}
	config.MaxConns = 4
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	stop, err := start(ctx, riverpgxv5.New(pool), work, log, func() error { return nil })
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Runner{stop: func(ctx context.Context) error { defer pool.Close(); return stop(ctx) }}, nil
}

// run names the work of one job.
type run struct {
	Work string `json:"work" river:"unique"`
}

func (run) Kind() string { return "run" }

// worker finds the work that a job names.
type worker struct {
	river.WorkerDefaults[run]
	work []Work
	busy []sync.Mutex // one for each work, held by its run in this process
	log  *slog.Logger
}

const (
	longest    = 10 * time.Minute // bounds one run
	remembered = time.Hour        // how long a run that has ended keeps its turn from being taken again
)

func (w *worker) Timeout(*river.Job[run]) time.Duration { return longest }

func (w *worker) Work(ctx context.Context, job *river.Job[run]) error {
	i := slices.IndexFunc(w.work, func(x Work) bool { return x.Name == job.Args.Work })
	if i < 0 {
		return nil // enqueued by another version of the program
	}
	if !w.busy[i].TryLock() {
		return nil // the run under way finds what has fallen due meanwhile, or the next turn does
	}
	defer w.busy[i].Unlock()
	err := w.work[i].Do(ctx)
	if err != nil && ctx.Err() == nil {
		w.log.LogAttrs(ctx, slog.LevelError, "recurring work failed; it is tried again at its next turn",
			slog.String("work", job.Args.Work), slog.Any("error", err))
	}
	return nil
}

// migrate brings River's tables up to date.
func migrate[T any](ctx context.Context, driver riverdriver.Driver[T], log *slog.Logger) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("jobs: River's tables: %w", err)
	}
	return nil
}

// start has River run until the function that it returns is called. prepare is called between River's tables being
// there and their first use.
func start[T any](ctx context.Context, driver riverdriver.Driver[T], work []Work, log *slog.Logger, prepare func() error) (func(context.Context) error, error) {
	stopping := &atomic.Bool{}
	quiet := slog.New(riverLog{log.Handler(), stopping})
	if err := migrate(ctx, driver, quiet); err != nil {
		return nil, err
	}
	if err := prepare(); err != nil {
		return nil, fmt.Errorf("jobs: River's tables: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{work: work, busy: make([]sync.Mutex, len(work)), log: log})
	client, err := river.NewClient(driver, &river.Config{
		Logger:                      quiet,
		Workers:                     workers,
		PeriodicJobs:                periodic(work),
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2*len(work) + 1}},
		FetchPollInterval:           500 * time.Millisecond,
		CompletedJobRetentionPeriod: remembered,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return func(ctx context.Context) error {
		stopping.Store(true)
		return client.Stop(ctx)
	}, nil
}

// periodic asks for each work once in each of its intervals. Whether the run before has ended is not asked: one
// whose node was killed looks as if it still ran, and must not keep the next from running.
func periodic(work []Work) []*river.PeriodicJob {
	var jobs []*river.PeriodicJob
	for _, w := range work {
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(w.Every), func() (river.JobArgs, *river.InsertOpts) {
			return run{Work: w.Name}, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: w.Every}}
		}, &river.PeriodicJobOpts{RunOnStart: true}))
	}
	return jobs
}

// riverLog passes on River's warnings and errors. Its account of what goes well is of no use to an operator, nor
// are its complaints about the cancellations of an orderly stop.
type riverLog struct {
	slog.Handler
	stopping *atomic.Bool
}

func (l riverLog) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && !l.stopping.Load() && l.Handler.Enabled(ctx, level)
}

func (l riverLog) WithAttrs(a []slog.Attr) slog.Handler {
	return riverLog{l.Handler.WithAttrs(a), l.stopping}
}

func (l riverLog) WithGroup(n string) slog.Handler {
	return riverLog{l.Handler.WithGroup(n), l.stopping}
}
