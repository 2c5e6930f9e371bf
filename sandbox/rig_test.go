package sandbox_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/cde/vault"
	"pasarela/gateway"
	"pasarela/sandbox"
	"pasarela/store/sqlite"
)

// start is where the sandbox's clock begins.
var start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// rig is a gateway with sandbox controls, called without a network, in a bubble.
type rig struct {
	t       *testing.T
	mux     *http.ServeMux
	clock   *sandbox.Clock
	cards   *cards.Table
	bank    *simulator.Simulator
	store   *sqlite.Store
	link    *acquirer.Client
	gateway *gateway.Gateway
	ran     []time.Time // when RunDue was called
}

func inBubble(t *testing.T, scenario func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { scenario(t, newRig(t, dir)) })
}

func newRig(t *testing.T, dir string) *rig {
	t.Helper()
	r := &rig{t: t, mux: http.NewServeMux(), cards: cards.Reference()}
	r.must(os.Mkdir(filepath.Join(dir, "issuer"), 0o700))
	kek, err := vault.FileKEK(filepath.Join(dir, "kek"), true)
	r.must(err)
	r.clock, err = sandbox.OpenClock(dir, "sqlite", start)
	r.must(err)
	r.bank, err = simulator.Open(simulator.Config{Dir: filepath.Join(dir, "issuer"), Cards: r.cards, Clock: r.clock})
	r.must(err)
	r.store, err = sqlite.Open(t.Context(), filepath.Join(dir, "gateway.db"), sqlite.Options{Synchronous: "OFF"})
	r.must(err)
	v, err := vault.Open(t.Context(), vault.Config{Keysets: r.store, KEK: kek, Cards: r.cards, TestNumbersOnly: true})
	r.must(err)
	recorder := acquirer.NewRecorder(100)
	r.link = acquirer.New(acquirer.Config{Opener: v, Clock: r.clock, Observer: acquirer.Observer{Message: recorder.Record},
		OnUnsent: r.bank.ConsumeRefusal, Dial: func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			go r.bank.ServeConn(far)
			return near, nil
		}})
	r.link.Start(t.Context())
	log := slog.New(slog.DiscardHandler)
	r.gateway = gateway.New(gateway.Config{Store: r.store, Vault: v, Acquirer: r.link, Clock: r.clock, Log: log,
		IDs: pasarela.NewIDs(rand.NewChaCha8([32]byte{})), AcquirerTimeout: 25 * time.Second})
	inboxes, err := sandbox.OpenInboxes(filepath.Join(dir, "inboxes"))
	r.must(err)
	sandbox.New(sandbox.Config{Gateway: r.gateway, Clock: r.clock, Recorder: recorder, Simulator: r.bank, Cards: r.cards,
		Inboxes: inboxes, RunDue: r.runDue, Reset: r.reset, Log: log}).Mount(r.mux)
	t.Cleanup(r.close)
	return r
}

func (r *rig) runDue(ctx context.Context) error {
	r.ran = append(r.ran, r.clock.Now())
	return r.gateway.RunDue(ctx)
}

func (r *rig) reset(ctx context.Context) error {
	r.gateway.ForgetMerchants()
	return r.store.Reset(ctx)
}

func (r *rig) close() {
	r.gateway.Close()
	r.link.Close()
	for _, end := range []func() error{r.store.Close, r.bank.Close, r.clock.Close} {
		if err := end(); err != nil {
			r.t.Error(err)
		}
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// call makes one request and returns its status and body.
func (r *rig) call(method, path, body string) (int, string) {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.mux.ServeHTTP(w, httptest.NewRequest(method, "/sandbox/v1/"+path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

// ok makes a request that has to succeed and decodes what it answers.
func (r *rig) ok(method, path, body string, into any) {
	r.t.Helper()
	status, text := r.call(method, path, body)
	if status != http.StatusOK {
		r.t.Fatalf("%s %s answers %d %s", method, path, status, text)
	}
	if into != nil {
		r.must(json.Unmarshal([]byte(text), into))
	}
}

// refused makes a request that has to be refused with a text that helps.
func (r *rig) refused(method, path, body string, status int, text string) {
	r.t.Helper()
	got, answer := r.call(method, path, body)
	var problem struct {
		Error string `json:"error"`
	}
	r.must(json.Unmarshal([]byte(answer), &problem))
	if got != status || !strings.Contains(problem.Error, text) {
		r.t.Errorf("%s %s %s answers %d %q, want %d with %q", method, path, body, got, problem.Error, status, text)
	}
}

// sell makes a sale of ten dollars at a fresh merchant.
func (r *rig) sell(card string) pasarela.Payment {
	r.t.Helper()
	m, err := r.gateway.CreateMerchant(r.t.Context(), pasarela.Merchant{Name: "shop", Country: "EC"})
	r.must(err)
	number, err := vault.ParseNumber(card)
	r.must(err)
	cvv, err := vault.ParseCVV("987")
	r.must(err)
	ten := pasarela.Money{Minor: 1000, Currency: "USD"}
	t, _, err := r.gateway.Tokenize(r.t.Context(), m, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: ten,
		Card: vault.Card{Number: number, CVV: cvv, Expiry: "4912"}})
	r.must(err)
	p, err := r.gateway.Authorize(r.t.Context(), m, gateway.AuthorizeRequest{Kind: pasarela.KindSale, Token: t.ID, Amount: ten, Order: []byte("{}")})
	r.must(err)
	return p
}
