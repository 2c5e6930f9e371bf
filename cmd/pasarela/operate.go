package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/gateway"
	"pasarela/sandbox"
)

type versionCommand struct{}

// Run implements the command.
func (versionCommand) Run() error {
	fmt.Println("pasarela", version())
	return nil
}

// version is the module's, or the revision that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}

// migrateCommand takes the flags of the gateway whose database it is; it opens nothing that is sealed.
type migrateCommand struct{ keyed }

// Run implements the command.
func (c *migrateCommand) Run(ctx context.Context) error {
	if err := c.place.check(); err != nil {
		return err
	}
	if !c.onPostgres() {
		if err := c.makeFolder(); err != nil {
			return err
		}
	}
	s, err := c.openStore(ctx, nil)
	if err != nil {
		return err
	}
	fmt.Printf("The schema of %s is that of this version.\n", c.name())
	return s.Close()
}

type merchantCommand struct {
	Create merchantCreate `cmd:"" help:"Read a merchant as JSON from standard input, in the form of POST /sandbox/v1/merchants, and print it with all its credentials."`
}

type merchantCreate struct{ keyed }

// maxMerchant bounds the JSON of a merchant, in bytes.
const maxMerchant = 1 << 20

// Run implements the command.
func (c *merchantCreate) Run(ctx context.Context) (err error) {
	raw, err := io.ReadAll(io.LimitReader(os.Stdin, maxMerchant))
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	asked, err := sandbox.DecodeMerchant(raw)
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	m, err := asked.Merchant()
	if err != nil {
		return err
	}
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	v, err := c.openVault(ctx, s)
	if err != nil {
		return err
	}
	g := gateway.New(gateway.Config{Store: s, Vault: v, Clock: pasarela.SystemClock{}, IDs: pasarela.NewIDs(rand.Reader), Log: slog.Default()})
	if m, err = g.CreateMerchant(ctx, m); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	return out.Encode(sandbox.FromMerchant(m))
}

// openVault opens the vault of an existing gateway.
func (k keyed) openVault(ctx context.Context, keysets vault.Keysets) (*vault.Vault, error) {
	kek, err := k.kek(false)
	if err != nil {
		return nil, err
	}
	return vault.Open(ctx, vault.Config{Keysets: keysets, KEK: kek})
}
