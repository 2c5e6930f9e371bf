package main_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// exchanged is what `webhooks rotate --json` prints.
type exchanged struct {
	ID        string    `json:"merchant_id"`
	Signature string    `json:"webhook_signature"`
	Secret    string    `json:"signing_secret"`
	Until     time.Time `json:"old_valid_until"`
}

func (w *world) rotate(id string, flags ...string) (e exchanged) {
	w.t.Helper()
	r := w.pasarela(append([]string{"webhooks", "rotate", "--json", "--merchant", id}, flags...)...).must(w.t)
	if err := json.Unmarshal([]byte(r.out), &e); err != nil {
		w.t.Fatalf("%v in %s", err, r.out)
	}
	return e
}

// standardSignature is the formula of Standard Webhooks, written independently of the gateway.
func standardSignature(t testing.TB, secret, id, timestamp, body string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// caught waits until an inbox has so many requests, and answers the last one's headers and body.
func (w *world) caught(inbox string, n int) (headers http.Header, body string) {
	w.t.Helper()
	var got struct {
		Requests []struct {
			Headers map[string]string
			Body    string
		}
	}
	until(w.t, "delivery", func() bool {
		w.call("GET", "/sandbox/v1/inbox/"+inbox, nil).must(w.t, http.StatusOK).read(w.t, &got)
		return len(got.Requests) >= n
	})
	last := got.Requests[len(got.Requests)-1]
	headers = http.Header{}
	for name, value := range last.Headers {
		headers.Set(name, value)
	}
	return headers, last.Body
}

// A receiver of Standard Webhooks checks what it is told by the old secret and by the new one while they are
// exchanged, by the sandbox's clock, and afterwards by the new one alone.
func TestSecretsOfNotificationsAreExchanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	var made struct {
		ID     string `json:"merchant_id"`
		Secret string `json:"signing_secret"`
	}
	w.call("POST", "/sandbox/v1/merchants", `{"name":"Ana","country":"EC","public_merchant_id":"ana-public","private_merchant_id":"ana-private",
		"three_ds":"off","listeners":[{"url":"`+w.base+`/sandbox/v1/inbox/ana","events":["payment.captured"]}]}`).must(t, http.StatusOK).read(t, &made)
	now := w.now()
	renewed := w.rotate(made.ID)
	if renewed.ID != made.ID || renewed.Secret == made.Secret || renewed.Signature == "" ||
		renewed.Until.Before(now.Add(24*time.Hour)) || renewed.Until.After(now.Add(24*time.Hour+patience)) {
		t.Errorf("at %s the exchange is %+v", now, renewed)
	}
	ana := shop{w, "USD", "ana-public", "ana-private"}
	for i, secrets := range [][]string{{made.Secret, renewed.Secret}, {renewed.Secret}} {
		ana.pay(charges, approves, "16.98").must(t, http.StatusCreated)
		h, body := w.caught("ana", i+1)
		var want []string
		for _, s := range secrets {
			want = append(want, standardSignature(t, s, h.Get("webhook-id"), h.Get("webhook-timestamp"), body))
		}
		if got := strings.Fields(h.Get("webhook-signature")); !slices.Equal(got, want) {
			t.Errorf("delivery %d is signed %v, want %v", i+1, got, want)
		}
		w.advance(25 * time.Hour)
	}
}

// A second exchange waits for the end of the first, unless it is to end the old secrets at once.
func TestExchangesFollowOneAnother(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		id := w.merchants()[0].ID
		first := w.rotate(id, "--overlap", "72h")
		if r := w.pasarela("webhooks", "rotate", "--merchant", id); r.code != 2 || !strings.Contains(r.err, first.Until.Format(time.RFC3339)) || !strings.Contains(r.err, "overlap of 0") {
			t.Errorf("a second exchange: exit status %d, said %q", r.code, r.err)
		}
		text := w.pasarela("webhooks", "rotate", "--merchant", id, "--overlap", "0").must(t).out
		if !strings.Contains(text, "whsec_") || strings.Contains(text, first.Secret) || strings.Contains(text, first.Signature) || !strings.Contains(text, "no longer valid") {
			t.Errorf("without an overlap it says %q", text)
		}
		if r := w.pasarela("webhooks", "rotate", "--merchant", "20000000000000000042"); r.code != 2 || !strings.Contains(r.err, "there is no merchant") {
			t.Errorf("of a merchant that is not there: exit status %d, said %q", r.code, r.err)
		}
		if r := w.pasarela("webhooks", "rotate", "--merchant", id, "--overlap", "2400h"); r.code != 2 || !strings.Contains(r.err, "90 days") {
			t.Errorf("with an overlap of a hundred days: exit status %d, said %q", r.code, r.err)
		}
	})
}
