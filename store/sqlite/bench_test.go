package sqlite_test

import (
	"path/filepath"
	"testing"

	"pasarela/store"
	"pasarela/store/sqlite"
	"pasarela/store/storetest"
)

func BenchmarkUnits(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) store.Store {
		return open(b, filepath.Join(b.TempDir(), "pasarela.db"), sqlite.Options{})
	})
}

func BenchmarkDeliveries(b *testing.B) {
	storetest.BenchmarkDeliveries(b, func(b *testing.B) store.Store {
		return open(b, filepath.Join(b.TempDir(), "pasarela.db"), sqlite.Options{})
	})
}
