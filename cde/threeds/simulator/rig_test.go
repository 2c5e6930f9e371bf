package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela/cde/cards"
	"pasarela/cde/threeds"
	"pasarela/pages"
)

const (
	challenged = "4000000000000002" // published
	serverID   = "44444444-4444-4444-8444-444444444444"
)

type still struct{ now time.Time }

func (s still) Now() time.Time { return s.now }

// bench is a simulator behind a real server, and a 3DS Server that takes what it is told.
type bench struct {
	t     *testing.T
	sim   *Simulator
	cards *cards.Table
	log   *bytes.Buffer
	url   string
	shop  string // origin of the 3DS Server, which is the gateway's too

	mu      sync.Mutex
	results []map[string]any
	answer  string // in place of RRes, "" for none
	status  int    // of that answer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, cards: cards.Reference(), log: &bytes.Buffer{}, status: http.StatusOK}
	server := httptest.NewServer(http.HandlerFunc(b.take))
	t.Cleanup(server.Close)
	b.shop = server.URL
	mux := http.NewServeMux()
	acs := httptest.NewServer(mux)
	t.Cleanup(acs.Close)
	b.url = acs.URL
	b.sim = New(Config{Cards: b.cards, Clock: still{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		BaseURL: func() string { return acs.URL }, Rand: rand.NewChaCha8([32]byte{1})})
	b.sim.Mount(mux)
	pages.Mount(mux)
	return b
}

func (b *bench) take(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var m map[string]any
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		b.t.Errorf("a result is no JSON: %v", err)
	}
	b.results = append(b.results, m)
	if b.answer != "" {
		w.WriteHeader(b.status)
		_, _ = io.WriteString(w, b.answer)
		return
	}
	_, _ = io.WriteString(w, `{"messageType":"RRes","messageVersion":"2.2.0"}`)
}

func (b *bench) told() []map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]map[string]any(nil), b.results...)
}

func (b *bench) post(body string) map[string]any {
	b.t.Helper()
	answer, err := http.Post(b.url+DirectoryPath, "application/json", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var m map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&m); err != nil {
		b.t.Fatal(err)
	}
	return m
}

// areq is a good AReq with some members changed; one that is nil is left out.
func (b *bench) areq(changes map[string]any) string {
	m := map[string]any{"messageType": "AReq", "messageVersion": "2.2.0", "threeDSServerTransID": serverID, "threeDSServerRefNumber": "x",
		"threeDSServerURL": b.shop + "/results", "threeDSCompInd": "U", "deviceChannel": "02", "messageCategory": "01", "threeDSRequestorID": "x",
		"threeDSRequestorName": "x", "threeDSRequestorURL": b.shop, "threeDSRequestorAuthenticationInd": "01", "mcc": "5999",
		"merchantCountryCode": "218", "merchantName": "Tienda <Ñandú>", "purchaseAmount": "101698", "purchaseCurrency": "840", "purchaseExponent": "2",
		"purchaseDate": "20260301120000", "browserAcceptHeader": "*/*", "browserLanguage": "es", "browserUserAgent": "x",
		"notificationURL": b.shop + "/return?a=1", "acctNumber": challenged}
	maps.Copy(m, changes)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	out, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(out)
}

// creq begins a challenge and is what the browser brings to it.
func (b *bench) creq(changes map[string]any) string {
	b.t.Helper()
	ares := b.post(b.areq(changes))
	acsID, _ := ares["acsTransID"].(string)
	if ares["transStatus"] != "C" || ares["acsURL"] != b.url+challengePath {
		b.t.Fatalf("no challenge: %v", ares)
	}
	text, err := threeds.EncodeBrowser(threeds.CReq{Header: header(threeds.TypeCReq), ThreeDSServerTransID: serverID, ACSTransID: acsID})
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

func (b *bench) show(form url.Values, language string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+challengePath, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", language)
	return b.fetch(r)
}

func (b *bench) fetch(r *http.Request) (*http.Response, string) {
	b.t.Helper()
	answer, err := b.sim.http.Do(r) // it follows no redirects
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer, string(text)
}
