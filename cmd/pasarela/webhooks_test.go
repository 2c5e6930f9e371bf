package main_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// told is a shop that is notified of what happens to its payments.
type told struct {
	shop
	id, signature string
}

// told registers a shop with an address.
func (w *world) told(url string) told {
	w.t.Helper()
	var m struct {
		ID        string `json:"merchant_id"`
		Public    string `json:"public_merchant_id"`
		Private   string `json:"private_merchant_id"`
		Signature string `json:"webhook_signature"`
	}
	w.call("POST", "/sandbox/v1/merchants", map[string]any{"name": "Ana", "country": "MX", "three_ds": "off", "webhooks": []any{map[string]any{
		"events": []string{}, "urls": []string{url}, "headers": []any{map[string]any{"label": "X-Shop", "value": "881"}}}}}).must(w.t, http.StatusOK).read(w.t, &m)
	return told{shop{w, "MXN", m.Public, m.Private}, m.ID, m.Signature}
}

// caught is what an inbox was sent.
type caught struct {
	Headers map[string]string
	Body    string
}

func (w *world) inbox(name string) []caught {
	w.t.Helper()
	var list struct{ Requests []caught }
	w.call("GET", "/sandbox/v1/inbox/"+name, nil).must(w.t, http.StatusOK).read(w.t, &list)
	return list.Requests
}

func (w *world) inboxURL(name string) string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.base + "/sandbox/v1/inbox/" + name
}

// delivered is a line of `webhooks list --json`.
type delivered struct {
	ID, State string
	Attempts  int
	Log       []struct {
		Number int
		Status int
		Answer string
	}
}

func (s told) deliveries(flags ...string) (all []delivered) {
	s.t.Helper()
	r := s.pasarela(append([]string{"webhooks", "list", "--json", "--attempts", "--merchant", s.id}, flags...)...).must(s.t)
	if err := json.Unmarshal([]byte(r.out), &all); err != nil {
		s.t.Fatalf("%v in %s", err, r.out)
	}
	return all
}

// A payment is told of at once and signed, with the merchant's own headers. An endpoint that fails is tried again after
// the documented spacing, by the sandbox's clock.
func TestPaymentIsToldOf(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		ana := w.told(w.inboxURL("ana"))
		w.call("POST", "/sandbox/v1/inbox/ana/behaviour", map[string]any{"status": 503, "count": 1}).must(t, http.StatusOK)
		paid := ana.pay(charges, approves, "10").must(t, http.StatusCreated)
		until(t, "the first attempt", func() bool { return len(w.inbox("ana")) == 1 })
		w.advance(10 * time.Second)
		got := w.inbox("ana")
		if len(got) != 2 || got[0].Body != got[1].Body {
			t.Fatalf("the inbox has %+v, want the same twice", got)
		}
		for _, c := range got {
			mac := hmac.New(sha256.New, []byte(ana.signature))
			_, _ = mac.Write([]byte(c.Body + "." + c.Headers["X-Kushki-Id"])) // never fails
			if c.Headers["X-Kushki-Signature"] != hex.EncodeToString(mac.Sum(nil)) || c.Headers["X-Shop"] != "881" || !strings.HasPrefix(c.Headers["User-Agent"], "pasarela/") {
				t.Errorf("came with %v", c.Headers)
			}
			if !strings.Contains(c.Body, paid.member("ticketNumber")) {
				t.Errorf("%s does not name the ticket %s", c.Body, paid.member("ticketNumber"))
			}
		}
		if all := ana.deliveries(); len(all) != 1 || all[0].State != "delivered" || len(all[0].Log) != 2 || all[0].Log[0].Status != 503 || all[0].Log[1].Status != 200 {
			t.Errorf("the log is %+v", all)
		}
		metrics := string(w.call("GET", "/metrics", nil).body)
		for _, line := range []string{`pasarela_webhook_attempts_total{outcome="delivered"} 1`, `pasarela_webhook_attempts_total{outcome="rejected"} 1`} {
			if !strings.Contains(metrics, line) {
				t.Errorf("/metrics lacks %s", line)
			}
		}
	})
}

// A process that is killed while it delivers, or before, has lost nothing: the next one delivers.
func TestKilledWhileDelivering(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		var bodies []string
		held := make(chan struct{})
		shopServer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // killed while it sent
			}
			mu.Lock()
			bodies = append(bodies, string(body))
			first := len(bodies) == 1
			mu.Unlock()
			if first {
				close(held)
				<-r.Context().Done()
			}
		}))
		t.Cleanup(shopServer.Close)
		w.start()
		ana := w.told(shopServer.URL)
		ana.pay(charges, approves, "10").must(t, http.StatusCreated)
		<-held
		second := ana.pay(charges, approves, "11").must(t, http.StatusCreated)
		w.kill()
		w.start()
		until(t, "both payments told of", func() bool {
			if len(w.place) > 2 { // on PostgreSQL another node might live: the lease has to end
				w.advance(31 * time.Second)
			}
			return len(ana.deliveries("--state", "delivered")) == 2
		})
		mu.Lock()
		defer mu.Unlock()
		if len(bodies) < 3 || !strings.Contains(strings.Join(bodies, ""), second.member("ticketNumber")) {
			t.Errorf("the shop was sent %q", bodies)
		}
	})
}

// An operator lists and replays beside a gateway that runs, by id or by time, and tests addresses.
func TestWebhookCommands(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		ana := w.told(w.inboxURL("ana"))
		for i := range 3 {
			ana.pay(charges, approves, fmt.Sprintf("1%d", i)).must(t, http.StatusCreated)
		}
		until(t, "all delivered", func() bool { return len(ana.deliveries("--state", "delivered")) == 3 })
		all := ana.deliveries()
		text := w.pasarela("webhooks", "list", "--attempts").must(t).out
		if !strings.Contains(text, all[0].ID) || !strings.Contains(text, "payment.captured") || !strings.Contains(text, `200 ""`) {
			t.Errorf("list prints\n%s", text)
		}
		if shown := w.pasarela("webhooks", "list", "--json").must(t).out + w.pasarela("merchant", "list", "--json").must(t).out; strings.Contains(shown, `"881"`) || strings.Count(shown, `"X-Shop"`) != 4 {
			t.Errorf("own headers are shown with their values, or not at all:\n%s", shown)
		}
		if none := ana.deliveries("--from", "2041-01-01T00:00:00Z"); len(none) != 0 {
			t.Errorf("of the future there are %+v", none)
		}

		r := w.pasarela("webhooks", "replay", "--merchant", ana.id, "--id", all[1].ID).must(t)
		if r.out != "1 deliveries are due again.\n" {
			t.Errorf("replay says %q", r.out)
		}
		until(t, "one came again", func() bool { return len(w.inbox("ana")) == 4 })
		w.pasarela("webhooks", "replay", "--merchant", ana.id, "--from", "2031-01-01T00:00:00Z", "--to", "2041-01-01T00:00:00Z", "--state", "delivered").must(t)
		until(t, "all came again", func() bool { return len(w.inbox("ana")) == 7 })

		if r := w.pasarela("webhooks", "test", "--merchant", ana.id).must(t); !strings.Contains(r.out, w.inboxURL("ana")) || !strings.Contains(r.out, `200 ""`) {
			t.Errorf("test says %q", r.out)
		}
		got := w.inbox("ana")
		if last := got[len(got)-1]; last.Body != "{}" || last.Headers["X-Kushki-Signature"] == "" || last.Headers["X-Shop"] != "881" {
			t.Errorf("test sent %+v", last)
		}
		w.call("POST", "/sandbox/v1/inbox/ana/behaviour", map[string]any{"status": 404}).must(t, http.StatusOK)
		if r := w.pasarela("webhooks", "test", "--merchant", ana.id, "--url", w.inboxURL("ana")); r.code != 1 || !strings.Contains(r.out, "404") {
			t.Errorf("test of a failing address: exit status %d, said %q", r.code, r.out)
		}
		for says, args := range map[string][]string{
			"there is no merchant 7":       {"replay", "--merchant", "7", "--id", "1"},
			"has no delivery 1":            {"replay", "--merchant", ana.id, "--id", "1"},
			"say what to replay":           {"replay", "--merchant", ana.id, "--from", "2031-01-01T00:00:00Z"},
			"has registered no address":    {"test", "--merchant", w.idle()},
			"there is no merchant 8":       {"test", "--merchant", "8"},
			"there is no merchant 9":       {"list", "--merchant", "9"},
			"--state must be one of":       {"list", "--state", "lost"},
			"missing flags: --merchant=ID": {"replay", "--id", "1"},
		} {
			if r := w.pasarela(append([]string{"webhooks"}, args...)...); r.code != 2 || !strings.Contains(r.err, says) || r.out != "" {
				t.Errorf("%v: exit status %d, printed %q, said %q, want %q", args, r.code, r.out, r.err, says)
			}
		}
	})
}

// idle is a merchant that is told of nothing.
func (w *world) idle() string {
	return w.call("POST", "/sandbox/v1/merchants", map[string]any{"name": "Idle", "country": "MX"}).must(w.t, http.StatusOK).member("merchant_id")
}

// A gateway that is no sandbox tells itself nothing, whatever address a merchant has registered: the delivery is parked,
// with a text that says why.
func TestAGatewayTellsItselfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(newBank(t))
	ana := shop{w, "PEN", "ana-public", "ana-private"}
	operate := func(stdin string, args ...string) string {
		return runWith(t, []string{kek}, stdin, append(args, w.place...)...).must(t).out
	}
	var all []listed
	if err := json.Unmarshal([]byte(operate("", "merchant", "list", "--json")), &all); err != nil || len(all) != 1 {
		t.Fatalf("%+v (%v)", all, err)
	}
	told := []struct{ ID string }{}
	ana.pay(charges, approves, "5").must(t, http.StatusCreated)
	operate(`{"webhooks":[{"urls":["`+w.base+`/card/v1/charges"]}]}`, "merchant", "change", all[0].ID)
	until(t, "parked", func() bool { // a running gateway learns of a changed merchant within half a minute
		if err := json.Unmarshal([]byte(operate("", "webhooks", "list", "--state", "parked", "--json")), &told); err != nil {
			t.Fatal(err)
		}
		if len(told) == 0 {
			ana.pay(charges, approves, "5").must(t, http.StatusCreated)
		}
		return len(told) > 0
	})
	if text := operate("", "webhooks", "list", "--attempts"); !strings.Contains(text, "this gateway's own") {
		t.Errorf("the log says\n%s", text)
	}
}
