package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Environment names the server to use in place of one that is started.
const Environment = "PASARELA_TEST_POSTGRES"

// server is the one that this process started.
var server struct {
	once sync.Once
	url  string
	dir  string
	stop func()
	err  error
}

// databases numbers the databases of this process.
var databases atomic.Int64

// URL makes an empty database and returns its URL. It is dropped when the test ends. The test fails where
// there is no PostgreSQL.
func URL(t testing.TB) string {
	t.Helper()
	admin, err := adminURL()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("pasarela_%d_%d", os.Getpid(), databases.Add(1))
	if err := execute(admin, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("pgtest: database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: database: %v", err)
		}
	})
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("pgtest: %s: %v", Environment, err)
	}
	u.Path = "/" + name
	return u.String()
}

// Main runs the tests of a package, stops the server that they started, and ends the process. It is all
// that a TestMain does.
func Main(m *testing.M) {
	code := m.Run()
	if server.stop != nil {
		server.stop()
	}
	if server.dir != "" {
		if err := os.RemoveAll(server.dir); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

func adminURL() (string, error) {
	if u := os.Getenv(Environment); u != "" {
		return u, nil
	}
	server.once.Do(func() {
		if server.dir, server.err = os.MkdirTemp("", "pgtest"); server.err != nil {
			return
		}
		server.url, server.stop, server.err = Start(filepath.Join(server.dir, "data"))
	})
	return server.url, server.err
}

func execute(databaseURL, query string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, query); err != nil {
		_ = conn.Close(ctx) // the query's error is the one that counts
		return err
	}
	return conn.Close(ctx)
}
