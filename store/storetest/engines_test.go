package storetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pasarela/store"
	"pasarela/store/postgres"
	"pasarela/store/postgres/pgtest"
	"pasarela/store/sqlite"
	"pasarela/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Whatever happens, the two engines answer the same. Seeds that once found a difference stay.
func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			embedded, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "pasarela.db"), sqlite.Options{Synchronous: "OFF"})
			if err != nil {
				t.Fatal(err)
			}
			server, err := postgres.Open(t.Context(), pgtest.URL(t), postgres.Options{MaxConns: 4})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []store.Store{embedded, server} {
				defer func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				}()
			}
			storetest.Compare(t, embedded, server, seed, 500)
		})
	}
}

// A schema change comes to both engines under the same number and name, and a noun lies in the same file.
func TestEnginesHaveTheSameFiles(t *testing.T) {
	t.Parallel()
	for folder, same := range map[string]func(name string) bool{
		"migrations": func(string) bool { return true },
		".": func(name string) bool {
			return !engineOnly[name] && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
		},
	} {
		sqliteNames, postgresNames := names(t, filepath.Join("../sqlite", folder), same), names(t, filepath.Join("../postgres", folder), same)
		if !reflect.DeepEqual(sqliteNames, postgresNames) {
			t.Errorf("%s: sqlite has %v, postgres has %v", folder, sqliteNames, postgresNames)
		}
	}
}

// engineOnly is what one engine needs and the other does not.
var engineOnly = map[string]bool{"writer.go": true, "statements.go": true}

func names(t *testing.T, folder string, wanted func(name string) bool) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		if !e.IsDir() && wanted(e.Name()) {
			found = append(found, e.Name())
		}
	}
	if len(found) == 0 {
		t.Fatalf("no files in %s", folder)
	}
	return found
}
