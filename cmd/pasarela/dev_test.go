package main_test

import (
	"net/http"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What dev prints to try first is a payment: pasted into a shell, it is approved.
func TestPrintedCurlPays(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	_, script, found := strings.Cut(w.running().out.String(), "Try a payment:")
	if !found {
		t.Fatalf("dev printed\n%s", w.running().out)
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-euc", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a := answer{http.StatusCreated, out}
	if b := w.issued(a); b.State != "captured" || b.Captured != 1698 || a.member("ticketNumber") == "" {
		t.Errorf("the curl printed %s, and the issuer believes %+v", out, b)
	}
}

// From the start of the process to the first approved charge: under a second on an idle machine.
func TestFirstPaymentIsSoonAfterTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := time.Now()
	a := w.start().shop("EC").pay(charges, approves, "16.98").must(t, http.StatusCreated)
	took := time.Since(began)
	t.Logf("from the start to the first charge, %s, on a new folder: %s", a.member("ticketNumber"), took.Round(time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("first charge after %s", took)
	}
}

// demo-credentials.json has what a script needs: each country's merchant and currency, and Monri's.
func TestDemoCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	c := w.readCredentials()
	if c.BaseURL != w.base {
		t.Errorf("base_url is %s, dev listens on %s", c.BaseURL, w.base)
	}
	for country, currency := range map[string]string{"EC": "USD", "CO": "COP", "MX": "MXN", "PE": "PEN", "CL": "CLP"} {
		k := c.Kushki[country]
		if k.Currency != currency || k.Public == "" || k.Private == "" || k.Signature == "" {
			t.Errorf("%s has %+v, want %s and three credentials", country, k, currency)
		}
		w.shop(country).pay(charges, approves, "5000").must(t, http.StatusCreated)
	}
	if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(c.Monri.Token) || c.Monri.Key == "" {
		t.Errorf("monri has %+v, want a token of 40 hexadecimal digits and a key", c.Monri)
	}
}

// A folder keeps everything over a restart, after a kill as after a stop: credentials, merchants, test cards,
// inboxes, payments, the issuer's books, and the clock, whatever --start-time says then.
func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		if now := w.now(); now.Before(parse(t, noon)) || now.After(parse(t, noon).Add(patience)) {
			t.Errorf("the clock of a new folder says %s, want %s", now, noon)
		}
		w.call("POST", "/sandbox/v1/cards", `{"number":"987654321012","behaviour":{"response_code":"51"}}`).must(t, http.StatusOK)
		w.call("POST", "/sandbox/v1/inbox/orders", "a delivery").must(t, http.StatusOK)
		w.call("POST", "/sandbox/v1/merchants", `{"name":"Ana","country":"PE","currency":"PEN","public_merchant_id":"ana-public","private_merchant_id":"ana-private"}`).must(t, http.StatusOK)
		ana := shop{w, "PEN", "ana-public", "ana-private"}
		held := ana.pay(preauthorizations, approves, "10.50").must(t, http.StatusCreated)
		unspent := ana.token(approves, "3.20")
		before := w.now()
		for i, end := range []func(){w.kill, w.stop} {
			stood := w.advance(time.Hour / 4)
			credentials := w.known
			end()
			w.flags = []string{"--start-time", "2044-01-01T00:00:00Z"}
			w.start()
			if now := w.now(); now.Before(stood) || now.After(stood.Add(patience)) {
				t.Errorf("restart %d: the clock stood at %s and says %s", i, stood, now)
			}
			credentials.BaseURL = w.known.BaseURL // another port
			if !reflect.DeepEqual(credentials, w.known) {
				t.Errorf("restart %d: credentials were %+v and are %+v", i, credentials, w.known)
			}
		}
		if a := ana.pay(charges, "987654321012", "1.00"); a.status != http.StatusBadRequest || a.member("code") != "021" {
			t.Errorf("the added card is answered %d %s, want its 51 as code 021", a.status, a.body)
		}
		if a := w.call("GET", "/sandbox/v1/inbox/orders", nil); !strings.Contains(string(a.body), `"a delivery"`) {
			t.Errorf("the inbox holds %s", a.body)
		}
		if passed := w.now().Sub(before); passed < 30*time.Minute {
			t.Fatalf("the clock passed %s", passed)
		}
		if a := ana.spend(charges, unspent, "3.20"); a.member("code") != "578" {
			t.Errorf("a token of half an hour ago is answered %d %s, want 578", a.status, a.body)
		}
		ana.capture(held.member("ticketNumber")).must(t, http.StatusCreated)
		if b := w.issued(held); b.State != "captured" || b.Captured != 1050 {
			t.Errorf("after its capture the issuer believes %+v", b)
		}
		w.balanced()
	})
}

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Two instances run side by side and know nothing of each other.
func TestTwoInstancesSideBySide(t *testing.T) {
	t.Parallel()
	one, other := newWorld(t).start(), newWorld(t).start()
	one.shop("CO").pay(charges, approves, "20000").must(t, http.StatusCreated)
	foreign := shop{other, "COP", one.shop("CO").public, one.shop("CO").private}
	a := other.call("POST", "/card/v1/tokens", foreign.tokenBody(approves, "20000"), "Public-Merchant-Id", foreign.public)
	if a.status == http.StatusCreated || len(other.issuer()) != 0 {
		t.Errorf("the other instance answers the first one's merchant %d %s", a.status, a.body)
	}
	other.shop("CO").pay(charges, approves, "20000").must(t, http.StatusCreated)
}

// A folder has one gateway: a second is refused with what to do, and the first goes on.
func TestSecondDevOnAFolderIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	r := w.pasarela("dev", "--listen", "127.0.0.1:0")
	if r.code == 0 || !strings.Contains(r.err, "another gateway runs on "+w.data) || !strings.Contains(r.err, "--data") {
		t.Errorf("exit status %d, said %q", r.code, r.err)
	}
	w.shop("MX").pay(charges, approves, "10").must(t, http.StatusCreated)
}

// An address that is taken, a database that is no PostgreSQL and a clock that cannot be read are named.
func TestDevRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	taken := strings.TrimPrefix(w.base, "http://")
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"address taken": {[]string{"--listen", taken}, "--listen " + taken},
		"database":      {[]string{"--listen", "127.0.0.1:0", "--database-url", "mysql://x"}, "--database-url must begin with postgres://"},
		"start time":    {[]string{"--start-time", "yesterday"}, "--start-time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, slices.Concat([]string{"dev", "--data", t.TempDir()}, c.flags)...)
			if r.code == 0 || !strings.Contains(r.err, c.says) {
				t.Errorf("exit status %d, said %q, want %q in it", r.code, r.err, c.says)
			}
		})
	}
}

// Every flag of dev has its environment variable.
func TestFlagsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := launch(t, []string{"PASARELA_LISTEN=127.0.0.1:0", "PASARELA_DATA=" + data, "PASARELA_LOG_LEVEL=debug",
		"PASARELA_START_TIME=" + noon, "PASARELA_ACQUIRER_TIMEOUT=1s"}, "dev")
	p.says(p.out, "Try a payment")
	if !strings.Contains(p.out.String(), data+"/demo-credentials.json") {
		t.Errorf("dev printed\n%s", p.out)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit status %d\n%s", code, p.err)
	}
}
