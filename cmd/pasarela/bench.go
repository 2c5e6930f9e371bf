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
)

type benchCommand struct {
	Duration    time.Duration `help:"Of each measurement." default:"5s"`
	Connections []int         `help:"How many at once, one series of measurements each." default:"1,16,32,64"`
	Stores      []string      `help:"sqlite, postgres or both." default:"sqlite,postgres"`
	DatabaseURL string        `help:"A PostgreSQL to measure on, whose database will be filled with test payments; without it one is started from the binaries on this machine." env:"PASARELA_BENCH_DATABASE_URL"`
	Data        string        `help:"Folder for the databases of the run, on the disk to measure; what is put there is removed. Default: the system's folder for temporary files."`
	JSON        bool          `name:"json" help:"Print the report as JSON."`

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
