package postgres_test

import (
	"testing"

	"pasarela/store"
	"pasarela/store/postgres"
	"pasarela/store/postgres/pgtest"
	"pasarela/store/storetest"
)

func BenchmarkUnits(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) store.Store { return open(b, pgtest.URL(b), postgres.Options{}) })
}

func BenchmarkDeliveries(b *testing.B) {
	storetest.BenchmarkDeliveries(b, func(b *testing.B) store.Store { return open(b, pgtest.URL(b), postgres.Options{}) })
}
