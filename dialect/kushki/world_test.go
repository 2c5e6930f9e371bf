package kushki_test

import (
	"net/http"
	"testing"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/kushki"
	"pasarela/store"
)

// newWorld is a world that speaks Kushki. Besides the countries' merchants it has one of Peru by the aggregator.
func newWorld(t testing.TB) *dialecttest.World { return worldOn(t, nil) }

func worldOn(t testing.TB, books func(testing.TB) store.Store) *dialecttest.World {
	w := dialecttest.New(t, dialecttest.Options{Mount: mount, Store: books})
	w.AddMerchant(t, "aggregated", pasarela.Merchant{Name: "Aggregated PE", Country: "PE", Model: pasarela.ModelAggregator,
		Kushki: pasarela.KushkiCredentials{PublicID: "agg-public", PrivateID: "agg-private"}})
	return w
}

func mount(w *dialecttest.World, mux *http.ServeMux) {
	kushki.New(w.Gateway, kushki.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, Digest: w.Vault.Digest,
		CountryName: cards.CountryName, Sandbox: true}).Mount(mux)
}

func TestWire(t *testing.T) {
	t.Parallel()
	dialecttest.Scripts(t, "testdata/*.txt", newWorld)
}
