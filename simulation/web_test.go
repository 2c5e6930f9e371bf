package simulation

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"

	"pasarela/cde/threeds"
	directory "pasarela/cde/threeds/simulator"
)

// Addresses that exist in a run only.
const (
	schemeURL  = "http://scheme.test"  // directory server and issuers' pages
	gatewayURL = "http://gateway.test" // whichever gateway is up
)

var errLost = errors.New("the network lost it")

// web carries HTTP between gateways, the directory server and the issuers' pages: in the caller's goroutine and on
// its lane, with latency, and now and then a request or an answer gets lost. Where the call is nobody's, as when a
// gateway starts, it takes no time.
type web struct {
	world *world
	from  *process // nil for the directory server
}

// RoundTrip implements http.RoundTripper.
func (h web) RoundTrip(r *http.Request) (*http.Response, error) {
	body := io.ReadCloser(http.NoBody)
	if r.Body != nil {
		body = r.Body
		defer func() { _ = r.Body.Close() }() // wipes; never fails
	}
	a, known := actorOf(r.Context())
	fate := -1
	if known {
		fate = a.random.IntN(60)
		h.travel(a)
	}
	switch {
	case fate == 0:
		return nil, errLost
	case h.from != nil && h.from.dead():
		return nil, errDead
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Body = r.URL.RequestURI(), "192.0.2.1:1234", body
	out := httptest.NewRecorder()
	h.world.serve(a, out, in)
	if known {
		h.travel(a)
	}
	switch {
	case fate == 1:
		return nil, errLost
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	}
	return out.Result(), nil
}

func (h web) travel(a actor) {
	a.wait()
	if h.from != nil {
		h.from.passGate(a)
	}
}

// serve is what answers at the addresses. A result of a challenge goes to any gateway that is up.
func (w *world) serve(a actor, out http.ResponseWriter, in *http.Request) {
	if in.URL.Scheme+"://"+in.URL.Host == schemeURL {
		w.scheme.ServeHTTP(out, in)
		return
	}
	gw, _ := w.find(a.random)
	if gw == nil {
		http.Error(out, "no gateway is up", http.StatusBadGateway)
		return
	}
	gw.threeDS.Handler().ServeHTTP(out, in)
}

// openScheme starts the directory server and the issuers that it asks.
func (w *world) openScheme() {
	mux := http.NewServeMux()
	directory.New(directory.Config{Cards: w.cards, Clock: w.clock, HTTP: &http.Client{Transport: web{world: w}},
		BaseURL: func() string { return schemeURL }, Rand: w.stream("scheme", 0)}).Mount(mux)
	w.scheme = mux
}

// openThreeDS makes the 3-D Secure server of a gateway.
func (p *process) openThreeDS(digest func(purpose string, data ...[]byte) []byte) (err error) {
	p.threeDS, err = threeds.New(threeds.Config{DirectoryServerURL: schemeURL + directory.DirectoryPath,
		HTTP: &http.Client{Transport: web{p.world, p}}, PublicURL: func() string { return gatewayURL }, Clock: p.world.clock,
		Digest: digest, AllowLinks: true, Results: p.completeAuthentication})
	if err != nil {
		return err
	}
	return p.threeDS.Refresh(p.world.ctx)
}
