package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	issuers "pasarela/cde/threeds/simulator"
	"pasarela/front"
	"pasarela/sandbox"
	"pasarela/telemetry"
)

type simulatorCommand struct {
	Listen          string        `help:"Address of the ISO 8583 endpoint." default:"127.0.0.1:8583" env:"PASARELA_SIMULATOR_LISTEN"`
	Control         string        `help:"Address of its controls (network/faults, issuer/..., cards and reset of /sandbox/v1) and of the 3-D Secure simulator; none when left out." env:"PASARELA_SIMULATOR_CONTROL"`
	PublicURL       string        `name:"public-url" help:"Address of the controls as browsers see it, for the pages of 3-D Secure. Default: http and the address of the controls." env:"PASARELA_SIMULATOR_PUBLIC_URL"`
	Data            string        `help:"Folder of the issuer's books." default:"./pasarela-issuer" env:"PASARELA_SIMULATOR_DATA"`
	AcquirerTimeout time.Duration `help:"How long the gateway waits for an answer: a late response comes after that." default:"25s" env:"PASARELA_ACQUIRER_TIMEOUT"`
	LogLevel        slog.Level    `help:"debug, info, warn or error." default:"info" env:"PASARELA_LOG_LEVEL"`
}

// Run implements the command.
func (c *simulatorCommand) Run(ctx context.Context) error {
	log, queue := telemetry.NewLog(os.Stderr, c.LogLevel)
	defer queue.Close()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("--data %s: %w", c.Data, err)
	}
	table, err := cards.Open(c.Data)
	if err != nil {
		return err
	}
	s, err := simulator.Open(simulator.Config{Dir: c.Data, Cards: table, Clock: pasarela.SystemClock{}, Log: log, GatewayTimeout: c.AcquirerTimeout, Standalone: true})
	if err != nil {
		return err
	}
	l, err := listen("--listen", c.Listen)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	stop, err := c.control(s, table, log)
	if err != nil {
		return errors.Join(err, l.Close(), s.Close())
	}
	fmt.Printf("The simulated acquirer listens on %s; the issuer's books are in %s.\n", l.Addr(), c.Data)
	err = s.Serve(ctx, l)
	return errors.Join(err, stop(), s.Close())
}

// control serves the controls that a simulator has without a gateway.
func (c *simulatorCommand) control(s *simulator.Simulator, table *cards.Table, log *slog.Logger) (stop func() error, err error) {
	if c.Control == "" {
		return func() error { return nil }, nil
	}
	l, err := listen("--control", c.Control)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	sandbox.New(sandbox.Config{Simulator: s, Cards: table, Log: log}).MountNetwork(mux)
	at := secure{PublicURL: c.PublicURL}
	if err := at.address("http://" + l.Addr().String()); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	mountIssuers(mux, issuers.Config{Cards: table, Clock: pasarela.SystemClock{}, Log: log, BaseURL: func() string { return at.PublicURL }})
	server := front.New(front.Config{Handler: mux, Log: log, Recorder: telemetry.New(), AcquirerTimeout: c.AcquirerTimeout,
		MaxConcurrent: 64, Ready: func(context.Context) error { return nil }, Live: func() bool { return true }})
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	fmt.Printf("Its controls are at http://%s/sandbox/v1.\n", l.Addr())
	fmt.Printf("A gateway reaches its 3-D Secure directory server with --directory-server %s%s.\n", at.PublicURL, issuers.DirectoryPath)
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return errors.Join(server.Shutdown(ctx), <-done)
	}, nil
}
