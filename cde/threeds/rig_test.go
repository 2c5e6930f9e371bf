package threeds_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
	"pasarela/cde/threeds"
	"pasarela/cde/threeds/simulator"
	"pasarela/cde/vault"
	"pasarela/pages"
)

// clock is moved by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logbook is what was logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// arrival is a browser that came back to the gateway, and how the authentication stood then.
type arrival struct {
	method, cres string
	state        pasarela.AuthenticationState
}

// bench is a gateway in small: it keeps authentications, takes results, and sees browsers come back.
type bench struct {
	t      *testing.T
	clock  *clock
	cards  *cards.Table
	log    *logbook
	server *threeds.Server
	url    string // of the gateway
	client *http.Client

	mu       sync.Mutex
	all      map[pasarela.AuthenticationID]pasarela.Authentication
	calls    int // of Results
	failing  int // how often Results is still to fail
	arrivals []arrival
}

// newBench has a simulated directory server and issuer, or the directory server at the given address.
func newBench(t *testing.T, change func(*threeds.Config)) *bench {
	t.Helper()
	b := &bench{t: t, clock: newClock(), cards: cards.Reference(), log: &logbook{}, all: map[pasarela.AuthenticationID]pasarela.Authentication{}}
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	mux := http.NewServeMux()
	gateway := httptest.NewServer(mux)
	t.Cleanup(gateway.Close)
	bank := http.NewServeMux()
	acs := httptest.NewServer(bank)
	t.Cleanup(acs.Close)
	simulator.New(simulator.Config{Cards: b.cards, Clock: b.clock, Log: log, BaseURL: func() string { return acs.URL }}).Mount(bank)
	pages.Mount(bank)

	key := []byte(rand.Text())
	cfg := threeds.Config{DirectoryServerURL: acs.URL + simulator.DirectoryPath, PublicURL: func() string { return gateway.URL }, Clock: b.clock,
		Log: log, Results: b.results, Timeout: time.Minute, AllowLinks: true, AcquirerBIN: "400000",
		Digest: func(purpose string, data ...[]byte) []byte {
			h := hmac.New(sha256.New, key)
			h.Write([]byte(purpose))
			for _, d := range data {
				h.Write(append([]byte{byte(len(d))}, d...))
			}
			return h.Sum(nil)
		}}
	if change != nil {
		change(&cfg)
	}
	server, err := threeds.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.server, b.url = server, gateway.URL
	mux.Handle("POST "+threeds.ResultsPattern, server.Handler())
	mux.HandleFunc(threeds.ReturnPattern, b.returned)
	b.client = &http.Client{Timeout: time.Minute}
	return b
}

func (b *bench) results(_ context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID, answer pasarela.AuthenticationAnswer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if b.failing > 0 {
		b.failing--
		return pasarela.Errorf(pasarela.CodeInternal, "the disk is full")
	}
	a, ok := b.all[id]
	if !ok || a.Merchant != m {
		return pasarela.Errorf(pasarela.CodeNotFound, "no such authentication")
	}
	if answer.ACSID != a.ACSID || answer.Secure.DirectoryServerID != a.Secure.DirectoryServerID {
		return pasarela.Errorf(pasarela.CodeInvalid, "result is about another transaction")
	}
	if a.State != pasarela.AuthenticationPending {
		return nil
	}
	var err error
	if answer.State == pasarela.AuthenticationAuthenticated {
		a, err = a.Authenticated(answer.Secure, b.clock.Now())
	} else {
		a, err = a.Failed(answer.Reason, b.clock.Now())
	}
	b.all[id] = a
	return err
}

func (b *bench) returned(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrivals = append(b.arrivals, arrival{r.Method, r.FormValue("cres"), b.all[pasarela.AuthenticationID(r.PathValue("id"))].State})
	_, _ = io.WriteString(w, "the shop")
}

func (b *bench) arrived() []arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]arrival(nil), b.arrivals...)
}

func (b *bench) resultCalls() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

func (b *bench) kept(id pasarela.AuthenticationID) pasarela.Authentication {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all[id]
}

var ids = pasarela.NewIDs(rand.Reader)

var shop = pasarela.Merchant{ID: "20000000123456789012", Name: "Tienda Ñandú", Country: "EC", Currencies: []pasarela.Currency{"USD"}}

// request asks about 16.98 USD on a card.
func request(t *testing.T, number string) threeds.Request {
	t.Helper()
	n, err := pan.Parse(number)
	if err != nil {
		t.Fatal(err)
	}
	return threeds.Request{ID: ids.Authentication(), Merchant: shop, Card: vault.Card{Number: n, Holder: "Ana Paz", Expiry: "3004"},
		Brand: cards.Describe(n).Brand, Amount: pasarela.Money{Minor: 1698, Currency: "USD"}, Mode: pasarela.ChallengeURL,
		ReturnURL: "https://shop.example/back?x=1", Browser: pasarela.Browser{Accept: "text/html", UserAgent: "test", Language: "es-EC", IP: "192.0.2.1"}}
}

// begin authenticates and keeps what came of it, as the gateway does.
func (b *bench) begin(r threeds.Request) pasarela.Authentication {
	b.t.Helper()
	answer := b.server.Authenticate(b.t.Context(), r)
	now := b.clock.Now()
	a := pasarela.Authentication{Merchant: r.Merchant.ID, ID: r.ID, Kind: pasarela.AuthenticateThreeDS, State: answer.State, Reason: answer.Reason,
		Mode: r.Mode, ReturnURL: r.ReturnURL, ACSURL: answer.ACSURL, ACSID: answer.ACSID, ByLink: answer.ByLink, Secure: answer.Secure,
		CreatedAt: now, ExpiresAt: now.Add(pasarela.AuthenticationLife)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[r.ID] = a
	return a
}

// addCard puts a test card with an outcome of 3-D Secure into the table.
func (b *bench) addCard(number, outcome string) {
	b.t.Helper()
	c, err := cards.DecodeTestCard([]byte(`{"number":"` + number + `","behaviour":{"three_ds":"` + outcome + `"}}`))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.cards.Add(c); err != nil {
		b.t.Fatal(err)
	}
}

// page is what a browser shows.
type page struct {
	status int
	header http.Header
	text   string
	at     *url.URL
}

func (b *bench) read(answer *http.Response, err error) page {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{answer.StatusCode, answer.Header, string(text), answer.Request.URL}
}

func (b *bench) open(a pasarela.Authentication) page {
	b.t.Helper()
	form, acsURL, err := b.server.Challenge(a)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.read(b.client.PostForm(acsURL, form))
}

var (
	hidden  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
	actions = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
)

// press sends the page's form with further fields, as a browser without JavaScript does.
func (b *bench) press(p page, fields ...string) page {
	b.t.Helper()
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(p.text, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	action := actions.FindStringSubmatch(p.text)
	if action == nil {
		b.t.Fatalf("the page has no form: %s", p.text)
	}
	to, err := p.at.Parse(html.UnescapeString(action[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.read(b.client.PostForm(to.String(), form))
}
