package kushki_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pasarela"
	"pasarela/dialect/dialecttest"
	"pasarela/store"
	"pasarela/store/sqlite"
)

const (
	ownCavv   = "AAABBoVBaZKAR3BkdkFpELpWIiE="
	ownXid    = "NEpab1F1MEdtaWJ2bEY3ckYxQzE="
	ownServer = "f38e6948-5388-41a6-bca4-b49723c19437"
	// ownProof is what a merchant's own 3-D Secure server said of a Visa's holder.
	ownProof = `"threeDomainSecure":{"threeDomainSecure":{"cavv":"` + ownCavv + `","xid":"` + ownXid + `","ucaf":"` + ownCavv +
		`","eci":"05","specificationVersion":"2.2.0","directoryServerTransactionID":"` + ownServer + `"}}`
	visaTokenBody = `{"card":{"name":"Rosa","number":"4259078012341233","expiryMonth":"11","expiryYear":"29","cvv":"417"},"totalAmount":5,"currency":"PEN"}`
)

// onFile is a world whose books are in a file of that name.
func onFile(t *testing.T, books string) *dialecttest.World {
	t.Helper()
	return worldOn(t, func(t testing.TB) store.Store {
		s, err := sqlite.Open(t.Context(), books, sqlite.Options{Synchronous: "OFF"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// What a merchant's own 3-D Secure server proved could be used again by whoever reads it: whatever it was sent with,
// it is not stored. Which server it was, and what it found, is.
func TestProofsAreNeverStored(t *testing.T) {
	t.Parallel()
	books := filepath.Join(t.TempDir(), "books.db")
	w := onFile(t, books)
	merchant := w.Merchant("PE").ID
	created := func(method, path, body string) string {
		t.Helper()
		answer := send(w, method, path, strings.Replace(body, "PROOF", ownProof, 1))
		if answer.Code != http.StatusCreated {
			t.Fatalf("%s is answered %d %s", path, answer.Code, answer.Body)
		}
		name := "ticketNumber"
		if path == "/subscriptions/v1/card" {
			name = "subscriptionId"
		}
		return member(t, answer, name)
	}
	card := func() string { return member(t, send(w, http.MethodPost, "/card/v1/tokens", visaTokenBody), "token") }
	held := created(http.MethodPost, "/card/v1/preAuthorization", `{"token":"`+card()+`","amount":`+amountBody+`,PROOF}`)
	captured := created(http.MethodPost, "/card/v1/capture", `{"ticketNumber":"`+held+`",PROOF}`)
	refunded := created(http.MethodDelete, "/v1/refund/"+captured, `{PROOF}`)
	sold := created(http.MethodPost, "/card/v1/charges", `{"token":"`+card()+`","amount":`+amountBody+`,PROOF}`)
	voided := created(http.MethodDelete, "/v1/charges/"+sold, `{PROOF}`)
	stored := member(t, send(w, http.MethodPost, "/subscriptions/v1/card/tokens", visaTokenBody), "token")
	subscription := created(http.MethodPost, "/subscriptions/v1/card", `{"token":"`+stored+`","planName":"Gym","periodicity":"monthly","startDate":"2031-02-01",
		"contactDetails":{"firstName":"Ana","lastName":"Ruiz","email":"ana@example.com"},"amount":`+amountBody+`,PROOF}`)
	created(http.MethodPost, "/subscriptions/v1/card/"+subscription+"/authorize", `{"amount":`+amountBody+`,PROOF}`)

	for what, ticket := range map[string]string{"capture": captured, "refund": refunded, "void": voided} {
		o, err := w.Gateway.Store.OperationByTicket(t.Context(), merchant, pasarela.Ticket(ticket))
		want := `"threeDomainSecure":{"eci":"05","specificationVersion":"2.2.0","directoryServerTransactionID":"` + ownServer + `"}`
		if err != nil || !strings.Contains(string(o.Order), want) {
			t.Errorf("of a %s is kept %s, %v; want %s in it", what, o.Order, err, want)
		}
	}
	for _, file := range []string{books, books + "-wal"} {
		text, err := os.ReadFile(file)
		if err != nil || len(text) == 0 || bytes.Contains(text, []byte(ownCavv)) || bytes.Contains(text, []byte(ownXid)) {
			t.Errorf("%s has %d bytes and error %v, or holds the proof", filepath.Base(file), len(text), err)
		}
	}
}

// A merchant's own proof goes to the issuer with a payment of a stored card as well, where the merchant's model has
// it and the card's scheme takes it.
func TestOwnProofOfAStoredCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stored := member(t, send(w, http.MethodPost, "/subscriptions/v1/card/tokens", visaTokenBody), "token")
	subscription := member(t, send(w, http.MethodPost, "/subscriptions/v1/card", `{"token":"`+stored+`","planName":"Gym","periodicity":"monthly",
		"startDate":"2031-02-01","contactDetails":{"firstName":"Ana","lastName":"Ruiz","email":"ana@example.com"},"amount":`+amountBody+`}`), "subscriptionId")
	authorize := "/subscriptions/v1/card/" + subscription + "/authorize"
	answer := send(w, http.MethodPost, authorize, `{"amount":`+amountBody+`,`+ownProof+`}`)
	sent := last(w, "0100")
	for _, part := range []string{"4328" + strings.Repeat("*", len(ownCavv)), ownXid, ownServer} {
		if answer.Code != http.StatusCreated || !strings.Contains(sent, part) {
			t.Errorf("answered %d %s, and the message carries %q, want %q in it", answer.Code, answer.Body, sent, part)
		}
	}
	messages := len(w.Traffic.Messages(0))
	refused := send(w, http.MethodPost, authorize, `{"amount":`+amountBody+`,"threeDomainSecure":{"eci":"07","specificationVersion":"2.2.0"}}`)
	if refused.Code != http.StatusBadRequest || member(t, refused, "code") != "K322" || !strings.Contains(refused.Body.String(), "K325") {
		t.Errorf("a proof of nothing is answered %d %s, want K322 with K325", refused.Code, refused.Body)
	}
	if now := len(w.Traffic.Messages(0)); now != messages {
		t.Errorf("a proof of nothing was sent to the issuer: %d messages", now-messages)
	}
}

// An id of the scheme goes to the network as it is, so one that looks like a card number is refused; Visa's have as
// many digits as no card of theirs.
func TestSchemeIDThatLooksLikeACardIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for id, status := range map[string]int{
		"4916338506082832": http.StatusBadRequest, "371449635398431": http.StatusBadRequest, "X-4916338506082832": http.StatusBadRequest,
		knownNumber: http.StatusBadRequest, "400000000000006": http.StatusCreated, "MDS1234560505": http.StatusCreated,
	} {
		body := tokenBody
		if len(id) == 15 {
			body = visaTokenBody
		}
		card := member(t, send(w, http.MethodPost, "/card/v1/tokens", body), "token")
		answer := send(w, http.MethodPost, "/card/v1/charges", `{"token":"`+card+`","amount":`+amountBody+`,"originalTransactionID":"`+id+`"}`)
		if answer.Code != status {
			t.Errorf("%s is answered %d %s, want %d", id, answer.Code, answer.Body, status)
		}
		if status != http.StatusCreated && member(t, answer, "code") != "K001" {
			t.Errorf("%s is answered %s, want K001", id, answer.Body)
		}
	}
}

// The address to come back to is stored and shown, so it is an address of the shop's, and no card number.
func TestCallbackAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for address, status := range map[string]int{
		"https://shop.example/back?order=7":                 http.StatusCreated,
		"https://shop.example/back?card=4916338506082832":   http.StatusBadRequest,
		"https://shop.example/4916-3385-0608-2832":          http.StatusBadRequest,
		"https://shop.example@evil.example/back":            http.StatusBadRequest,
		"https://shop.example:443@evil.example/back":        http.StatusBadRequest,
		"https://shop.example:4916338506082832@e.example/":  http.StatusBadRequest,
		"javascript://shop.example/%0aalert(1)":             http.StatusBadRequest,
		"https://shop.example/" + strings.Repeat("x", 2048): http.StatusBadRequest,
	} {
		answer := send(w, http.MethodPost, "/card/v1/tokens", strings.Replace(visaTokenBody, `"totalAmount"`,
			`"authValidation":"url","callbackUrl":"`+address+`","totalAmount"`, 1))
		if answer.Code != status || status == http.StatusBadRequest && member(t, answer, "code") != "K001" {
			t.Errorf("%s is answered %d %s, want %d", address, answer.Code, answer.Body, status)
		}
	}
}

// last is field 48 of the last message of a type that was sent.
func last(w *dialecttest.World, kind string) (additional string) {
	for _, m := range w.Traffic.Messages(0) {
		if m.MTI == kind {
			additional = m.Fields["48"]
		}
	}
	return additional
}
