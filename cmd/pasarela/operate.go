package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"pasarela/cde/vault"
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

// openVault opens the vault of an existing gateway.
func (k keyed) openVault(ctx context.Context, keysets vault.Keysets) (*vault.Vault, error) {
	kek, err := k.kek(false)
	if err != nil {
		return nil, err
	}
	return vault.Open(ctx, vault.Config{Keysets: keysets, KEK: kek})
}
