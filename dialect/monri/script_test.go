package monri

import (
	"net/http"
	"testing"

	"pasarela"
	"pasarela/dialect/dialecttest"
)

// Conversations as a shop would have them.
func TestScripts(t *testing.T) {
	t.Parallel()
	dialecttest.Scripts(t, "testdata/*.txt", func(t testing.TB) *dialecttest.World {
		return dialecttest.New(t, dialecttest.Options{Mount: func(w *dialecttest.World, mux *http.ServeMux) {
			w.AddMerchant(t, "BA", pasarela.Merchant{Name: "Shop", Country: "BA",
				Monri: pasarela.MonriCredentials{AuthenticityToken: demoToken, Key: demoKey}})
			New(w.Gateway, Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, Digest: w.Vault.Digest}).Mount(mux)
		}})
	})
}
