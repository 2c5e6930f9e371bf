package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pasarela/bench"
	"pasarela/store"
)

type benchCommand struct {
	Duration    time.Duration `help:"Of each measurement." default:"5s"`
	Connections []int         `help:"How many at once, one series of measurements each." default:"1,16,32,64"`
	Stores      []string      `help:"sqlite, postgres or both." default:"sqlite,postgres"`
	DatabaseURL string        `help:"A PostgreSQL to measure on, whose database will be filled with test payments; without it one is started from the binaries on this machine." env:"PASARELA_BENCH_DATABASE_URL"`
	Data        string        `help:"Folder for the databases of the run, on the disk to measure; what is put there is removed. Default: the system's folder for temporary files."`
	JSON        bool          `name:"json" help:"Print the report as JSON."`

	Subscriptions int `help:"Measure billing in place of all that: so many subscriptions fall due at once on SQLite, while payments go on over the last number of --connections." placeholder:"N"`
	BillingRate   int `help:"Subscriptions charged in a second while it is paced." default:"200"`

	Webhooks         int `help:"Measure telling merchants in place of all that: how soon a payment is told of, how fast so many waiting deliveries go out, and payments while others' endpoints hang." placeholder:"N"`
	HangingEndpoints int `help:"How many endpoints hang meanwhile." default:"1000"`

	BareHandler bool `hidden:"" help:"Be the bare handler that charges are compared with, on the database named."`
}

// Run implements the command.
func (c *benchCommand) Run(ctx context.Context) error {
	if c.BareHandler {
		return c.handle(ctx)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("own path: %w", err)
	}
	if c.Subscriptions > 0 {
		return c.billing(ctx, program)
	}
	if c.Webhooks > 0 {
		return c.webhooks(ctx, program)
	}
	report, err := bench.Run(ctx, bench.Config{Program: program, Folder: c.Data, Duration: c.Duration,
		Connections: c.Connections, Stores: c.Stores, DatabaseURL: c.DatabaseURL, Progress: os.Stderr})
	if err != nil {
		return err
	}
	if !c.JSON {
		return report.Print(os.Stdout)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	return out.Encode(report)
}

// billing measures payments beside a billing run.
func (c *benchCommand) billing(ctx context.Context, program string) error {
	report, err := bench.RunBilling(ctx, bench.BillingConfig{Program: program, Folder: c.Data, Subscriptions: c.Subscriptions, Rate: c.BillingRate,
		Connections: c.Connections[len(c.Connections)-1], Duration: c.Duration, Progress: os.Stderr,
		Open: func(ctx context.Context, data string) (store.Store, error) {
			return place{Data: data}.openStore(ctx, nil)
		}})
	if err != nil {
		return err
	}
	if !c.JSON {
		return report.Print(os.Stdout)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	return out.Encode(report)
}

// webhooks measures what merchants are told.
func (c *benchCommand) webhooks(ctx context.Context, program string) error {
	report, err := bench.RunWebhooks(ctx, bench.WebhookConfig{Deliveries: c.Webhooks, Hanging: c.HangingEndpoints,
		Config: bench.Config{Program: program, Folder: c.Data, Duration: c.Duration, Connections: c.Connections, Stores: c.Stores, DatabaseURL: c.DatabaseURL, Progress: os.Stderr},
		Open: func(ctx context.Context, data, url string) (store.Store, error) {
			return place{Data: data, DatabaseURL: url}.openStore(ctx, nil)
		}})
	if err != nil {
		return err
	}
	if !c.JSON {
		return report.Print(os.Stdout)
	}
	return printJSON(report)
}

// handle serves the bare handler over a store of the kind that is measured.
func (c *benchCommand) handle(ctx context.Context) (err error) {
	p := place{Data: filepath.Clean(c.Data), DatabaseURL: c.DatabaseURL}
	s, err := p.openStore(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return bench.ServeHandler(ctx, s, os.Stdout)
}
