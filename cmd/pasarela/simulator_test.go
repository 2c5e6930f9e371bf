package main_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// bank is `pasarela simulator`: the counterparty as a process of its own.
type bank struct {
	*process
	address, control, data string
}

func newBank(t *testing.T) bank {
	t.Helper()
	data := filepath.Join(t.TempDir(), "issuer")
	p := launch(t, nil, "simulator", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--data", data, "--acquirer-timeout", "1s")
	p.says(p.out, "the issuer's books")
	out := p.out.String()
	return bank{p, between(t, out, "acquirer listens on ", ";"), between(t, out, "controls are at ", "/sandbox"), data}
}

// call uses the simulator's controls.
func (b bank) call(t *testing.T, method, path string, body any) answer {
	t.Helper()
	a, err := request(t.Context(), http.DefaultClient, method, b.control+"/sandbox/v1/"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A gateway takes payments through a simulator that is a process of its own, whose controls make it fail,
// and whose books outlive it.
func TestSimulatorAlone(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(t, "--acquirer", b.address, "--acquirer-timeout", "1s").start()
	mx := w.shop("MX")
	sale := mx.pay(charges, approves, "10").must(t, http.StatusCreated)
	b.call(t, "POST", "network/faults", `{"kind":"decline","on":"authorization","response_code":"51"}`).must(t, http.StatusOK)
	if a := mx.pay(charges, approves, "10"); a.member("code") != "021" {
		t.Errorf("under a fault: answered %d %s, want 021", a.status, a.body)
	}
	b.call(t, "POST", "cards", `{"number":"987654321012","behaviour":{"response_code":"54"}}`).must(t, http.StatusOK)
	books := b.call(t, "GET", "issuer/authorizations", nil).must(t, http.StatusOK)
	if !strings.Contains(string(books.body), sale.member("transactionReference")) {
		t.Errorf("the issuer's books are %s", books.body)
	}
	for _, path := range []string{"/sandbox/v1/network/faults", "/sandbox/v1/issuer/authorizations"} {
		if a := w.call("GET", path, nil); a.status != http.StatusBadRequest || !strings.Contains(a.member("error"), "pasarela simulator") {
			t.Errorf("%s of the gateway answers %d %s", path, a.status, a.body)
		}
	}
	b.kill()
	if code, report := w.reconcile("--issuer", b.data); code != 0 || report.Payments != 2 {
		t.Errorf("reconcile exits %d with %+v", code, report)
	}
}

// A gateway whose acquirer has gone says so on readyz, refuses payments at once, and goes on when it is back.
func TestAcquirerGoesAndComesBack(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(t, "--acquirer", b.address, "--acquirer-timeout", "1s").start()
	mx := w.shop("MX")
	w.call("GET", "/readyz", nil).must(t, http.StatusOK)
	b.kill()
	until(t, "readyz 503", func() bool { return w.call("GET", "/readyz", nil).status == http.StatusServiceUnavailable })
	w.call("GET", "/healthz", nil).must(t, http.StatusOK)
	if a := mx.pay(charges, approves, "10"); a.member("code") != "228" {
		t.Errorf("without an acquirer: answered %d %s, want 228", a.status, a.body)
	}
	again := launch(t, nil, "simulator", "--listen", b.address, "--data", b.data)
	again.says(again.out, "listens on")
	until(t, "readyz 200", func() bool { return w.call("GET", "/readyz", nil).status == http.StatusOK })
	mx.pay(charges, approves, "10").must(t, http.StatusCreated)
	if code, report := w.reconcile("--issuer", b.data); code != 0 {
		t.Errorf("reconcile exits %d with %+v", code, report)
	}
}

// serve takes a merchant's payments in production's way: no demo data, no sandbox.
func TestServe(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.serve(newBank(t))
		a := w.call("POST", "/card/v1/tokens", shop{world: w, currency: "PEN"}.tokenBody(unlisted, "5"), "Public-Merchant-Id", "ana-public")
		shop{w, "PEN", "ana-public", "ana-private"}.spend(charges, a.must(t, http.StatusCreated).member("token"), "5").must(t, http.StatusCreated)
		w.call("POST", "/sandbox/v1/reset", nil).must(t, http.StatusNotFound)
		w.call("GET", "/sandbox/v1/clock", nil).must(t, http.StatusNotFound)
	})
}

// serve --sandbox has the controls, and takes known test cards only.
func TestServeSandboxTakesTestCardsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(newBank(t), "--sandbox")
	ana := shop{w, "PEN", "ana-public", "ana-private"}
	w.now()
	ana.pay(charges, approves, "5").must(t, http.StatusCreated)
	a := w.call("POST", "/card/v1/tokens", ana.tokenBody(unlisted, "5"), "Public-Merchant-Id", ana.public)
	if a.status < 400 || a.status > 499 {
		t.Errorf("a number that is no test card is answered %d %s", a.status, a.body)
	}
}

// unlisted is a number with a right check digit that no reference publishes.
const unlisted = "4916338506082832"

// serve runs `pasarela serve` on the world, with one merchant.
func (w *world) serve(b bank, flags ...string) {
	w.t.Helper()
	key := []string{"--key-encryption-key", "env:PASARELA_TEST_KEK"}
	w.place = append(w.place, key...)
	runWith(w.t, nil, "", append([]string{"migrate"}, w.place...)...).must(w.t)
	runWith(w.t, []string{kek}, `{"name":"Ana","country":"PE","public_merchant_id":"ana-public","private_merchant_id":"ana-private"}`,
		append([]string{"merchant", "create"}, w.place...)...).must(w.t)
	address := deaf(w.t)
	args := append([]string{"serve", "--listen", address, "--behind-proxy", "--public-url", "http://" + address, "--acquirer", b.address}, w.place...)
	w.process, w.base = launch(w.t, []string{kek}, append(args, flags...)...), "http://"+address
	w.awaitHealth()
}
