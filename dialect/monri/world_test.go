package monri

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/vault"
	"pasarela/dialect/dialecttest"
	"pasarela/gateway"
	"pasarela/store"
	"pasarela/store/memory"
)

const (
	demoToken = "0123456789abcdef0123456789abcdef01234567"
	demoKey   = "mk-demo-0001"
	demoCard  = `{"type":"card","card":{"pan":"4111111111111111","expiration_date":"3112"}}`
)

// noNetwork is the acquirer of a gateway that makes tokens only.
type noNetwork struct{ t testing.TB }

func (noNetwork) NextTrace() pasarela.Trace { return pasarela.Trace{} }

func (n noNetwork) Send(context.Context, pasarela.NetworkRequest) pasarela.NetworkAnswer {
	n.t.Error("a token request reached the network")
	return pasarela.NetworkAnswer{}
}

// standing is a clock that stands until a test moves it.
type standing struct{ now time.Time }

func (c *standing) Now() time.Time { return c.now }

// shop is a merchant at a gateway of its own.
type shop struct {
	*Handler
	mux      *http.ServeMux
	books    store.Store
	clock    *standing
	log      *dialecttest.LogBuffer
	merchant pasarela.Merchant
}

func open(t testing.TB, books store.Store) *shop {
	t.Helper()
	s := &shop{mux: http.NewServeMux(), books: books, clock: &standing{dialecttest.Start}, log: &dialecttest.LogBuffer{}}
	kek, err := vault.FileKEK(filepath.Join(t.TempDir(), "kek"), true)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), vault.Config{Keysets: books, KEK: kek, Cards: cards.Reference()})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	g := gateway.New(gateway.Config{Store: books, Vault: v, Acquirer: noNetwork{t}, Clock: s.clock,
		IDs: pasarela.NewIDs(rand.NewChaCha8([32]byte{})), Log: log, AcquirerTimeout: time.Second})
	t.Cleanup(g.Close)
	s.merchant, err = g.CreateMerchant(t.Context(), pasarela.Merchant{Name: "Shop", Country: "BA",
		Monri: pasarela.MonriCredentials{AuthenticityToken: demoToken, Key: demoKey}})
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = New(g, Options{Log: log, Mask: v.MaskBytes, Digest: v.Digest})
	s.Mount(s.mux)
	return s
}

func newShop(t testing.TB) *shop { return open(t, memory.Open()) }

// sign is the formula of the documentation, written independently of the handler.
func sign(timestamp, target, body string) string {
	sum := sha512.Sum512([]byte(demoKey + timestamp + demoToken + target + body))
	return "WP3-v2.1 " + demoToken + " " + timestamp + " " + hex.EncodeToString(sum[:])
}

// signOlder is the formula that leaves the path out.
func signOlder(timestamp, body string) string {
	return strings.Replace(sign(timestamp, "", body), "WP3-v2.1", "WP3-v2", 1)
}

// send makes a request with this Authorization header, none where it is empty. Further headers come in pairs.
func (s *shop) send(method, target, authorization, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if authorization != "" {
		r.Header["Authorization"] = []string{authorization}
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// post sends a signed token request.
func (s *shop) post(body string, headers ...string) *httptest.ResponseRecorder {
	return s.send("POST", "/v2/tokens", sign("1700000000", "/v2/tokens", body), body, headers...)
}

// whose is an endpoint that answers the name of whose call it is, for tests of what lets a call in.
func whose(path string, taken schemes, needed scopes) endpoint {
	return endpoint{method: "POST", path: path, schemes: taken, scopes: needed, serve: func(c *call) (gateway.Answer, error) {
		return gateway.Answer{Status: http.StatusOK, Body: []byte(`"` + c.merchant.Name + `"`)}, nil
	}}
}

// token asks for an access token.
func (s *shop) token(t testing.TB, scopes string) string {
	t.Helper()
	w := s.send("POST", "/v2/oauth", "", `{"client_id":"`+demoToken+`","client_secret":"`+demoKey+`","grant_type":"client_credentials","scopes":[`+scopes+`]}`)
	var a accessAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK || a.AccessToken == "" {
		t.Fatalf("no access token: %d %s", w.Code, w.Body)
	}
	return a.AccessToken
}
