package browser_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
)

// Published test cards.
const (
	approves     = "5451951574925480" // takes no part in 3-D Secure
	rejected     = "4574441215190335" // already when a token is asked for
	challenged   = "4000000000000002"
	frictionless = "4456541249811088"
)

// shop is a merchant's site: its page in a tab, and its server, which has the private credential.
type shop struct {
	*tab
	gateway         *gateway
	public, private string
	page            string // origin of its pages
}

// openShop makes a merchant of a country, in a sandbox, and opens its page in a tab. threeDS says when it asks for
// 3-D Secure.
func openShop(t testing.TB, g *gateway, country, threeDS string) *shop {
	t.Helper()
	m := g.call(t, http.StatusOK, "POST", "/sandbox/v1/merchants", object{"name": "Tienda Ñandú", "country": country, "three_ds": threeDS})
	return newShop(t, g, m)
}

// newShop opens the page of a merchant that exists, as POST /sandbox/v1/merchants answers it.
func newShop(t testing.TB, g *gateway, m object) *shop {
	t.Helper()
	s := &shop{gateway: g, public: m.text("public_merchant_id"), private: m.text("private_merchant_id"), tab: newTab(t, g.base)}
	s.page = serve(t, map[string]string{
		"/":     `<!doctype html><html lang="es"><meta charset="utf-8"><title>Tienda</title><h1>Tienda</h1><script src="shop.js"></script>`,
		"/back": `<!doctype html><html lang="es"><meta charset="utf-8"><title>De vuelta</title><h1>De vuelta</h1>`,
	})
	t.Cleanup(func() {
		if said := g.output(); t.Failed() {
			t.Logf("the gateway said last:\n%s", said[max(0, len(said)-4000):])
		}
	})
	s.enter()
	return s
}

// serve serves pages by their paths, and the shop's script, and returns their origin.
func serve(t testing.TB, pages map[string]string) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, text := range pages {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, text) // a tab that was closed needs it no longer
		})
	}
	mux.HandleFunc("GET /shop.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(bundle)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// enter opens the shop's page and points the library at the gateway.
func (s *shop) enter() {
	s.t.Helper()
	s.open(s.page + "/")
	s.await(s.page, "window.shop")
	must[chromedp.Void](s.tab, s.page, fmt.Sprintf("shop.open(%q, %q)", s.gateway.base, s.public))
}

// library calls a method of the library and returns what its callback is given.
func (s *shop) library(method string, arguments ...any) object {
	s.t.Helper()
	return must[object](s.tab, s.page, script(s.t, method, arguments))
}

// begin calls a method of the library that asks the cardholder something; outcome waits for its callback.
func (s *shop) begin(method string, arguments ...any) {
	s.t.Helper()
	must[chromedp.Void](s.tab, s.page, "void (window.outcome = "+script(s.t, method, arguments)+")")
}

// outcome is what the callback of the method that was begun is given.
func (s *shop) outcome() object {
	s.t.Helper()
	return must[object](s.tab, s.page, "window.outcome")
}

func script(t testing.TB, method string, arguments []any) string {
	t.Helper()
	text := fmt.Sprintf("shop.ask(%q", method)
	for _, a := range arguments {
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		text += ", " + string(raw)
	}
	return text + ")"
}
