package postgres_test

import (
	"testing"

	"pasarela/store"
	"pasarela/store/postgres"
	"pasarela/store/postgres/pgtest"
	"pasarela/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// PostgreSQL keeps every promise of the storage contract.
func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Open {
		url := pgtest.URL(t)
		return func(t *testing.T) store.Store { return open(t, url, postgres.Options{}) }
	})
}

func open(t testing.TB, url string, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
