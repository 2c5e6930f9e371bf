package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pasarela/store/postgres/pgtest"
)

// Config says what to measure.
type Config struct {
	Program     string        // path of pasarela itself, which is run as gateway, simulator and bare handler
	Folder      string        // where the run keeps its databases; a folder below it is made and removed
	Duration    time.Duration // of each measurement; a fifth of it is warm-up besides
	Connections []int         // of the load, one measurement each
	Stores      []string      // of SQLite and Postgres
	DatabaseURL string        // of a PostgreSQL whose database may be filled with test payments; "" starts one
	Progress    io.Writer     // one line for each measurement
}

// The stores.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Check refuses what cannot be measured.
func (c Config) Check() error {
	switch {
	case c.Duration < 100*time.Millisecond || c.Duration > 10*time.Minute:
		return fmt.Errorf("duration %s: choose 100ms to 10m", c.Duration)
	case len(c.Connections) == 0 || slices.Min(c.Connections) < 1 || slices.Max(c.Connections) > 1000:
		return fmt.Errorf("connections %v: choose one or more of 1 to 1000", c.Connections)
	case len(c.Stores) == 0:
		return errors.New("stores: choose sqlite, postgres or both")
	}
	for _, s := range c.Stores {
		if s != SQLite && s != Postgres {
			return fmt.Errorf("store %q: choose sqlite or postgres", s)
		}
	}
	return nil
}

// measurements is more than are made for each number of connections; it bounds a run.
const measurements = 12

// Run measures. It leaves no process and no file behind, and ends at the latest after a time that follows
// from the configuration.
func Run(ctx context.Context, c Config) (report Report, err error) {
	if err := c.Check(); err != nil {
		return report, err
	}
	runs := time.Duration(len(c.Stores) * measurements * (len(c.Connections) + 1))
	ctx, cancel := context.WithTimeout(ctx, runs*(2*c.Duration+5*time.Second)+5*time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp(c.Folder, "pasarela-bench-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	report = Report{At: time.Now().UTC().Truncate(time.Second), DurationSeconds: c.Duration.Seconds()}
	if report.Machine, err = describe(folder); err != nil {
		return report, err
	}
	for _, name := range c.Stores {
		b := &bench{Config: c, folder: filepath.Join(folder, name)}
		b.report.Store = name
		if err := b.run(ctx); err != nil {
			return report, fmt.Errorf("%s: %w", name, err)
		}
		report.Stores = append(report.Stores, b.report)
	}
	report.compare()
	return report, nil
}

// bench measures one store.
type bench struct {
	Config
	folder string
	report StoreReport

	simulator, gateway, handler *program
	server                      server // PostgreSQL's; zero for SQLite
	bare                        *bareSQLite
	merchants                   merchants

	closers []func() error
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.Progress, b.report.Store+": "+format+"\n", args...) // the run does not depend on being watched
}

func (b *bench) onClose(f func() error) { b.closers = append(b.closers, f) }

func (b *bench) run(ctx context.Context) (err error) {
	defer func() {
		for i := len(b.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, b.closers[i]())
		}
	}()
	steps := []func(context.Context) error{
		b.openDatabase, b.startSimulator, b.startGateway, b.addMerchants, b.startHandler, b.measureAll, b.measureMerchants,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	b.report.Memory.LoadMB = memory(b.gateway.pid(), "VmHWM")
	return nil
}

func (b *bench) openDatabase(ctx context.Context) (err error) {
	if err := os.MkdirAll(b.folder, 0o711); err != nil { // PostgreSQL's account passes through
		return err
	}
	if b.report.Store == SQLite {
		if b.bare, err = openBareSQLite(ctx, b.folder); err != nil {
			return err
		}
		b.onClose(b.bare.close)
		return b.bare.conn.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version()`).Scan(&b.report.Database)
	}
	if b.DatabaseURL == "" {
		b.say("starting PostgreSQL")
		url, stop, err := pgtest.Start(filepath.Join(b.folder, "postgres"))
		if err != nil {
			return err
		}
		b.DatabaseURL = url
		b.onClose(func() error { stop(); return nil })
	}
	if b.server, err = describePostgres(ctx, b.DatabaseURL); err != nil {
		return err
	}
	b.report.Database, b.report.Settings = "PostgreSQL "+b.server.version, b.server.settings
	if _, err := pgbench(); err != nil {
		b.report.Notes = append(b.report.Notes, err.Error())
	}
	return nil
}

func (b *bench) startSimulator(ctx context.Context) (err error) {
	b.simulator, err = start(ctx, b.Program, "simulator", "--listen", "127.0.0.1:0",
		"--data", filepath.Join(b.folder, "issuer"), "--log-level", "warn")
	if err == nil {
		b.onClose(b.simulator.stop)
	}
	return err
}

// startGateway starts the gateway on an empty folder, makes its first payment, and times that.
func (b *bench) startGateway(ctx context.Context) (err error) {
	data := filepath.Join(b.folder, "gateway")
	args := []string{"dev", "--listen", "127.0.0.1:0", "--acquirer", b.simulator.address, "--data", data, "--log-level", "warn"}
	began := time.Now()
	if b.gateway, err = start(ctx, b.Program, b.database(args)...); err != nil {
		return err
	}
	b.onClose(b.gateway.stop)
	if err := b.gateway.healthy(ctx); err != nil {
		return err
	}
	if b.merchants.demo, err = demoMerchant(data); err != nil {
		return err
	}
	if err := b.pay(ctx, b.merchants.demo); err != nil {
		return fmt.Errorf("first payment: %w", err)
	}
	b.report.StartToFirstPaymentMS = millis(time.Since(began))
	b.report.Memory.IdleMB = memory(b.gateway.pid(), "VmRSS")
	b.say("first payment after %.0f ms", b.report.StartToFirstPaymentMS)
	return nil
}

// database adds the database's flag where there is one.
func (b *bench) database(args []string) []string {
	if b.report.Store == Postgres {
		args = append(args, "--database-url", b.DatabaseURL)
	}
	return args
}

func (b *bench) pay(ctx context.Context, m merchant) error {
	c, err := dial(ctx, b.gateway.address)
	if err != nil {
		return err
	}
	defer c.close()
	w := pairs{requests: []pairRequests{m.pair()}}
	return w.turn(c, func(int, time.Duration) {})
}

func (b *bench) startHandler(ctx context.Context) (err error) {
	b.say("preparing the bare handler")
	folder := filepath.Join(b.folder, "handler")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	b.handler, err = start(ctx, b.Program, b.database([]string{"bench", "--bare-handler", "--data", folder})...)
	if err == nil {
		b.onClose(b.handler.stop)
	}
	return err
}
