package main_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A hold runs out after 28 days on a credit card and after 7 on a debit card, and the issuer releases it.
func TestHoldsRunOut(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	onBoth(t, func(t *testing.T, w *world) {
		cl := w.start().shop("CL")
		credit := cl.pay(preauthorizations, approves, "5000").must(t, http.StatusCreated)
		debit := cl.pay(preauthorizations, debits, "5000").must(t, http.StatusCreated)
		for _, step := range []struct {
			passes        time.Duration
			credit, debit string
		}{
			{7*day - time.Minute, "held", "held"},
			{time.Minute, "held", "released"},
			{21*day - time.Minute, "held", "released"},
			{time.Minute, "released", "released"},
		} {
			now := w.advance(step.passes)
			if c, d := w.issued(credit).State, w.issued(debit).State; c != step.credit || d != step.debit {
				t.Errorf("at %s the credit card is %s and the debit card %s, want %s and %s", now, c, d, step.credit, step.debit)
			}
		}
		if a := cl.capture(credit.member("ticketNumber")); a.status != http.StatusBadRequest {
			t.Errorf("the capture of a hold that ran out is answered %d %s", a.status, a.body)
		}
		w.balanced()
	})
}

// A token serves for thirty minutes.
func TestTokenRunsOut(t *testing.T) {
	t.Parallel()
	mx := newWorld(t).start().shop("MX")
	first, second := mx.token(approves, "10"), mx.token(approves, "10")
	mx.advance(29 * time.Minute)
	mx.spend(charges, first, "10").must(t, http.StatusCreated)
	mx.advance(time.Minute)
	if a := mx.spend(charges, second, "10"); a.member("code") != "578" {
		t.Errorf("a token of half an hour ago is answered %d %s, want 578", a.status, a.body)
	}
}

// Controls name the member that they do not know, and say what a wrong value should be.
func TestControlsRefuseByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	for _, c := range []struct{ method, path, body, says string }{
		{"POST", "clock/advance", `{"seconds":1,"minutes":2}`, `"minutes"`},
		{"POST", "clock/advance", `{}`, "seconds"},
		{"POST", "clock/advance", `{"seconds":-1}`, "seconds"},
		{"POST", "clock/advance", `{"seconds":1}{}`, "nothing after it"},
		{"POST", "network/faults", `{"kind":"garbage","colour":1}`, `"colour"`},
		{"POST", "network/faults", `{"kind":"rain"}`, "kind"},
		{"POST", "issuer/tamper", `{"rrn":"1","forgets":true}`, `"forgets"`},
		{"POST", "issuer/tamper", `{"rrn":"1"}`, "forget"},
		{"POST", "issuer/tamper", `{"rrn":"000000000000","forget":true}`, "rrn"},
		{"POST", "inbox/a/behaviour", `{"state":500}`, `"state"`},
		{"POST", "inbox/a/behaviour", `{"status":99}`, "status"},
		{"POST", "cards", `{"number":"4111111111111111","color":"red"}`, `color`},
		{"POST", "cards", `{"number":"4111111111111111","behaviour":{"colour":"red"}}`, `colour`},
		{"POST", "cards", `{"number":"41"}`, "number"},
		{"POST", "merchants", `{"name":"Ana","country":"PE","owner":"x"}`, `"owner"`},
		{"POST", "merchants", `{"name":"Ana","country":"PE","currencies":["XXX"]}`, "XXX"},
		{"GET", "issuer/authorizations?limit=some", ``, "limit"},
		{"GET", "network/messages?after=-1", ``, "after"},
		{"GET", "weather", ``, "no such sandbox control"},
		{"POST", "weather/rain", ``, "no such sandbox control"},
		{"GET", "clock/advance", ``, "does not take GET: send POST"},
		{"PUT", "inbox/a", ``, "send GET or POST or DELETE"},
	} {
		t.Run(c.path+" "+c.body, func(t *testing.T) {
			a := w.call(c.method, "/sandbox/v1/"+c.path, c.body)
			if a.status < 400 || a.status > 499 || !strings.Contains(a.member("error"), c.says) {
				t.Errorf("answered %d %s, want a 4xx with an error that says %q", a.status, a.body, c.says)
			}
		})
	}
}

// An inbox catches exact bodies and answers as it was told to, as often as it was told to.
func TestInbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	w.call("POST", "/sandbox/v1/inbox/hooks/behaviour", `{"status":503,"count":1}`).must(t, http.StatusOK)
	w.call("POST", "/sandbox/v1/inbox/hooks", "{ exact }\n", "X-Sign", "abc").must(t, http.StatusServiceUnavailable)
	w.call("POST", "/sandbox/v1/inbox/hooks", "second").must(t, http.StatusOK)
	var inbox struct {
		Requests []struct {
			At                 time.Time
			Method, Path, Body string
			Headers            map[string]string
		}
	}
	w.call("GET", "/sandbox/v1/inbox/hooks", nil).read(t, &inbox)
	if len(inbox.Requests) != 2 || inbox.Requests[0].Body != "{ exact }\n" || inbox.Requests[0].Headers["X-Sign"] != "abc" ||
		inbox.Requests[0].At.Before(parse(t, noon)) || inbox.Requests[1].Method != "POST" || inbox.Requests[1].Path != "/sandbox/v1/inbox/hooks" {
		t.Errorf("the inbox holds %+v", inbox.Requests)
	}
	w.call("DELETE", "/sandbox/v1/inbox/hooks", nil).must(t, http.StatusOK)
	if a := w.call("GET", "/sandbox/v1/inbox/hooks", nil); string(a.body) != "{\"requests\":[]}\n" {
		t.Errorf("an emptied inbox holds %s", a.body)
	}
}

// Reset goes back to the demo state and keeps the demo credentials.
func TestReset(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		mx := w.start().shop("MX")
		sale := mx.pay(charges, approves, "10").must(t, http.StatusCreated)
		w.call("POST", "/sandbox/v1/merchants", `{"name":"Ana","country":"PE","public_merchant_id":"ana-public"}`).must(t, http.StatusOK)
		w.call("POST", "/sandbox/v1/inbox/orders", "a delivery").must(t, http.StatusOK)
		w.call("POST", "/sandbox/v1/cards", `{"number":"`+approves+`","behaviour":{"response_code":"51"}}`).must(t, http.StatusOK)
		w.fault(map[string]any{"kind": "no_response", "on": "any", "count": 9})
		w.call("POST", "/sandbox/v1/reset", nil).must(t, http.StatusOK)

		if now := w.now(); time.Since(now).Abs() > time.Minute {
			t.Errorf("the clock says %s", now)
		}
		if c := w.readCredentials(); c.Kushki["MX"].Private != mx.private {
			t.Errorf("credentials became %+v", c)
		}
		for path, empty := range map[string]string{"issuer/authorizations": `{"authorizations":[]}`, "network/faults": `{"faults":[]}`,
			"inbox/orders": `{"requests":[]}`} {
			if a := w.call("GET", "/sandbox/v1/"+path, nil); strings.TrimSpace(string(a.body)) != empty {
				t.Errorf("%s answers %s, want %s", path, a.body, empty)
			}
		}
		if a := w.call("POST", "/card/v1/tokens", shop{world: w, currency: "PEN"}.tokenBody(approves, "1"), "Public-Merchant-Id", "ana-public"); a.member("code") != "K004" {
			t.Errorf("an added merchant is answered %d %s, want K004", a.status, a.body)
		}
		if a := mx.void(sale.member("ticketNumber")); a.status != http.StatusBadRequest {
			t.Errorf("a payment of before is voided with %d %s", a.status, a.body)
		}
		mx.pay(charges, approves, "10").must(t, http.StatusCreated)
		w.balanced()
	})
}
