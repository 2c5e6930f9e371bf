package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"pasarela/store/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Each test has a database of its own: what one makes, the other does not see.
func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	for range 2 {
		conn, err := pgx.Connect(t.Context(), pgtest.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (n INTEGER)"); err != nil {
			t.Fatal(err)
		}
	}
}

// A server keeps its data over a stop: that is how the tests of a crash go on.
func TestStartAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	for run, query := range []string{"CREATE TABLE kept (n INTEGER)", "DROP TABLE kept"} {
		url, stop, err := pgtest.Start(dir)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			stop()
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), query); err != nil {
			t.Errorf("run %d: %v", run+1, err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
		stop()
	}
}
