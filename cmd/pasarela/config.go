package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pasarela/cde/vault"
)

// place says where a gateway keeps its things; every command that opens a gateway's store has it.
type place struct {
	Data        string `help:"Data folder." default:"./pasarela-data" env:"PASARELA_DATA"`
	DatabaseURL string `help:"postgres://... selects PostgreSQL; without it SQLite in the data folder." env:"PASARELA_DATABASE_URL"`
}

// keyed is a place whose sealed values are to be opened.
type keyed struct {
	place
	KEK string `name:"key-encryption-key" help:"What seals the keys: file:PATH, env:NAME (base64 of 32 bytes), or hcvault://HOST/KEY. Default: a file in the data folder." env:"PASARELA_KEY_ENCRYPTION_KEY"`
}

// Files of a data folder.
func (p place) database() string { return filepath.Join(p.Data, "pasarela.db") }
func (p place) jobs() string     { return filepath.Join(p.Data, "jobs.db") }
func (p place) issuer() string   { return filepath.Join(p.Data, "issuer") }
func (p place) inboxes() string  { return filepath.Join(p.Data, "inboxes") }
func (p place) lock() string     { return filepath.Join(p.Data, "lock") }
func (p place) demo() string     { return filepath.Join(p.Data, "demo-credentials.json") }

// name is what the database is called towards an operator; a URL may hold a password.
func (p place) name() string {
	if p.onPostgres() {
		return "the PostgreSQL database of --database-url"
	}
	return p.database() + " (SQLite)"
}

// engine is the kind of database.
func (p place) engine() string {
	if p.onPostgres() {
		return "postgres"
	}
	return "sqlite"
}

func (p place) onPostgres() bool { return p.DatabaseURL != "" }

// check refuses a database URL that is neither left out nor PostgreSQL's.
func (p place) check() error {
	if p.onPostgres() && !strings.HasPrefix(p.DatabaseURL, "postgres://") && !strings.HasPrefix(p.DatabaseURL, "postgresql://") {
		return fmt.Errorf("--database-url must begin with postgres://, or be left out for SQLite in %s", p.Data)
	}
	return nil
}

func (p place) makeFolder() error {
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// kek is the key-encryption key. create makes the data folder's own where it is missing.
func (k keyed) kek(create bool) (vault.KEK, error) {
	if k.KEK != "" {
		return vault.ParseKEK(k.KEK)
	}
	path := filepath.Join(k.Data, "key-encryption.key")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !create {
		return nil, fmt.Errorf("%s is missing: put it back, or name the key that this gateway uses with --key-encryption-key", path)
	}
	return vault.FileKEK(path, create)
}

// network says where the acquirer is and how this node appears to it.
type network struct {
	Acquirer            string `help:"ISO 8583 endpoint of the acquirer, HOST:PORT." placeholder:"HOST:PORT" env:"PASARELA_ACQUIRER"`
	AcquirerCA          string `name:"acquirer-ca" help:"PEM file with the authorities of the acquirer's TLS certificate; turns TLS on." type:"path" env:"PASARELA_ACQUIRER_CA"`
	AcquirerCertificate string `help:"PEM file with this node's certificate for the acquirer." type:"path" env:"PASARELA_ACQUIRER_CERTIFICATE"`
	AcquirerKey         string `help:"PEM file with its private key." type:"path" env:"PASARELA_ACQUIRER_KEY"`
	AcquirerPlaintext   bool   `help:"A tunnel or a private line protects the way to the acquirer: send card numbers without TLS." env:"PASARELA_ACQUIRER_PLAINTEXT"`
	TerminalID          string `help:"Field 41, up to 8 letters and digits; give each node its own." default:"PASARELA" env:"PASARELA_TERMINAL_ID"`
}

// listen opens the address that a flag names.
func listen(flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: another program listens there; choose another with %s HOST:PORT", flag, address, flag)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, address, err)
	}
	return l, nil
}

// process is what a gateway that runs is told besides.
type process struct {
	Listen          string        `help:"Address of the HTTP server." default:"127.0.0.1:8080" env:"PASARELA_LISTEN"`
	LogLevel        slog.Level    `help:"debug, info, warn or error." default:"info" env:"PASARELA_LOG_LEVEL"`
	AcquirerTimeout time.Duration `help:"How long, in real time, to wait for the acquirer's answer." default:"25s" env:"PASARELA_ACQUIRER_TIMEOUT"`
	secure
	BillingRate   int `help:"Scheduled payments of subscriptions that this node makes in a second, at most; 0 for as many as it can." default:"200" env:"PASARELA_BILLING_RATE"`
	MaxConcurrent int `help:"Requests under way at once; more are answered 503." default:"2048" env:"PASARELA_MAX_CONCURRENT"`
}
