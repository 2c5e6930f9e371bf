package main_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The cards of the leak test: three that nothing knows, a test card that was added, and a published one, which
// dev prints in its own curl.
const (
	secretVisa  = "4916338506082832"
	secretAmex  = "371449635398431"
	secretLong  = "6304939304310009610"
	secretAdded = "987654321012"
	secretCVV   = "7193"
)

var secrets = newNeedles([]string{secretVisa, secretAmex, secretLong, secretAdded, approves}, []string{secretCVV, "913"})

// marked is sent along as metadata and has to be found: it shows that the search looks where data is.
const marked = "marked-so-that-it-is-found"

// No byte that leaves the card-data environment has a card number or a CVV in it: not in a log at its most
// talkative, an answer, a metric, a trace, the network's log, an inbox, the issuer's books, a file of the data
// folder while dev runs or after, or the database; wherever in a request the number was put.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		traces := newSpool()
		collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(traces, r.Body) // a spool takes everything
		}))
		t.Cleanup(collector.Close)
		w.env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}
		w.seen = newSpool()
		w.start()
		for _, number := range []string{secretVisa, secretAmex, secretLong, secretAdded, approves} {
			l := &leaker{world: w, t: t, number: number}
			l.pay()
			l.misplace()
		}
		w.call("GET", "/metrics", nil).must(t, http.StatusOK)
		w.call("GET", "/sandbox/v1/network/messages", nil).must(t, http.StatusOK)
		w.issuer()
		found := w.searchStores(t, "while it runs")
		w.stop()
		found = append(found, w.searchStores(t, "once it has ended")...)
		if !bytes.Contains(found, []byte(marked)) && !bytes.Contains(found, []byte(hex.EncodeToString([]byte(marked)))) {
			t.Error("the search has not found what was sent along on purpose: it does not look where data is")
		}
		stdout, _, _ := strings.Cut(w.running().out.String(), "Try a payment") // the rest is the curl
		secrets.absent(t, "standard output", []byte(stdout))
		secrets.absent(t, "the log", []byte(w.running().err.String()))
		secrets.absent(t, "an answer", []byte(w.seen.String()))
		secrets.absent(t, "a trace", []byte(traces.String()))
		for where, text := range map[string]string{"log": w.running().err.String(), "answers": w.seen.String(), "traces": traces.String()} {
			if !strings.Contains(text, "/card/v1/charges") && !strings.Contains(text, "ticketNumber") {
				t.Errorf("the %s say nothing of a charge: they have not been searched", where)
			}
		}
	}, "--log-level", "debug", "--acquirer-timeout", "300ms")
}

// searchStores searches the data folder and, where there is one, the database.
func (w *world) searchStores(t *testing.T, when string) []byte {
	t.Helper()
	found := secrets.files(t, when, w.data)
	if len(w.place) > 2 {
		dump, err := exec.Command(postgresProgram(t, "pg_dump"), "--dbname", w.place[3]).Output()
		if err != nil {
			t.Fatalf("pg_dump: %v", err)
		}
		secrets.absent(t, when+" the database", dump)
		found = append(found, dump...)
	}
	return found
}

func postgresProgram(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// leaker plays all that can be done with one card.
type leaker struct {
	*world
	t      *testing.T
	number string
}

// card is this leaker's card: one brand has CVVs of four digits, and they can be looked for everywhere.
func (l *leaker) card() map[string]any {
	c := card(l.number)
	c["cvv"] = secretCVV
	return c
}

func (l *leaker) public(country string) []string {
	return []string{"Public-Merchant-Id", l.shop(country).public}
}

func (l *leaker) private(country string) []string {
	return []string{"Private-Merchant-Id", l.shop(country).private}
}

// token gets a token for a payment of ten.
func (l *leaker) token() string {
	l.t.Helper()
	body := map[string]any{"card": l.card(), "totalAmount": 10, "currency": "MXN"}
	return l.call("POST", "/card/v1/tokens", body, l.public("MX")...).must(l.t, http.StatusCreated).member("token")
}

// spend pays ten, with this number where callers write freely.
func (l *leaker) spend(path, token string) answer {
	l.t.Helper()
	n := l.number
	return l.call("POST", path, map[string]any{"token": token, "amount": l.shop("MX").amount("10"), "fullResponse": "v2",
		"metadata":       map[string]any{"note": "card " + n, n: "as a name", "spaced": spaced(n), "mark": marked, "number": json.Number(n), "deep": []any{map[string]any{"x": n}}},
		"contactDetails": map[string]any{"firstName": n, "lastName": "B " + n, "email": n + "@example.com", "documentNumber": n, "phoneNumber": "+" + n},
		"orderDetails":   map[string]any{"siteDomain": n + ".example.com", "shippingDetails": map[string]any{"name": n, "address": "street " + n}},
	}, l.private("MX")...)
}

func spaced(n string) string { return regexp.MustCompile(`(.{4})`).ReplaceAllString(n, "$1 ") }

// pay plays what shops do: approved, declined, timed out, captured, voided, stored, signed.
func (l *leaker) pay() {
	l.t.Helper()
	if l.number == secretAdded {
		l.call("POST", "/sandbox/v1/cards", map[string]any{"number": l.number, "behaviour": map[string]any{"type": "debit"}}).must(l.t, http.StatusOK)
	}
	for _, f := range []string{"", "decline", "no_response", "late_response", "drop_connection", "garbage", "duplicate_response"} {
		fault := map[string]any{"kind": f, "on": "authorization"}
		if f == "decline" {
			fault["response_code"] = "51"
		}
		if f != "" {
			l.fault(fault)
		}
		a := l.spend(charges, l.token())
		if (a.status == http.StatusCreated) != (f == "" || f == "duplicate_response") {
			l.t.Errorf("with the fault %q a charge is answered %d %s", f, a.status, a.body)
		}
	}
	held := l.spend(preauthorizations, l.token()).must(l.t, http.StatusCreated)
	l.call("POST", captures, map[string]any{"ticketNumber": held.member("ticketNumber"), "fullResponse": "v2",
		"metadata": map[string]any{"n": l.number}}, l.private("MX")...).must(l.t, http.StatusCreated)
	l.call("DELETE", "/v1/charges/"+held.member("ticketNumber"), map[string]any{"fullResponse": true}, l.private("MX")...).must(l.t, http.StatusCreated)
	l.subscribe()
	l.sign("/v2/tokens", fmt.Sprintf(`{"type":"card","card":{"pan":"%s","expiration_date":"3412","cvv":"%s"},"metadata":{"description":"%s","mark":"%s"}}`,
		l.number, secretCVV, l.number, marked)).must(l.t, http.StatusOK)
}

// subscribe stores the card, charges it in every way there is, changes its plan and ends it.
func (l *leaker) subscribe() {
	l.t.Helper()
	token := l.call("POST", "/subscriptions/v1/card/tokens", map[string]any{"card": l.card(), "currency": "MXN"}, l.public("MX")...).must(l.t, http.StatusCreated)
	s := l.call("POST", "/subscriptions/v1/card", map[string]any{"token": token.member("token"), "planName": "Gym " + l.number, "periodicity": "monthly",
		"contactDetails": map[string]any{"firstName": "A", "lastName": l.number, "email": "a@b.c"}, "amount": l.shop("MX").amount("10"),
		"startDate": "2032-02-01", "fullResponse": "v2", "metadata": map[string]any{"n": l.number}}, l.private("MX")...).must(l.t, http.StatusCreated)
	path, amount, private := "/subscriptions/v1/card/"+s.member("subscriptionId"), l.shop("MX").amount("10"), l.private("MX")
	l.call("POST", path+"/authorize", map[string]any{"amount": amount,
		"name": l.number, "lastName": "Doe", "email": "u@e.com", "fullResponse": "v2"}, private...).must(l.t, http.StatusCreated)
	for _, f := range []string{"", "garbage", "no_response"} {
		if f != "" {
			l.fault(map[string]any{"kind": f, "on": "authorization"})
		}
		device := l.call("POST", path+"/tokens", map[string]any{"cvv": secretCVV, "amount": amount, "sessionId": l.number,
			"cardHolderName": l.number}, l.public("MX")...).must(l.t, http.StatusCreated)
		l.call("POST", path, map[string]any{"token": device.member("token"), "amount": amount, "cvv": secretCVV, "fullResponse": "v2",
			"metadata": map[string]any{"n": l.number}, "contactDetails": map[string]any{"firstName": l.number}}, private...)
	}
	l.call("PATCH", path, map[string]any{"planName": "Gym " + l.number, "metadata": map[string]any{l.number: l.number},
		"contactDetails": map[string]any{"email": l.number}}, private...).must(l.t, http.StatusNoContent)
	l.call("PUT", path, map[string]any{"amount": amount, "periods": 2, "unknown": l.number}, private...).must(l.t, http.StatusNoContent)
	token = l.call("POST", "/subscriptions/v1/card/tokens", map[string]any{"card": l.card(), "currency": "MXN"}, l.public("MX")...).must(l.t, http.StatusCreated)
	l.call("PUT", path+"/card", map[string]any{"token": token.member("token")}, private...).must(l.t, http.StatusNoContent)
	l.call("GET", "/subscriptions/v1/card/search/"+s.member("subscriptionId"), nil, private...).must(l.t, http.StatusOK)
	l.call("GET", path+"/transactions", nil, private...).must(l.t, http.StatusOK)
	l.call("DELETE", path, map[string]any{"why": l.number}, private...).must(l.t, http.StatusNoContent)
}

// sign posts a body to Monri's API as its clients sign it.
func (l *leaker) sign(path, body string) answer {
	l.t.Helper()
	m := l.known.Monri
	digest := sha512.Sum512([]byte(m.Key + "1700000000" + m.Token + path + body))
	return l.call("POST", path, body, "Authorization", "WP3-v2.1 "+m.Token+" 1700000000 "+hex.EncodeToString(digest[:]))
}

// misplace puts the number where it does not belong. What is answered does not matter, but what it shows.
func (l *leaker) misplace() {
	l.t.Helper()
	n, public, private := l.number, l.public("MX"), l.private("MX")
	for _, member := range []string{"name", "expiryMonth", "expiryYear", "cvv", "number", "cryptogram", "accountType", "unknown", n} {
		for _, value := range []any{n, json.Number(n), []string{n}, map[string]string{n: n}, "card " + spaced(n)} {
			c := l.card()
			c[member] = value
			l.call("POST", "/card/v1/tokens", map[string]any{"card": c, "totalAmount": 10, "currency": "MXN"}, public...)
		}
	}
	for _, member := range []string{"totalAmount", "currency", "months", "transactionMode", "authValidation", "callbackUrl", "jwt", "networkToken",
		"userId", "sessionId", "isDeferred", "unknown", "card", n} {
		for _, value := range []any{n, json.Number(n), map[string]any{"number": n, n: n}, "https://example.com/?pan=" + n} {
			body := map[string]any{"card": l.card(), "totalAmount": 10, "currency": "MXN"}
			body[member] = value
			l.call("POST", "/card/v1/tokens", body, public...)
			l.call("POST", "/subscriptions/v1/card/tokens", body, public...)
		}
	}
	for _, member := range []string{"token", "amount", "months", "deferred", "fullResponse", "metadata", "contactDetails", "orderDetails", "productDetails",
		"webhooks", "citMit", "externalReferenceId", "originalTransactionID", "channel", "subMerchant", "threeDomainSecure", "ticketNumber", "unknown", n} {
		for _, value := range []any{n, json.Number(n), map[string]any{"x": n, n: "y"}, []any{map[string]any{"urls": []string{"https://e.com/" + n}}}} {
			body := map[string]any{"token": l.token(), "amount": l.shop("MX").amount("10"), "fullResponse": "v2"}
			body[member] = value
			l.call("POST", charges, body, private...)
			l.call("POST", captures, body, private...)
		}
	}
	for _, member := range []string{"merchant_customer_id", "description", "email", "name", "phone", "zip_code", "city", "address", "country", "metadata", "unknown", n} {
		for _, value := range []string{`"` + n + `"`, n, `"card ` + spaced(n) + `"`, `{"` + n + `":["` + n + `",` + n + `]}`} {
			l.sign("/v2/customers", `{"`+member+`":`+value+`}`)
		}
	}
	l.misplaceOutsideBodies()
	l.misplaceBrokenly()
}

// misplaceOutsideBodies puts the number into headers, paths and queries.
func (l *leaker) misplaceOutsideBodies() {
	l.t.Helper()
	n, public, private := l.number, l.public("MX"), l.private("MX")
	body := map[string]any{"card": l.card(), "totalAmount": 10, "currency": "MXN"}
	for _, header := range []string{"Public-Merchant-Id", "Private-Merchant-Id", "Idempotency-Key", "User-Agent", "Authorization", "Cookie", "Referer",
		"X-Request-Id", "Traceparent", "Tracestate", "Baggage", "Content-Type", "X-Forwarded-For", "X-Amz-Meta-Kushki-Info"} {
		l.call("POST", "/card/v1/tokens", body, append(public, header, n)...)
		l.call("POST", "/card/v1/tokens", body, append(public, header, "vendor="+n)...)
		l.call("POST", charges, map[string]any{"token": l.token(), "amount": l.shop("MX").amount("10")}, append(private, header, n)...)
	}
	for _, path := range []string{"/v1/charges/" + n, "/v1/refund/" + n, "/card/v1/tokens/" + n, "/card/v1/charges?number=" + n + "&cvv=" + secretCVV,
		"/subscriptions/v1/card/" + n + "/authorize", "/subscriptions/v1/card/" + n + "/capture",
		"/subscriptions/v1/card/" + n, "/subscriptions/v1/card/search/" + n, "/v1/subscriptions/" + n + "/transactions?limit=" + n, "/v2/tokens?pan=" + n, "/v2/" + n, "/" + n,
		"/v2/customers/" + n, "/v2/customers?limit=" + n, "/v2/merchants/customers/" + n,
		"/sandbox/v1/" + n, "/sandbox/v1/network/messages?after=" + n, "/docs/" + n, "/console/" + n} {
		for _, method := range []string{"GET", "POST", "DELETE", "PUT"} {
			l.call(method, path, `{"amount":{"subtotalIva":0,"subtotalIva0":10,"iva":0,"ice":0,"currency":"MXN"}}`, append(private, "Idempotency-Key", "for "+n)...)
		}
	}
	l.call("X"+n, "/card/v1/tokens", nil, public...)
	l.sign("/v2/customers/"+n, `{"name":"`+n+`"}`)
	l.sign("/v2/tokens", `{"type":"`+n+`","card":{"pan":"`+n+`","expiration_date":"`+n+`"},"`+n+`":1}`)
	l.call("POST", "/v2/tokens", `{"type":"card","card":{"pan":"`+n+`"}}`, "Authorization", "WP3-v2.1 "+n+" "+n+" "+n)
}

// misplaceBrokenly sends what is no JSON, or no HTTP.
func (l *leaker) misplaceBrokenly() {
	l.t.Helper()
	n, public := l.number, l.public("MX")
	for _, body := range []string{`{"card":{"number":"` + n, `{"card":{"number":` + n + `}}`, `{"card":{"number":"` + n + `"},"card":{"number":"` + n + `"}}`,
		n, `"` + n + `"`, `[` + n + `]`, "number=" + n + "&cvv=" + secretCVV, "{\"card\":{\"number\":\"" + n + "\xff\"}}", `{"card":{"number":"` + n + `0000"}}`,
		strings.Repeat(`{"a":`, 40) + `"` + n + `"` + strings.Repeat(`}`, 40), `{"card":{"number":"` + spaced(n) + `"}}`} {
		l.call("POST", "/card/v1/tokens", body, public...)
		l.call("POST", "/sandbox/v1/cards", body)
		l.sign("/v2/tokens", body)
	}
	for _, raw := range []string{"GET /" + n + " HTTP/9.9\r\n\r\n", "POST /card/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: " + n + "\r\n\r\n{",
		n + "\r\n\r\n", "POST /card/v1/tokens HTTP/1.1\r\nHost: x\r\n" + n + "\r\n\r\n", "GET /?a=" + n + ";b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST /card/v1/tokens HTTP/1.1\r\nHost: x\r\nPublic-Merchant-Id: " + public[1] + "\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + n} {
		l.raw(raw)
	}
}

// raw writes bytes to the gateway's port and reads what comes back.
func (l *leaker) raw(text string) {
	l.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(l.base, "http://"))
	if err != nil {
		l.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return // refused before it was read
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return
	}
	_, _ = io.Copy(l.seen, c) // what was read counts; a reset is an answer too
}
