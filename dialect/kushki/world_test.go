package kushki_test

import (
	"net/http"
	"testing"

	"pasarela/cde/cards"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/kushki"
	"pasarela/gateway"
	"pasarela/store"
)

// newWorld is a world that speaks Kushki. Besides the countries' merchants it has one of Peru by the aggregator.
func newWorld(t testing.TB) *dialecttest.World { return worldOn(t, nil) }

func worldOn(t testing.TB, books func(testing.TB) store.Store) *dialecttest.World {
	return worldTold(t, books, nil)
}

func worldTold(t testing.TB, books func(testing.TB) store.Store, told func(dialecttest.Exchange)) *dialecttest.World {
	return worldWith(t, dialecttest.Options{Mount: mount, Store: books, OnExchange: told})
}

func worldWith(t testing.TB, o dialecttest.Options) *dialecttest.World {
	mount := o.Mount
	o.Mount = func(w *dialecttest.World, mux *http.ServeMux) {
		w.AddKushkiMerchants(t)
		mount(w, mux)
	}
	o.OnDelivery = sound(t)
	o.Tellers, o.Billers = tellers, map[string]gateway.Biller{"kushki": kushki.Pricing{}}
	return dialecttest.New(t, o)
}

func tellers(w *dialecttest.World) []gateway.Teller {
	return []gateway.Teller{kushki.Teller{CountryName: cards.CountryName, Digest: w.Vault.Digest, Sandbox: true}}
}

func mount(w *dialecttest.World, mux *http.ServeMux) {
	kushki.New(w.Gateway, kushki.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, Digest: w.Vault.Digest,
		CountryName: cards.CountryName, DescribeBIN: w.Cards.DescribeBIN, Profile: w.Cards.Profile, PublicURL: func() string { return dialecttest.PublicURL }, Challenges: w.ThreeDS, Sandbox: true}).Mount(mux)
}
