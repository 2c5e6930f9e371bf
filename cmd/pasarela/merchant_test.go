package main_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// listed is a merchant as `merchant list` shows it.
type listed struct {
	ID       string `json:"merchant_id"`
	Name     string
	Public   string `json:"public_merchant_id"`
	Disabled bool
}

func (w *world) merchants() (all []listed) {
	w.t.Helper()
	r := w.pasarela("merchant", "list", "--json").must(w.t)
	if err := json.Unmarshal([]byte(r.out), &all); err != nil {
		w.t.Fatalf("%v in %s", err, r.out)
	}
	return all
}

// An operator sees, changes, disables and enables merchants beside a gateway that runs, and meets no secret by that.
func TestMerchantsAreKeptBesideAGateway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		w.with(`{"name":"Ana","country":"CO","public_merchant_id":"ana-public","private_merchant_id":"ana-private","monri":{"merchant_key":"ana-key"}}`, "merchant", "create").must(t)
		all := w.merchants()
		i := slices.IndexFunc(all, func(m listed) bool { return m.Public == "ana-public" })
		if len(all) != 7 || i < 0 || all[i].Disabled {
			t.Fatalf("listed are %+v", all)
		}
		id := all[i].ID
		text := w.pasarela("merchant", "list").must(t).out
		if !strings.Contains(text, id+"  CO       enabled  Ana") {
			t.Errorf("the list is\n%s", text)
		}
		disabled := w.pasarela("merchant", "disable", id).must(t).out
		if !strings.Contains(disabled, `"disabled": true`) {
			t.Errorf("disable says %s", disabled)
		}
		ana := shop{w, "COP", "ana-public", "ana-private"}
		ana.call("POST", "/card/v1/tokens", ana.tokenBody(approves, "20000"), "Public-Merchant-Id", ana.public).must(t, http.StatusBadRequest)
		changed := w.with(`{"name":"Ana María","listeners":[{"url":"https://shop.example/events","events":["payment.*"]}]}`, "merchant", "change", id).must(t).out
		if !strings.Contains(changed, "Ana María") || !strings.Contains(changed, "https://shop.example/events") || !strings.Contains(changed, `"disabled": true`) {
			t.Errorf("change says %s", changed)
		}
		enabled := w.pasarela("merchant", "enable", id).must(t).out
		if strings.Contains(enabled, "disabled") || !strings.Contains(enabled, "Ana María") {
			t.Errorf("enable says %s", enabled)
		}
		for _, said := range []string{text, disabled, changed, enabled, w.pasarela("merchant", "list", "--json").must(t).out} {
			if strings.Contains(said, "ana-private") || strings.Contains(said, "ana-key") || strings.Contains(said, "whsec_") {
				t.Errorf("a secret is shown:\n%s", said)
			}
		}
	})
}

// What cannot be done to a merchant is said, with what can.
func TestMerchantMistakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	id := w.merchants()[0].ID
	for _, c := range []struct {
		args        []string
		stdin, says string
	}{
		{[]string{"disable", "20000000000000000042"}, "", "there is no merchant 20000000000000000042: `pasarela merchant list` shows all"},
		{[]string{"change", id}, `{"colour":"red"}`, `"colour"`},
		{[]string{"change", id}, `{"country":"XX"}`, "country"},
		{[]string{"change", id}, `{"private_merchant_id":"other"}`, "private_merchant_id"},
		{[]string{"change", id}, `{"listeners":[{"url":"https://shop.example","events":["payment.paid"]}]}`, `"payment.paid"`},
		{[]string{"change", id}, ``, "JSON object"},
		{[]string{"disable"}, "", "<id>"},
	} {
		if r := w.with(c.stdin, append([]string{"merchant"}, c.args...)...); r.code != 2 || !strings.Contains(r.err, c.says) {
			t.Errorf("%q with %s: exit status %d, said %q, want %q in it", c.args, c.stdin, r.code, r.err, c.says)
		}
	}
}

// A gateway tells each merchant what happened to its payments, by the secret of either dialect.
func TestTheFeedOfAGateway(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	s := w.shop("EC")
	s.pay(charges, approves, "16.98").must(t, http.StatusCreated)
	s.pay(charges, declines, "5").must(t, http.StatusBadRequest)
	var feed struct {
		Events []struct {
			Type string
			Data struct {
				Payment struct {
					Amount int64 `json:"amount_minor"`
				}
			}
		}
		More bool
	}
	w.call("GET", "/v1/events", nil, "Private-Merchant-Id", s.private).must(t, http.StatusOK).read(t, &feed)
	if len(feed.Events) != 2 || feed.More || feed.Events[0].Type != "payment.captured" || feed.Events[0].Data.Payment.Amount != 1698 || feed.Events[1].Type != "payment.declined" {
		t.Errorf("the feed is %+v", feed)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(w.known.Monri.Token+":"+w.known.Monri.Key))
	w.call("GET", "/v1/events", nil, "Authorization", basic).must(t, http.StatusOK).read(t, &feed)
	if len(feed.Events) != 0 {
		t.Errorf("a merchant without payments reads %+v", feed)
	}
	w.call("GET", "/v1/events", nil, "Private-Merchant-Id", s.public).must(t, http.StatusUnauthorized)
}
