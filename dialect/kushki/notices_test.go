package kushki_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/dialect/kushki"
	"pasarela/gateway"
)

// plainTeller tells without a world.
var plainTeller = kushki.Teller{CountryName: cards.CountryName, Sandbox: true,
	Digest: func(string, ...[]byte) []byte { return make([]byte, 32) }}

var noticeTime = time.Date(2026, 5, 4, 15, 0, 0, 123_000_000, time.UTC)

func toldMerchant(hooks ...pasarela.WebhookEndpoint) pasarela.Merchant {
	return pasarela.Merchant{ID: "20000000100000000000", Name: "Tiéndita <&>", Country: "PE", Model: pasarela.ModelAcquirer, Webhooks: hooks,
		Kushki: pasarela.KushkiCredentials{PublicID: "pub-demo-0001", PrivateID: "prv-demo-0001", WebhookSignature: "whsec-demo"}}
}

var toAll = pasarela.WebhookEndpoint{URLs: []string{"https://shop.example/all"}}

var anaCard = pasarela.CardFacts{BIN: "545195", LastFour: "5480", Length: 16, Brand: pasarela.BrandMastercard, Type: pasarela.CardCredit,
	Bank: "BANCO DEMO", Country: "PE", Holder: "Ana Núñez", Expiry: "3111"}

func soles(minor int64) pasarela.Money { return pasarela.Money{Minor: minor, Currency: "PEN"} }

func sale(order string) pasarela.Payment {
	return pasarela.Payment{Merchant: "20000000100000000000", ID: "5b0b9f9e-3d43-4a58-9c0f-0a1f5c1f7a11", Ticket: "730000000000000001",
		Kind: pasarela.KindSale, State: pasarela.StateCaptured, Amount: soles(2000), Captured: 2000, Facts: anaCard, Token: "b81e4fd07c9a4b0d9c3b5f2a61e7d940",
		Trace:        pasarela.Trace{STAN: 17, RRN: "612410000017"},
		ResponseCode: "00", ApprovalCode: "000000", Dialect: "kushki", Order: []byte(order), CreatedAt: noticeTime, UpdatedAt: noticeTime}
}

const saleOrder = `{"amount":{"subtotalIva":0,"subtotalIva0":20,"ice":0,"iva":0,"currency":"PEN"},"metadata":{"order":"881"},"contactDetails":{"email":"ana@example.com"}}`

func voidOf(p pasarela.Payment) pasarela.Operation {
	return pasarela.Operation{Merchant: p.Merchant, ID: "4e1c8d1f-72a3-4b5c-8d0d-3c5c7c1f2f90", Payment: p.ID, Ticket: "730000000000000002",
		Kind: pasarela.OpVoid, State: pasarela.OpApproved, Amount: p.Amount, Trace: pasarela.Trace{STAN: 18, RRN: "612410000018"}, ResponseCode: "00",
		ApprovalCode: "000001", Order: []byte(`{"transactionType":"VOID","saleTicketNumber":"730000000000000001"}`), CreatedAt: noticeTime}
}

func gym(order string) pasarela.Subscription {
	return pasarela.Subscription{Merchant: "20000000100000000000", ID: "1700000000123000", State: pasarela.SubscriptionActive, Facts: anaCard,
		Plan: "Gym Gold", Periodicity: pasarela.Monthly, Amount: soles(4990), StartDate: "2031-02-01", Dialect: "kushki", Order: []byte(order), CreatedAt: noticeTime}
}

const gymOrder = `{"amount":{"subtotalIva":0,"subtotalIva0":49.9,"ice":0,"iva":0,"currency":"PEN"},"metadata":{"customer":"C-77"},"contactDetails":{"firstName":"Ana","lastName":"Ruiz","email":"ana@example.com"}`

// change is an event as the gateway tells it.
func change(k pasarela.EventKind, p *pasarela.Payment, o *pasarela.Operation, s *pasarela.Subscription) gateway.Change {
	c := gateway.Change{Event: pasarela.Event{Kind: k, At: noticeTime}, Payment: p, Operation: o}
	c.Subscription = func() (pasarela.Subscription, error) {
		if s == nil {
			return pasarela.Subscription{}, pasarela.Errorf(pasarela.CodeNotFound, "no subscription")
		}
		return *s, nil
	}
	return c
}

func again(c gateway.Change) gateway.Change {
	c.Again = true
	return c
}

func noticesOf(t testing.TB, m pasarela.Merchant, c gateway.Change) []gateway.Notice {
	t.Helper()
	all, err := plainTeller.Notices(m, c)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// spelled is a header that travels under exactly that name.
func spelled(h http.Header, name string) string { return strings.Join(h[name], ",") }

// The worked example of the reference.
func TestSignature(t *testing.T) {
	t.Parallel()
	h, err := kushki.Signer{}.Headers(toldMerchant(), pasarela.Delivery{Body: []byte(`{"a":1}`)}, time.UnixMilli(1930000000000))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"X-Kushki-Key": "pub-demo-0001", "X-Kushki-Id": "1930000000000",
		"X-Kushki-SimpleSignature":      "c411fcddd39b2f68a37002a4742f15ced824fd550a75ee1fe70df8794141072f",
		"X-Kushki-Signature":            "8005d40b74d28984b4c410b714408dc8aa8b0c78a3f41d7d6c0a48969d0125dc",
		"X-Kushki-Signature-Next":       "",
		"X-Kushki-SimpleSignature-Next": "",
	} {
		if got := spelled(h, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// While the key is exchanged a receiver that knows either one can check every notification.
func TestBothKeysSignWhileTheyAreExchanged(t *testing.T) {
	t.Parallel()
	m, d := toldMerchant(), pasarela.Delivery{Body: []byte(`{"a":1}`)}
	m.Kushki.NextSignature, m.Kushki.SignatureSwitch = "whsec-next", noticeTime.Add(time.Hour)
	sign := func(key string, at time.Time) (full, simple string) {
		other := toldMerchant()
		other.Kushki.WebhookSignature = key
		h, err := kushki.Signer{}.Headers(other, d, at)
		if err != nil {
			t.Fatal(err)
		}
		return spelled(h, "X-Kushki-Signature"), spelled(h, "X-Kushki-SimpleSignature")
	}
	for _, c := range []struct {
		name, current, next string
		at                  time.Time
	}{
		{"before", "whsec-demo", "whsec-next", noticeTime},
		{"after", "whsec-next", "", noticeTime.Add(time.Hour)},
	} {
		h, err := kushki.Signer{}.Headers(m, d, c.at)
		if err != nil {
			t.Fatal(err)
		}
		full, simple := sign(c.current, c.at)
		var fullNext, simpleNext string
		if c.next != "" {
			fullNext, simpleNext = sign(c.next, c.at)
		}
		for name, want := range map[string]string{"X-Kushki-Signature": full, "X-Kushki-SimpleSignature": simple,
			"X-Kushki-Signature-Next": fullNext, "X-Kushki-SimpleSignature-Next": simpleNext} {
			if got := spelled(h, name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
	}
}

// What cannot be signed is not sent as if it were.
func TestNothingIsSignedWithoutAKey(t *testing.T) {
	t.Parallel()
	if h, err := (kushki.Signer{}).Headers(pasarela.Merchant{}, pasarela.Delivery{}, noticeTime); pasarela.CodeOf(err) != pasarela.CodeInternal {
		t.Errorf("headers are %v, error %v", h, err)
	}
}

// A body's members stand in one order for good: receivers may have come to rely on the bytes.
func TestBodiesByteForByte(t *testing.T) {
	t.Parallel()
	p, void, plan := sale(saleOrder), voidOf(sale(saleOrder)), gym(gymOrder+"}")
	declined := sale(strings.Replace(saleOrder, "20,", "20.5,", 1))
	declined.State, declined.ResponseCode, declined.ApprovalCode, declined.Amount = pasarela.StateDeclined, "51", "", soles(2050)
	redirect := sale(strings.TrimSuffix(saleOrder, "}") + `,"cardAsync":"kT41bX0Zq77a9GdE3rVw5N2pLs6YhC8u","buyOrder":"20260504150000123"}`)
	charge := sale(saleOrder)
	charge.Subscription, charge.Token = plan.ID, ""
	inscribed := gym(gymOrder + `,"cardAsync":"kT41bX0Zq77a9GdE3rVw5N2pLs6YhC8u","callbackUrl":"https://shop.example/back"}`)
	for name, c := range map[string]gateway.Change{
		"card":         change(pasarela.EventPaymentCaptured, &p, nil, nil),
		"declined":     change(pasarela.EventPaymentDeclined, &declined, nil, nil),
		"redirect":     change(pasarela.EventPaymentCaptured, &redirect, nil, nil),
		"void":         change(pasarela.EventPaymentVoided, &p, &void, nil),
		"subscription": change(pasarela.EventSubscriptionActivated, nil, nil, &plan),
		"charge":       change(pasarela.EventPaymentCaptured, &charge, nil, &plan),
		"inscription":  change(pasarela.EventSubscriptionActivated, nil, nil, &inscribed),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(filepath.Join("testdata", "notices", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			all := noticesOf(t, toldMerchant(toAll), c)
			if len(all) != 1 || all[0].Format != "kushki" || all[0].URL != "https://shop.example/all" {
				t.Fatalf("notices are %+v", all)
			}
			if got := string(all[0].Body); got != strings.TrimSuffix(string(want), "\n") {
				t.Errorf("body is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Each thing that happens is told by the names that the reference knows for it, and by no others.
func TestWhoIsToldOfWhat(t *testing.T) {
	t.Parallel()
	paid, held, declined, charged, refused, period := sale(saleOrder), sale(saleOrder), sale(saleOrder), sale(saleOrder), sale(saleOrder), sale(saleOrder)
	plan := gym(gymOrder + "}")
	held.Kind, held.State = pasarela.KindAuthorization, pasarela.StateAuthorized
	declined.State = pasarela.StateDeclined
	charged.Subscription, refused.Subscription, period.Subscription = plan.ID, plan.ID, plan.ID
	refused.State, period.Period = pasarela.StateReversing, "2031-02-01"
	onHold := held
	onHold.Subscription = plan.ID
	pending := gym(gymOrder + `,"cardAsync":"kT41bX0Zq77a9GdE3rVw5N2pLs6YhC8u","callbackUrl":"https://shop.example/back"}`)
	approvedOp, declinedOp := voidOf(held), voidOf(held)
	declinedOp.State = pasarela.OpDeclined
	captured, uncaptured := approvedOp, declinedOp
	captured.Kind, uncaptured.Kind = pasarela.OpCapture, pasarela.OpCapture
	known := []string{"approvedTransaction", "declinedTransaction", "preauthorization", "initializedTransaction", "subscriptionApproved",
		"succesfullCharge", "declinedCharge", "failedRetry", "lastRetry", "subscriptionDelete", "payment.captured", ""}
	for _, c := range []struct {
		what string
		of   gateway.Change
		by   []string
	}{
		{"sale", change(pasarela.EventPaymentCaptured, &paid, nil, nil), []string{"approvedTransaction"}},
		{"capture", change(pasarela.EventPaymentCaptured, &onHold, &captured, nil), []string{"approvedTransaction"}},
		{"refused capture", change(pasarela.EventPaymentCaptureFailed, &onHold, &uncaptured, nil), []string{"declinedTransaction"}},
		{"hold", change(pasarela.EventPaymentAuthorized, &held, nil, nil), []string{"approvedTransaction", "preauthorization"}},
		{"hold by subscription", change(pasarela.EventPaymentAuthorized, &onHold, nil, nil), []string{"approvedTransaction", "preauthorization"}},
		{"declined", change(pasarela.EventPaymentDeclined, &declined, nil, nil), []string{"declinedTransaction"}},
		{"void", change(pasarela.EventPaymentReleased, &held, &approvedOp, nil), []string{"approvedTransaction"}},
		{"refused void", change(pasarela.EventPaymentVoidFailed, &held, &declinedOp, nil), []string{"declinedTransaction"}},
		{"charge on demand", change(pasarela.EventPaymentCaptured, &charged, nil, &plan), []string{"approvedTransaction", "succesfullCharge"}},
		{"charge on demand without an answer", change(pasarela.EventPaymentUnanswered, &refused, nil, &plan), []string{"declinedTransaction", "declinedCharge"}},
		{"reversal owed once more", again(change(pasarela.EventPaymentUnanswered, &refused, nil, &plan)), nil},
		{"payment of a period", change(pasarela.EventPaymentCaptured, &period, nil, &plan), nil},
		{"period", change(pasarela.EventSubscriptionCharged, &period, nil, &plan), []string{"approvedTransaction", "succesfullCharge"}},
		{"attempt failed", change(pasarela.EventSubscriptionFailed, &refused, nil, &plan), []string{"declinedTransaction", "failedRetry"}},
		{"last attempt failed", change(pasarela.EventSubscriptionLastFailed, &refused, nil, &plan), []string{"declinedTransaction", "lastRetry"}},
		{"period without its payment", change(pasarela.EventSubscriptionLastFailed, nil, nil, &plan), []string{"declinedTransaction", "lastRetry"}},
		{"subscribed", change(pasarela.EventSubscriptionActivated, nil, nil, &plan), []string{"approvedTransaction", "subscriptionApproved"}},
		{"card of a subscription refused", change(pasarela.EventSubscriptionRejected, nil, nil, &plan), nil},
		{"cancelled", change(pasarela.EventSubscriptionCancelled, nil, nil, &plan), []string{"subscriptionDelete"}},
		{"inscription waited for", change(pasarela.EventSubscriptionPending, nil, nil, &pending), []string{"initializedTransaction"}},
		{"inscription refused", change(pasarela.EventSubscriptionRejected, nil, nil, &pending), []string{"declinedTransaction"}},
		{"hold ran out", change(pasarela.EventPaymentExpired, &held, nil, nil), nil},
		{"reversed", change(pasarela.EventPaymentReversed, &refused, nil, nil), nil},
		{"new terms", change(pasarela.EventSubscriptionUpdated, nil, nil, &plan), nil},
		{"adjusted", change(pasarela.EventSubscriptionAdjusted, nil, nil, &plan), nil},
		{"card replaced", change(pasarela.EventSubscriptionCard, nil, nil, &plan), nil},
		{"period skipped", change(pasarela.EventSubscriptionSkipped, nil, nil, &plan), nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			if n := len(noticesOf(t, toldMerchant(toAll), c.of)); n != min(len(c.by), 1) {
				t.Errorf("whoever names no events is told %d times", n)
			}
			for _, name := range known {
				hook := pasarela.WebhookEndpoint{Events: []string{"other", name}, URLs: []string{"https://shop.example/1", "https://shop.example/2"}}
				want := 0
				if slices.Contains(c.by, name) {
					want = 2 // each address
				}
				if n := len(noticesOf(t, toldMerchant(hook), c.of)); n != want {
					t.Errorf("whoever asks for %q is told %d times, want %d", name, n, want)
				}
			}
			if n := len(noticesOf(t, toldMerchant(), c.of)); n != 0 {
				t.Errorf("a merchant without addresses is told %d times", n)
			}
		})
	}
}

// What another API made is told by its own Teller, whatever happens to it.
func TestOtherDialectsAreNotTold(t *testing.T) {
	t.Parallel()
	p, o, s := sale(saleOrder), voidOf(sale(saleOrder)), gym(gymOrder+"}")
	p.Dialect, s.Dialect = "monri", "monri"
	for _, k := range pasarela.EventKinds {
		if all := noticesOf(t, toldMerchant(toAll), change(k, &p, &o, &s)); len(all) > 0 {
			t.Errorf("%s is told: %s", k, all[0].Body)
		}
	}
}

// A payment is not undone for a notification: an order that cannot be read is told of without what it says.
func TestAnOrderThatCannotBeReadIsNoReasonNotToTell(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"", "{", `{"amount":7}`, `{"webhooks":[{"urls":"x"}],"amount":{}}`, `[]`, `{"metadata":{"a":1,"a":2}}`} {
		p := sale(order)
		all := noticesOf(t, toldMerchant(toAll), change(pasarela.EventPaymentCaptured, &p, nil, nil))
		if len(all) != 1 || !strings.Contains(string(all[0].Body), `"amount":{"subtotalIva":0,"subtotalIva0":20,"ice":0,"iva":0,"currency":"PEN"}`) {
			t.Errorf("order %q is told as %+v", order, all)
		}
	}
}

// sound says what is wrong with a delivery that a script brought about: bytes that a receiver could not sign after reading
// them, or a card number.
func sound(t testing.TB) func(pasarela.Delivery) {
	return func(d pasarela.Delivery) {
		t.Helper()
		if again := stringify(t, d.Body); again != string(d.Body) {
			t.Errorf("a receiver that writes the body again signs\n%s\nnot\n%s", again, d.Body)
		}
		for _, number := range []string{knownNumber, approvedCard, refusedCard} {
			if strings.Contains(string(d.Body), number) {
				t.Errorf("the delivery of %s shows a card number: %s", d.Kind, d.Body)
			}
		}
	}
}

// A card number that a merchant writes into free text does not come back to it.
func TestNotificationsHideCardNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := send(w, http.MethodPost, "/card/v1/charges", `{"token":"`+token(t, w)+`","amount":`+amountBody+`,
		"webhooks":[{"events":[],"urls":["https://shop.example/hook"]}],"metadata":{"note":"card 5451 9515 7492 5480","number":5451951574925480,"5451951574925480":1},"contactDetails":{"firstName":"5451951574925480","email":"5451951574925480@example.com"}}`)
	if answer.Code != http.StatusCreated {
		t.Fatalf("answered %d %s", answer.Code, answer.Body)
	}
	told := w.Told(t)
	if len(told) != 1 {
		t.Fatalf("%d deliveries were written, want 1", len(told))
	}
	body := string(told[0].Body)
	if strings.Contains(body, knownNumber) || strings.Contains(body, "5451 9515") || !json.Valid(told[0].Body) {
		t.Errorf("body is %s", body)
	}
}
