package main_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// challenged is a published card whose issuer asks the cardholder.
const challenged = "4456530000000031"

// secureToken asks for a token whose cardholder may be asked on a page.
func (s shop) secureToken(number string) answer {
	s.t.Helper()
	body := s.tokenBody(number, "10")
	body["authValidation"], body["callbackUrl"] = "url", "https://shop.example/back"
	return s.call("POST", "/card/v1/tokens", body, "Public-Merchant-Id", s.public).must(s.t, http.StatusCreated)
}

// step is one page or redirect that a browser without scripts is answered.
func step(t *testing.T, address string, form url.Values) (status int, next *url.URL) {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := newClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // only the way matters
	next, _ = answer.Location()
	return answer.StatusCode, next
}

// authenticate walks from the token's page to the issuer, types a code, and goes back; it answers where that ends.
func authenticate(t *testing.T, page, code string) (status int, end string) {
	t.Helper()
	_, issuer := step(t, page, nil)
	if issuer == nil {
		t.Fatalf("%s leads nowhere", page)
	}
	form := issuer.Query()
	form.Set("code", code)
	form.Set("link", "1")
	issuer.RawQuery = ""
	_, back := step(t, issuer.String(), form)
	if back == nil {
		t.Fatalf("the issuer's page %s does not lead back", issuer)
	}
	status, next := step(t, back.String(), nil)
	if next == nil {
		t.Fatalf("%s leads nowhere", back)
	}
	return status, next.String()
}

// Out of the box a cardholder is asked by the simulated issuer, and only then the card is charged; a card that is
// added takes part at once.
func TestCardholdersAreAuthenticated(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		pe := w.start().shop("PE")
		token := pe.secureToken(challenged)
		status, end := authenticate(t, token.member("url"), "1234")
		if want := "https://shop.example/back?success=true&token=" + token.member("token"); status != http.StatusMovedPermanently || end != want {
			t.Errorf("the way ends with %d at %s, want 301 at %s", status, end, want)
		}
		pe.spend(charges, token.member("token"), "10").must(t, http.StatusCreated)

		w.call("POST", "/sandbox/v1/cards", `{"number":"4999999999999993","behaviour":{"three_ds":"challenge"}}`).must(t, http.StatusOK)
		late := pe.secureToken("4999999999999993")
		if late.member("url") == "" {
			t.Fatalf("a card that was added takes no part: %s", late.body)
		}
		w.advance(5 * time.Minute)
		if _, next := step(t, late.member("url"), nil); next == nil || next.Query().Get("success") != "false" {
			t.Errorf("after five minutes the page leads to %v", next)
		}
		if a := pe.spend(charges, late.member("token"), "10"); a.member("code") != "K322" {
			t.Errorf("charge of a cardholder who did not answer: %d %s", a.status, a.body)
		}
		w.balanced()
	})
}

// The simulator's directory server serves a gateway that is another process, which learns of its cards by itself.
func TestDirectoryServerElsewhere(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(t, "--acquirer", b.address, "--acquirer-timeout", "5s", "--directory-server", b.control+"/simulator/3ds/ds").start()
	pe := w.shop("PE")
	var token answer
	until(t, "card ranges", func() bool { token = pe.secureToken(challenged); return token.member("url") != "" })
	if _, issuer := step(t, token.member("url"), nil); issuer == nil || !strings.HasPrefix(issuer.String(), b.control) {
		t.Fatalf("the issuer's page is %v, want one at %s", issuer, b.control)
	}
	if _, end := authenticate(t, token.member("url"), "1234"); !strings.Contains(end, "success=true") {
		t.Errorf("the way ends at %s", end)
	}
	pe.spend(charges, token.member("token"), "10").must(t, http.StatusCreated)
}

// darkable is a directory server that goes away and comes back.
type darkable struct {
	url string
	lit atomic.Bool
}

func newDarkable(t *testing.T, to string) *darkable {
	t.Helper()
	behind, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	d, proxy := &darkable{}, httputil.NewSingleHostReverseProxy(behind)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.lit.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	d.url = server.URL + "/simulator/3ds/ds"
	return d
}

// A node that never heard from its directory server is not healthy, and charges nobody unauthenticated whom it could
// not ask about. Once it knows the card ranges, it goes on with them while the directory server is away.
func TestDirectoryServerDown(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	ds := newDarkable(t, b.control)
	w := newWorld(t, "--acquirer", b.address, "--acquirer-timeout", "5s", "--directory-server", ds.url)
	w.launch()
	pe := w.shop("PE")
	for _, number := range []string{challenged, approves} {
		if a := pe.spend(charges, pe.token(number, "10"), "10"); a.member("code") != "K322" {
			t.Errorf("before any card range is known a charge is answered %d %s, want K322", a.status, a.body)
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		w.call("GET", path, nil).must(t, http.StatusServiceUnavailable)
	}
	ds.lit.Store(true)
	w.awaitHealth()
	w.call("GET", "/readyz", nil).must(t, http.StatusOK)
	pe.pay(charges, approves, "10").must(t, http.StatusCreated)

	ds.lit.Store(false)
	w.running().says(w.running().err, "those before stay in use")
	w.call("GET", "/readyz", nil).must(t, http.StatusOK)
	pe.pay(charges, approves, "10").must(t, http.StatusCreated)
	if a := pe.spend(charges, pe.token(challenged, "10"), "10"); a.member("code") != "K322" {
		t.Errorf("a charge whose issuer cannot be asked is answered %d %s, want K322", a.status, a.body)
	}
}

// A merchant's rules of 3-D Secure outlive a restart.
func TestRulesOfAMerchant(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	m := w.call("POST", "/sandbox/v1/merchants", `{"name":"Rules","country":"PE","currency":"PEN","three_ds":"on","three_ds_rules":{"from_minor":1000,"currency":"PEN"}}`).must(t, http.StatusOK)
	for _, refused := range []string{
		`{"name":"x","country":"PE","three_ds":"off","three_ds_rules":{"bin_countries":["PE"]}}`,
		`{"name":"x","country":"PE","three_ds_rules":{"from_minor":1}}`,
		`{"name":"x","country":"PE","three_ds_rules":{"from_minor":1,"currency":"USD","bin_countries":["peru"]}}`,
		`{"name":"x","country":"EC","three_ds_rules":{"from_minor":1,"currency":"PEN"}}`,
	} {
		if a := w.call("POST", "/sandbox/v1/merchants", refused).must(t, http.StatusBadRequest); !strings.Contains(a.member("error"), "three_ds_rules") {
			t.Errorf("%s is answered %s", refused, a.body)
		}
	}
	w.stop()
	w.start()
	public := m.member("public_merchant_id")
	for total, asked := range map[string]bool{"9.99": false, "10": true} {
		body := shop{world: w, currency: "PEN"}.tokenBody(challenged, total)
		body["authValidation"], body["callbackUrl"] = "url", "https://shop.example/back"
		a := w.call("POST", "/card/v1/tokens", body, "Public-Merchant-Id", public).must(t, http.StatusCreated)
		if (a.member("url") != "") != asked {
			t.Errorf("%s: answered %s, cardholder to be asked is %t", total, a.body, asked)
		}
	}
}
