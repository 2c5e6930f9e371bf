package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"pasarela/telemetry"
)

type devCommand struct {
	keyed
	process
	network
	SimulatorListen string    `help:"Where the built-in simulator listens." default:"127.0.0.1:0" env:"PASARELA_SIMULATOR_LISTEN"`
	StartTime       time.Time `help:"Where the clock of a new data folder starts, RFC 3339." format:"2006-01-02T15:04:05Z07:00" env:"PASARELA_START_TIME"`
}

// Run implements the command.
func (c *devCommand) Run(ctx context.Context) error {
	log, queue := telemetry.NewLog(os.Stderr, c.LogLevel)
	defer queue.Close()
	l, err := listen("--listen", c.Listen)
	if err != nil {
		return err
	}
	c.Listen = l.Addr().String()
	if err := c.address("http://" + c.Listen); err != nil {
		return errors.Join(err, l.Close())
	}
	n, err := openNode(ctx, settings{keyed: c.keyed, process: c.process, network: c.network, simulator: c.SimulatorListen,
		sandbox: true, createKEK: true, startTime: c.StartTime}, log)
	if err != nil {
		return errors.Join(unlessAsked(ctx, err), l.Close())
	}
	demo, err := n.demoMerchants(ctx)
	if err != nil {
		return errors.Join(unlessAsked(ctx, err), l.Close(), n.close())
	}
	fmt.Print(demo.welcome(n))
	return n.run(ctx, l, "", "")
}
