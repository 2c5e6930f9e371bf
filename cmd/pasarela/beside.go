package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"

	"pasarela"
	"pasarela/gateway"
	"pasarela/sandbox"
)

// Commands beside a gateway that may be running go by its clock, and send where it would send. What the gateway is, its
// folder says where that has its database; a folder says nothing of what is kept in PostgreSQL.

// asSandbox says what the gateway is where its folder cannot.
type asSandbox struct {
	Sandbox bool `help:"The gateway is a sandbox: go by the clock in its data folder, and allow private addresses. Needed with --database-url alone; without it the folder says so." env:"PASARELA_SANDBOX"`
}

// clock is what the gateway of a place goes by, and whether that is a sandbox's.
func (a asSandbox) clock(p place) (c pasarela.Clock, inSandbox bool, err error) {
	if p.onPostgres() && !a.Sandbox {
		return pasarela.SystemClock{}, false, nil
	}
	own, found, err := sandbox.ClockBeside(p.Data, p.engine())
	switch {
	case err != nil:
		return nil, false, err
	case found:
		return own, true, nil
	case a.Sandbox:
		return nil, false, fmt.Errorf("--sandbox: %s has no clock of a sandbox on %s: name the sandbox's folder with --data", p.Data, p.name())
	default:
		return pasarela.SystemClock{}, false, nil
	}
}

// operated is a gateway that a command changes or asks beside the process that takes payments.
type operated struct {
	keyed
	asSandbox
}

// openBeside opens it; it asks no acquirer. Its store is to be closed.
func (o operated) openBeside(ctx context.Context) (*gateway.Gateway, error) {
	clock, _, err := o.clock(o.place)
	if err != nil {
		return nil, err
	}
	s, err := o.openExisting(ctx)
	if err != nil {
		return nil, err
	}
	v, err := o.openVault(ctx, s)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return gateway.New(gateway.Config{Store: s, Vault: v, Clock: clock, IDs: pasarela.NewIDs(rand.Reader), Log: slog.Default()}), nil
}
