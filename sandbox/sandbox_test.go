package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/sandbox"
)

const goodCard = "5451951574925480"

type nowAnswer struct {
	Now time.Time `json:"now"`
}

// What falls due has run when the clock's jump is answered.
func TestTheClockJumpsAndWhatIsDueHasRun(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		var now nowAnswer
		r.ok("GET", "clock", "", &now)
		if !now.Now.Equal(start) {
			t.Fatalf("clock says %s at its start", now.Now)
		}
		time.Sleep(90 * time.Second)
		r.ok("POST", "clock/advance", `{"seconds":1860}`, &now)
		if want := start.Add(90*time.Second + 1860*time.Second); !now.Now.Equal(want) || len(r.ran) != 1 || !r.ran[0].Equal(want) {
			t.Fatalf("clock says %s after the jump, want %s; due work ran at %v", now.Now, want, r.ran)
		}
		r.refused("POST", "clock/advance", `{"seconds":-1}`, 400, "does not go back")
		r.refused("POST", "clock/advance", `{"seconds":9999999999999}`, 400, "at most a century")
		r.refused("POST", "clock/advance", `{}`, 400, "seconds")
		r.refused("POST", "clock/advance", `{"seconds":1,"minutes":1}`, 400, `"minutes"`)
		r.refused("POST", "clock/advance", `{"seconds":1} {}`, 400, "one JSON object")
		if len(r.ran) != 1 {
			t.Fatal("a refused jump ran due work")
		}
	})
}

// A folder's clock goes on from where it stood, and after a kill it may be late by a moment but never early.
func TestTheClockOutlivesItsProcess(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *rig) {
		dir := t.TempDir()
		c, err := sandbox.OpenClock(dir, "sqlite", start)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		killed := c.Now()
		second, err := sandbox.OpenClock(dir, "sqlite", time.Time{}) // as after a kill: the first was not closed
		if err != nil {
			t.Fatal(err)
		}
		if ahead := second.Now().Sub(killed); ahead < 0 || ahead > 3*time.Second {
			t.Fatalf("after a kill the clock is %s ahead of where it stood", ahead)
		}
		for _, clock := range []*sandbox.Clock{c, second} {
			if err := clock.Close(); err != nil {
				t.Fatal(err)
			}
		}
		stood := second.Now()
		time.Sleep(time.Hour) // nothing runs meanwhile
		third, err := sandbox.OpenClock(dir, "sqlite", start)
		if err != nil {
			t.Fatal(err)
		}
		if !third.Now().Equal(stood) {
			t.Fatalf("clock stood at %s and goes on from %s", stood, third.Now())
		}
		if err := third.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFaultsAreQueuedAndUsedUp(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		var list struct{ Faults []simulator.Fault }
		r.ok("GET", "network/faults", "", &list)
		if list.Faults == nil || len(list.Faults) != 0 {
			t.Fatalf("faults are %v at the start, want an empty list", list.Faults)
		}
		r.ok("POST", "network/faults", `{"kind":"decline","on":"authorization","count":2,"response_code":"61"}`, &list)
		if p := r.sell(goodCard); p.ResponseCode != "61" {
			t.Fatalf("sale under the fault is %s (%s)", p.State, p.ResponseCode)
		}
		r.ok("GET", "network/faults", "", &list)
		if len(list.Faults) != 1 || list.Faults[0].Count != 1 {
			t.Fatalf("after one of two uses the queue is %v", list.Faults)
		}
		r.ok("DELETE", "network/faults", "", &list)
		if p := r.sell(goodCard); p.State != pasarela.StateCaptured || len(list.Faults) != 0 {
			t.Fatalf("after the faults were deleted a sale is %s", p.State)
		}
		r.refused("POST", "network/faults", `{"kind":"earthquake","on":"any"}`, 400, "kind must be")
		r.refused("POST", "network/faults", `{"kind":"decline","on":"any","code":"61"}`, 400, `"code"`)
	})
}

// The traffic is there to be read, and shows neither number nor CVV.
func TestTrafficIsShownMasked(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		p := r.sell(goodCard)
		status, text := r.call("GET", "network/messages", "")
		if status != http.StatusOK || strings.Contains(text, goodCard) || strings.Contains(text, `"48":`) /* where the CVV travels */ || strings.Contains(text, goodCard[6:]) {
			t.Fatalf("traffic shows card data: %s", text)
		}
		var all, later struct{ Messages []acquirer.MessageRecord }
		r.ok("GET", "network/messages", "", &all)
		var sale *acquirer.MessageRecord
		for i, m := range all.Messages {
			if m.MTI == "0200" {
				sale = &all.Messages[i]
			}
		}
		if sale == nil || sale.Direction != acquirer.Sent || sale.Fields["63"] != string(p.ID) || sale.Fields["37"] != p.Trace.RRN {
			t.Fatalf("sale is shown as %+v", sale)
		}
		r.ok("GET", "network/messages?after="+number(sale.Seq), "", &later)
		if len(later.Messages) != 1 || later.Messages[0].MTI != "0210" || later.Messages[0].Fields["39"] != "00" {
			t.Fatalf("after the sale comes %+v", later.Messages)
		}
		r.refused("GET", "network/messages?after=first", "", 400, "after")
	})
}

func number(n int64) string { return pasarela.Money{Minor: n, Currency: "CLP"}.Decimal() }

func TestTheIssuersBooksAreShownAndTamperedWith(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		p := r.sell(goodCard)
		var list struct{ Authorizations []simulator.Authorization }
		r.ok("GET", "issuer/authorizations", "", &list)
		a := list.Authorizations[0]
		if a.Reference != p.ID || a.State != simulator.StateCaptured || a.AmountMinor != 1000 || a.CapturedMinor != 1000 || a.RRN != p.Trace.RRN {
			t.Fatalf("issuer has %+v", a)
		}
		r.ok("POST", "issuer/tamper", `{"rrn":"`+a.RRN+`","amount_minor":1}`, nil)
		r.ok("GET", "issuer/authorizations?limit=1", "", &list)
		if list.Authorizations[0].AmountMinor != 1 {
			t.Fatalf("after the tampering the issuer has %+v", list.Authorizations[0])
		}
		r.ok("POST", "issuer/tamper", `{"rrn":"`+a.RRN+`","forget":true}`, nil)
		r.ok("GET", "issuer/authorizations", "", &list)
		if len(list.Authorizations) != 0 {
			t.Fatalf("issuer still has %+v", list.Authorizations)
		}
		r.refused("POST", "issuer/tamper", `{"rrn":"`+a.RRN+`","forget":true}`, 404, "no authorization")
		r.refused("POST", "issuer/tamper", `{"rrn":"`+a.RRN+`"}`, 400, "either")
	})
}

// A card of one's own behaves as told, at the token and at the charge; other numbers are not taken.
func TestFurtherCards(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		var added struct {
			MaskedPAN string `json:"masked_pan"`
		}
		r.ok("POST", "cards", `{"number":"4000000000001000","behaviour":{"balance_minor":1500}}`, &added)
		if strings.Contains(added.MaskedPAN, "4000000000001000") || !strings.HasSuffix(added.MaskedPAN, "1000") {
			t.Fatalf("answered as %q", added.MaskedPAN)
		}
		if p := r.sell("4000000000001000"); p.State != pasarela.StateCaptured {
			t.Fatalf("first sale is %s (%s)", p.State, p.ResponseCode)
		}
		if p := r.sell("4000000000001000"); p.ResponseCode != "51" {
			t.Fatalf("second sale is %s (%s), want it short of funds", p.State, p.ResponseCode)
		}
		status, text := r.call("POST", "cards", `{"number":"40000000000010001","behaviour":{"mood":"bad"}}`)
		if status != 400 || !strings.Contains(text, "mood") || strings.Contains(text, "40000000000010001") {
			t.Fatalf("unknown behaviour answers %d %s", status, text)
		}
	})
}

func TestFurtherMerchants(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		var m sandbox.MerchantJSON
		r.ok("POST", "merchants", `{"name":"Tienda","country":"PE","currency":"USD","private_merchant_id":"mine","monri":{"merchant_key":"k"}}`, &m)
		if m.PrivateMerchantID != "mine" || m.Monri.MerchantKey != "k" || m.ThreeDS != "on" || m.Currency != "USD" {
			t.Fatalf("merchant is %+v", m)
		}
		for name, value := range map[string]string{"merchant_id": m.MerchantID, "public_merchant_id": string(m.PublicMerchantID),
			"webhook_signature": m.WebhookSignature, "authenticity_token": string(m.Monri.AuthenticityToken)} {
			if value == "" {
				t.Errorf("%s was not made up", name)
			}
		}
		r.refused("POST", "merchants", `{"name":"Otra","country":"PE","private_merchant_id":"mine"}`, 409, "")
		r.refused("POST", "merchants", `{"name":"Otra","country":"XX"}`, 400, "country")
		r.refused("POST", "merchants", `{"name":"Otra","country":"PE","colour":"red"}`, 400, `"colour"`)
		r.refused("POST", "merchants", `{"name":"Otra","country":"PE","public_merchant_id":" a"}`, 400, "printable")
		for _, body := range []string{`"public_merchant_id":""`, `"private_merchant_id":""`, `"monri":{"authenticity_token":""}`, `"monri":{"merchant_key":""}`} {
			name := strings.Split(strings.TrimPrefix(body, `"monri":{`), `"`)[1]
			r.refused("POST", "merchants", `{"name":"Otra","country":"PE",`+body+`}`, 400, name+": send 1 to 64 printable characters")
		}
		r.refused("POST", "merchants", `{"name":"Otra","country":"PE","public_merchant_id":7}`, 400, "public_merchant_id is of the wrong type")
		r.ok("POST", "merchants", `{"name":"Otra","country":"PE","public_merchant_id":null}`, nil)
		r.refused("POST", "merchants", `{"name":"Otra","country":"PE","currencies":["PEN"],"currency":"EUR"}`, 400, "currency")
	})
}

// A merchant's model is the country's unless it was chosen; Ecuador has only the aggregator's.
func TestModelOfAMerchant(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		for body, want := range map[string]string{
			`"country":"PE"`: "acquirer", `"country":"EC"`: "aggregator", `"country":"EC","model":"aggregator"`: "aggregator",
			`"country":"PE","model":"aggregator"`: "aggregator", `"country":"CL","model":"acquirer"`: "acquirer",
		} {
			var m sandbox.MerchantJSON
			r.ok("POST", "merchants", `{"name":"Tienda",`+body+`}`, &m)
			kept, err := r.gateway.Merchant(t.Context(), pasarela.MerchantID(m.MerchantID))
			if err != nil || string(m.Model) != want || kept.Model != m.Model {
				t.Errorf("%s is answered %q and kept as %q (%v), want %q", body, m.Model, kept.Model, err, want)
			}
		}
		r.refused("POST", "merchants", `{"name":"Otra","country":"EC","model":"acquirer"}`, 400, "model")
		r.refused("POST", "merchants", `{"name":"Otra","country":"PE","model":"gateway"}`, 400, "model")
	})
}

func TestInboxesCatchExactly(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := "{\"a\" : 1.0E7}\n"
		r.ok("POST", "inbox/shop-1", body, nil)
		var caught struct{ Requests []sandbox.Caught }
		r.ok("GET", "inbox/shop-1", "", &caught)
		if len(caught.Requests) != 1 || caught.Requests[0].Body != body || caught.Requests[0].Method != "POST" || !caught.Requests[0].At.Equal(start) {
			t.Fatalf("inbox caught %+v", caught.Requests)
		}
		r.ok("POST", "inbox/shop-1/behaviour", `{"status":503,"count":2,"delay_ms":1500}`, nil)
		for _, want := range []int{503, 503, 200} {
			if status, _ := r.call("POST", "inbox/shop-1", "x"); status != want {
				t.Fatalf("inbox answers %d, want %d", status, want)
			}
		}
		if took := r.clock.Now().Sub(start); took != 3*time.Second {
			t.Fatalf("two delayed answers took %s", took)
		}
		r.ok("DELETE", "inbox/shop-1", "", nil)
		r.ok("GET", "inbox/shop-1", "", &caught)
		if len(caught.Requests) != 0 {
			t.Fatalf("emptied inbox has %d requests", len(caught.Requests))
		}
		r.refused("POST", "inbox/shop-1/behaviour", `{"status":99}`, 400, "status")
		r.refused("GET", "inbox/a.b", "", 400, "inbox name")
	})
}

// Bytes that are no UTF-8 come back as they were received: JSON text would lose them.
func TestInboxesKeepBytesThatAreNoText(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		for _, body := range []string{"n\xf3mina=\xff\x00", "nómina \u2028 \ufffd \x00", ""} {
			r.ok("POST", "inbox/raw", body, nil)
			var caught struct{ Requests []map[string]any }
			r.ok("GET", "inbox/raw", "", &caught)
			got, text := caught.Requests[len(caught.Requests)-1], ""
			if encoded, ok := got["body_base64"]; ok {
				raw, err := base64.StdEncoding.DecodeString(encoded.(string))
				r.must(err)
				text = string(raw)
			}
			if utf8.ValidString(body) {
				text = got["body"].(string)
			}
			if text != body || (got["body"] != "") != (utf8.ValidString(body) && body != "") {
				t.Errorf("%q was kept as %v", body, got)
			}
		}
	})
}

// How an inbox was told to answer, and how often still, outlives the process; what was emptied does not come back.
func TestInboxBehaviourOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *sandbox.Inboxes {
		b, err := sandbox.OpenInboxes(dir)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	answers := func(b *sandbox.Inboxes, name string, want int) {
		t.Helper()
		got, _, err := b.Catch(name, httptest.NewRequest("POST", "/", nil), start)
		if err != nil || got != want {
			t.Fatalf("inbox %s answers %d (%v), want %d", name, got, err, want)
		}
	}
	twice := 2
	first := open()
	for name, how := range map[string]sandbox.Behaviour{"shop": {Status: 503, Count: &twice}, "down": {Status: 500}, "gone": {Status: 404}} {
		if err := first.Behave(name, how); err != nil {
			t.Fatal(err)
		}
	}
	answers(first, "shop", 503)
	if err := first.Clear("gone"); err != nil {
		t.Fatal(err)
	}
	second := open()
	answers(second, "shop", 503)
	answers(second, "gone", 200)
	third := open()
	answers(third, "shop", 200)
	answers(third, "down", 500)
	if err := third.Reset(); err != nil {
		t.Fatal(err)
	}
	answers(open(), "down", 200)
}

func TestResetGoesBackToTheBeginning(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.sell(goodCard)
		r.ok("POST", "cards", `{"number":"4000000000001000"}`, nil)
		r.ok("POST", "inbox/shop", "x", nil)
		r.ok("POST", "network/faults", `{"kind":"no_response","on":"any"}`, nil)
		r.ok("POST", "reset", "", nil)
		for path, empty := range map[string]string{"issuer/authorizations": `{"authorizations":[]}`, "inbox/shop": `{"requests":[]}`,
			"network/faults": `{"faults":[]}`, "network/messages": `{"messages":[]}`} {
			if _, text := r.call("GET", path, ""); strings.TrimSpace(text) != empty {
				t.Errorf("after a reset %s answers %s", path, text)
			}
		}
		ids, err := r.store.MerchantIDs(t.Context(), "", 10)
		if err != nil || len(ids) != 0 {
			t.Errorf("after a reset there are merchants %v (%v)", ids, err)
		}
		if n := len(r.bank.Authorizations(0, 0)); n != 0 {
			t.Errorf("after a reset the issuer has %d authorizations", n)
		}
	})
}

func TestUnknownControlsSayWhereToLook(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.refused("GET", "nothing", "", 404, "/docs")
	})
}

// Where the acquirer is a process of its own, its controls are there, not here.
func TestWithoutABuiltInSimulator(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.mux = http.NewServeMux()
		sandbox.New(sandbox.Config{Gateway: r.gateway, Clock: r.clock, Cards: r.cards}).Mount(r.mux)
		r.refused("GET", "network/faults", "", 400, "pasarela simulator")
		r.refused("GET", "issuer/authorizations", "", 400, "pasarela simulator")
		r.refused("POST", "reset", `{"all":true}`, 400, "send nothing")
	})
}

// Two processes are reset one after the other, and each says what it left to the other.
func TestResetSaysWhatIsElsewhere(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		var here, there struct {
			Now      time.Time
			NotReset string `json:"not_reset"`
		}
		r.ok("POST", "reset", "", &here)
		if here.Now.IsZero() || here.NotReset != "" {
			t.Errorf("with everything in one process a reset answers %+v", here)
		}
		inboxes, err := sandbox.OpenInboxes(t.TempDir())
		r.must(err)
		gatewayAlone := http.NewServeMux()
		sandbox.New(sandbox.Config{Gateway: r.gateway, Clock: r.clock, Cards: r.cards, Inboxes: inboxes, Reset: r.reset}).Mount(gatewayAlone)
		simulatorAlone := http.NewServeMux()
		sandbox.New(sandbox.Config{Simulator: r.bank, Cards: r.cards}).MountNetwork(simulatorAlone)

		r.sell(goodCard)
		r.mux = gatewayAlone
		r.ok("POST", "reset", "", &here)
		if here.Now.IsZero() || !strings.Contains(here.NotReset, "--control") {
			t.Errorf("the gateway's reset answers %+v", here)
		}
		if n := len(r.bank.Authorizations(0, 0)); n != 1 {
			t.Errorf("the issuer has %d authorizations although its process was not asked", n)
		}
		r.mux = simulatorAlone
		r.ok("POST", "network/faults", `{"kind":"no_response","on":"any"}`, nil)
		r.ok("POST", "reset", "", &there)
		if !there.Now.IsZero() || !strings.Contains(there.NotReset, "gateway") {
			t.Errorf("the simulator's reset answers %+v", there)
		}
		if n, f := len(r.bank.Authorizations(0, 0)), r.bank.Faults(); n != 0 || len(f) != 0 {
			t.Errorf("after its reset the issuer has %d authorizations and faults %v", n, f)
		}
	})
}
