package sqlite_test

import (
	"path/filepath"
	"testing"

	"pasarela/store"
	"pasarela/store/sqlite"
	"pasarela/store/storetest"
)

// SQLite keeps every promise of the storage contract.
func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Open {
		path := filepath.Join(t.TempDir(), "pasarela ?#%41.db")
		return func(t *testing.T) store.Store { return open(t, path, sqlite.Options{}) }
	})
}

func open(t testing.TB, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
