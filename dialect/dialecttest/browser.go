package dialecttest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"pasarela"
	"pasarela/cde/threeds"
	"pasarela/cde/threeds/simulator"
	"pasarela/pages"
)

// PublicURL is a world's address. Only the world's own clients know it: nothing listens.
const PublicURL = "http://gateway.test"

// inside carries requests straight to the world's handler.
type inside struct{ w *World }

// RoundTrip implements http.RoundTripper.
func (t inside) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "192.0.2.1:1234"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := httptest.NewRecorder()
	t.w.ServeHTTP(out, in)
	answer := out.Result()
	answer.Request = r
	return answer, nil
}

// Browser is a client without cookies and scripts, which follows no redirect by itself.
func (w *World) Browser() *http.Client {
	return &http.Client{Transport: inside{w}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// openThreeDS makes the 3-D Secure server, and on the world's own mux the directory server and issuers that it asks.
func (w *World) openThreeDS(t testing.TB, o Options, log *slog.Logger) {
	t.Helper()
	address := func() string { return PublicURL }
	var err error
	w.ThreeDS, err = threeds.New(threeds.Config{DirectoryServerURL: PublicURL + simulator.DirectoryPath, HTTP: w.Browser(),
		PublicURL: address, Clock: w.Clock, Digest: w.Vault.Digest, Log: log, AllowLinks: !o.NoLinks,
		Results: func(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID, a pasarela.AuthenticationAnswer) error {
			return w.Gateway.CompleteAuthentication(ctx, m, id, a)
		}})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *World) mountThreeDS(mux *http.ServeMux, log *slog.Logger) {
	mux.Handle("POST "+threeds.ResultsPattern, w.ThreeDS.Handler())
	simulator.New(simulator.Config{Cards: w.Cards, Clock: w.Clock, Log: log, HTTP: w.Browser(),
		BaseURL: func() string { return PublicURL }}).Mount(mux)
	pages.Mount(mux)
}

// RefreshCards lets the 3-D Secure server learn which cards take part, after some were added.
func (w *World) RefreshCards(t testing.TB) {
	t.Helper()
	if err := w.ThreeDS.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}
