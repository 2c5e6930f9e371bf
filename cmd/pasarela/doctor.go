package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"pasarela"
	"pasarela/cde/threeds"
	"pasarela/cde/vault"
)

type doctorCommand struct {
	keyed
	Acquirer string `help:"ISO 8583 endpoint to try, HOST:PORT." placeholder:"HOST:PORT" env:"PASARELA_ACQUIRER"`
	directory
	JSON bool `name:"json" help:"Print the findings as JSON."`
}

// finding is one thing that was checked.
type finding struct {
	What   string `json:"what"`
	Good   bool   `json:"good"`
	Detail string `json:"detail"`
}

// Run implements the command: exit status 1 when something has to be mended.
func (c *doctorCommand) Run(ctx context.Context) error {
	findings := []finding{
		check("data folder can be written, and its flush time", c.flush),
		check("key-encryption key", func() (string, error) { _, err := c.kek(false); return "can be read", err }),
		check("database and keys", func() (string, error) { return c.opens(ctx) }),
	}
	if c.Acquirer != "" {
		findings = append(findings, check("acquirer "+c.Acquirer, c.dial))
	}
	if c.DirectoryServer != "" {
		findings = append(findings, check("directory server "+c.DirectoryServer, func() (string, error) { return c.askDirectoryServer(ctx) }))
	}
	bad := 0
	for _, f := range findings {
		if !f.Good {
			bad++
		}
	}
	if err := c.print(findings); err != nil {
		return err
	}
	if bad > 0 {
		return exit(1)
	}
	return nil
}

func check(what string, do func() (string, error)) finding {
	detail, err := do()
	if err != nil {
		return finding{What: what, Detail: err.Error()}
	}
	return finding{What: what, Good: true, Detail: detail}
}

func (c *doctorCommand) print(findings []finding) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"findings": findings})
	}
	for _, f := range findings {
		mark := "ok  "
		if !f.Good {
			mark = "BAD "
		}
		fmt.Printf("%s %s: %s\n", mark, f.What, f.Detail)
	}
	return nil
}

// flushes is how many times doctor writes and flushes a page.
const flushes = 50

// flush measures what bounds every commit.
func (c *doctorCommand) flush() (_ string, err error) {
	f, err := os.CreateTemp(c.Data, "doctor-*")
	if err != nil {
		return "", fmt.Errorf("%w: make the folder, or name another with --data", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, 4096)
	started := time.Now()
	for range flushes {
		if _, err := f.Write(page); err != nil {
			return "", err
		}
		if err := f.Sync(); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s per flush in %s", (time.Since(started) / flushes).Round(time.Microsecond), filepath.Clean(c.Data)), nil
}

func (c *doctorCommand) opens(ctx context.Context) (_ string, err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Ping(ctx); err != nil {
		return "", err
	}
	kek, err := c.kek(false)
	if err != nil {
		return "", err
	}
	if _, err := vault.Open(ctx, vault.Config{Keysets: s, KEK: kek}); err != nil {
		return "", err
	}
	return "database answers, and the key-encryption key opens its keys", nil
}

func (c *doctorCommand) dial() (string, error) {
	conn, err := net.DialTimeout("tcp", c.Acquirer, 5*time.Second)
	if err != nil {
		return "", err
	}
	return "accepts connections", conn.Close()
}

// askDirectoryServer asks for the card ranges, as a node does before it gets healthy. Nobody is authenticated, so
// nothing comes back to this machine.
func (c *doctorCommand) askDirectoryServer(ctx context.Context) (string, error) {
	client, err := c.client()
	if err != nil {
		return "", err
	}
	s, err := threeds.New(threeds.Config{DirectoryServerURL: c.DirectoryServer, HTTP: client, PublicURL: func() string { return "" },
		Clock: pasarela.SystemClock{}, Digest: func(string, ...[]byte) []byte { return nil },
		Results: func(context.Context, pasarela.MerchantID, pasarela.AuthenticationID, pasarela.AuthenticationAnswer) error {
			return pasarela.Errorf(pasarela.CodeNotFound, "doctor authenticates nobody")
		}})
	if err != nil {
		return "", fmt.Errorf("--directory-server: %w", err)
	}
	return "tells its card ranges", s.Refresh(ctx)
}
