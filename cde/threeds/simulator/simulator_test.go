package simulator

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/threeds"
)

// Rule: the page can be read, filled in and understood by everybody, and says that it is none of a bank.
func TestChallengePage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	creq := b.creq(nil)
	answer, text := b.show(url.Values{"creq": {creq}, "threeDSSessionData": {`"><script>`}}, "es-CL")
	for _, want := range []string{`<html lang="es">`, `<label for="code">Código</label>`, `autocomplete="one-time-code"`, `inputmode="numeric"`,
		`name="code"`, `name="cancel"`, `formnovalidate`, `aria-describedby="code-hint"`, "Simulador", "1234", "1016,98", "USD", "•••• 0002", "Tienda &lt;Ñandú&gt;",
		`method="post"`, `<link rel="stylesheet" href="/assets/style.`, `value="&#34;&gt;&lt;script&gt;"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s:\n%s", want, text)
		}
	}
	if regexp.MustCompile(`(?i)<script>|style="|onclick`).MatchString(text) || strings.Contains(text, challenged) {
		t.Errorf("the page holds what it must not:\n%s", text)
	}
	checkPolicy(t, answer, "frame-ancestors 'none'")
	_, text = b.show(url.Values{"creq": {creq}}, "de, en;q=0.5")
	if !strings.Contains(text, `<html lang="en">`) || !strings.Contains(text, "Simulator") || !strings.Contains(text, "1,016.98") {
		t.Errorf("in English:\n%s", text)
	}
	if _, text = b.show(url.Values{"creq": {creq}}, ""); !strings.Contains(text, `<html lang="es">`) {
		t.Errorf("not in the language of the AReq:\n%s", text)
	}
}

func checkPolicy(t *testing.T, answer *http.Response, more string) {
	t.Helper()
	policy := answer.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'self'", "script-src 'self'", "base-uri 'none'", more} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Referrer-Policy") != "no-referrer" || strings.Contains(policy, "unsafe") {
		t.Errorf("headers %v", answer.Header)
	}
}

// Rule: only the shop that asked for a frame may frame the page.
func TestWhoMayFrame(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	creq := b.creq(map[string]any{"threeDSRequestorURL": "https://shop.example/cart; script-src *"})
	answer, _ := b.show(url.Values{"creq": {creq}}, "es")
	checkPolicy(t, answer, "frame-ancestors https://shop.example")
	if strings.Contains(answer.Header.Get("Content-Security-Policy"), "script-src *") || answer.Header.Get("X-Frame-Options") != "" {
		t.Errorf("headers %v", answer.Header)
	}
}

// Rule: the browser goes back to the address of the AReq, whatever it says itself.
func TestNoOpenRedirect(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	evil := url.Values{"creq": {b.creq(nil)}, "code": {"1234"}, "notificationURL": {"https://evil.example"}, "link": {"1"}, "threeDSSessionData": {"s"}}
	answer, _ := b.show(evil, "es")
	back, err := answer.Location()
	if err != nil || answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(back.String(), b.shop+"/return?") ||
		back.Query().Get("a") != "1" || back.Query().Get("threeDSSessionData") != "s" {
		t.Fatalf("goes to %v %v", back, err)
	}
	if cres, err := threeds.DecodeCRes(back.Query().Get("cres")); err != nil || cres.TransStatus != "Y" {
		t.Errorf("brings %+v %v", cres, err)
	}
	evil.Del("link")
	answer, text := b.show(evil, "es")
	if answer.StatusCode != http.StatusOK || !strings.Contains(text, `action="`+b.shop+`/return?a=1"`) || !strings.Contains(text, "data-submit") ||
		!strings.Contains(text, "<button") {
		t.Errorf("goes back by %s", text)
	}
	if len(b.told()) != 1 {
		t.Errorf("told %d times", len(b.told()))
	}
}

// Rule: a browser that brings nothing that is known is told so, and learns nothing.
func TestUnknownChallenges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	good := b.creq(nil)
	m, err := threeds.DecodeCReq(good)
	if err != nil {
		t.Fatal(err)
	}
	m.ThreeDSServerTransID = "55555555-5555-4555-8555-555555555555"
	other, err := threeds.EncodeBrowser(m)
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]url.Values{"nothing": {}, "garbage": {"creq": {"!"}}, "another's": {"creq": {other}}, "no base64 of JSON": {"creq": {base64.RawURLEncoding.EncodeToString([]byte("x"))}},
		"a long session": {"creq": {good}, "threeDSSessionData": {strings.Repeat("x", 1025)}}, "too much": {"creq": {strings.Repeat("x", 40<<10)}}} {
		if answer, text := b.show(form, "en"); answer.StatusCode != http.StatusNotFound || !strings.Contains(text, "no longer valid") {
			t.Errorf("%s: %d %s", name, answer.StatusCode, text)
		}
	}
}

// Rule: results say what happened, in the protocol's words.
func TestResults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		codes  []string
		cancel bool
		want   map[string]any
	}{
		"right":     {codes: []string{"0000", "1234"}, want: map[string]any{"transStatus": "Y", "eci": "05", "interactionCounter": "02", "challengeCancel": nil}},
		"wrong":     {codes: []string{"0", "1", "2"}, want: map[string]any{"transStatus": "N", "transStatusReason": "01", "interactionCounter": "03", "eci": nil}},
		"cancelled": {cancel: true, want: map[string]any{"transStatus": "N", "challengeCancel": "01", "authenticationValue": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			form := url.Values{"creq": {b.creq(nil)}}
			for _, code := range c.codes {
				form.Set("code", code)
				b.show(form, "es")
			}
			if c.cancel {
				form.Set("cancel", "1")
				b.show(form, "es")
			}
			told := b.told()
			if len(told) != 1 {
				t.Fatalf("told %v", told)
			}
			c.want["messageType"], c.want["messageCategory"], c.want["threeDSServerTransID"] = "RReq", "01", serverID
			for member, want := range c.want {
				if told[0][member] != want {
					t.Errorf("%s is %v, want %v", member, told[0][member], want)
				}
			}
		})
	}
}

// Rule: what a 3DS Server refuses for good is not told again, and the cardholder goes back; the address with the
// proof is never logged.
func TestRefusedResult(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.answer = `{"messageType":"Erro","errorCode":"305","errorDetail":"transStatus"}`
	if answer, _ := b.show(url.Values{"creq": {b.creq(nil)}, "code": {"1234"}, "link": {"1"}}, "es"); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("answered %d", answer.StatusCode)
	}
	b.status = http.StatusForbidden
	b.answer = `{"messageType":"Erro","errorCode":"303"}`
	if answer, _ := b.show(url.Values{"creq": {b.creq(nil)}, "code": {"1234"}, "link": {"1"}}, "es"); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("answered %d", answer.StatusCode)
	}
	b.status = http.StatusOK
	for _, strange := range []string{"<html>", `{"messageType":"Erro","errorCode":"403"}`} {
		b.answer = strange
		before := len(b.told())
		if answer, _ := b.show(url.Values{"creq": {b.creq(nil)}, "code": {"1234"}}, "es"); answer.StatusCode != http.StatusBadGateway || len(b.told()) != before+2 {
			t.Errorf("%s: answered %d after %d", strange, answer.StatusCode, len(b.told())-before)
		}
	}
	gone := b.creq(map[string]any{"threeDSServerURL": "http://127.0.0.1:1/secret-proof", "threeDSRequestorURL": "http://127.0.0.1:1"})
	if answer, _ := b.show(url.Values{"creq": {gone}, "code": {"1234"}}, "es"); answer.StatusCode != http.StatusBadGateway {
		t.Errorf("gone: answered %d", answer.StatusCode)
	}
	if strings.Contains(b.log.String(), "secret-proof") || !strings.Contains(b.log.String(), "305") {
		t.Errorf("logged %s", b.log)
	}
}

// Rule: a directory server says what is wrong with a message, and never what was in it.
func TestDirectoryRefuses(t *testing.T) {
	t.Parallel()
	type set = map[string]any
	b := newBench(t)
	for name, c := range map[string]struct{ body, code, detail string }{
		"garbage":         {"<xml>", "101", "messageType"},
		"empty":           {"", "101", "message"},
		"too large":       {strings.Repeat(" ", maxBody+1), "101", "message"},
		"another message": {`{"messageType":"CReq"}`, "101", "messageType"},
		"a result":        {`{"messageType":"RReq","threeDSServerTransID":"` + serverID + `"}`, "101", "messageType"},
		"number is none":  {b.areq(set{"acctNumber": "40000000"}), "101", "message"},
		"number missing":  {b.areq(set{"acctNumber": nil}), "201", "acctNumber"},
		"two missing":     {b.areq(set{"mcc": nil, "browserUserAgent": nil}), "201", "browserUserAgent, mcc"},
		"version":         {b.areq(set{"messageVersion": "1.0.2"}), "102", "messageVersion"},
		"no UUID":         {b.areq(set{"threeDSServerTransID": challenged}), "203", "threeDSServerTransID, deviceChannel"},
		"an app":          {b.areq(set{"deviceChannel": "01"}), "203", "threeDSServerTransID, deviceChannel"},
		"a script":        {b.areq(set{"notificationURL": "javascript:alert(1)"}), "203", "threeDSServerURL, notificationURL, threeDSRequestorURL"},
		"PReq, no UUID":   {`{"messageType":"PReq"}`, "203", "threeDSServerTransID"},
		"PReq, forgotten": {`{"messageType":"PReq","threeDSServerTransID":"` + serverID + `","serialNum":"x"}`, "307", "serialNum"},
	} {
		m := b.post(c.body)
		if m["messageType"] != "Erro" || m["errorCode"] != c.code || m["errorDetail"] != c.detail || m["errorComponent"] != "D" {
			t.Errorf("%s: %v", name, m)
		}
	}
	if strings.Contains(b.log.String(), challenged) {
		t.Errorf("logged %s", b.log)
	}
}

// Rule: who knows an earlier answer is told what has changed, as long as it is remembered.
func TestRangesSince(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ask := func(serial string) map[string]any {
		return b.post(`{"messageType":"PReq","messageVersion":"2.2.0","threeDSServerTransID":"` + serverID + `","serialNum":"` + serial + `"}`)
	}
	first := ask("")
	serial, _ := first["serialNum"].(string)
	if again := ask(serial); again["cardRangeData"] != nil || again["serialNum"] != serial || serial == "" || len(serial) > 20 {
		t.Errorf("nothing has changed: %v", again)
	}
	c, err := cards.DecodeTestCard([]byte(`{"number":"400012345670","behaviour":{"three_ds":"attempted"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cards.Add(c); err != nil {
		t.Fatal(err)
	}
	after := ask(serial)
	if list, _ := after["cardRangeData"].([]any); len(list) != 1 || list[0].(map[string]any)["startRange"] != "400012345670" ||
		list[0].(map[string]any)["endRange"] != "400012345670" || list[0].(map[string]any)["actionInd"] != "A" {
		t.Errorf("one card more: %v", after)
	}
}

// Rule: only a form that was sent is an answer: links are followed by machines too.
func TestLinksAnswerNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := url.Values{"creq": {b.creq(nil)}, "code": {"1234"}, "cancel": {"1"}}.Encode()
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		r, err := http.NewRequestWithContext(t.Context(), method, b.url+challengePath+"?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, _ := b.fetch(r); answer.StatusCode != http.StatusOK || len(b.told()) != 0 {
			t.Errorf("%s is answered %d, %d results", method, answer.StatusCode, len(b.told()))
		}
	}
}

// Rule: challenges under way are bounded: the oldest makes room.
func TestOldestChallengeMakesRoom(t *testing.T) {
	t.Parallel()
	var all challenges
	for i := range maxChallenges + 1 {
		all.add(&challenge{acsID: time.Duration(i).String(), serverID: serverID})
	}
	find := func(i int) *challenge {
		return all.find(threeds.CReq{ACSTransID: time.Duration(i).String(), ThreeDSServerTransID: serverID})
	}
	if find(0) != nil || find(1) == nil || find(maxChallenges) == nil || len(all.byACS) != maxChallenges {
		t.Errorf("%d challenges are kept", len(all.byACS))
	}
}

// Rule: many answers at once to one challenge are one result.
func TestOneResultOfManyAnswers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	creq := b.creq(nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			answer, err := http.PostForm(b.url+challengePath, url.Values{"creq": {creq}, "code": {"1234"}})
			if err != nil {
				t.Error(err)
				return
			}
			_ = answer.Body.Close()
		})
	}
	all.Wait()
	if got := len(b.told()); got != 1 {
		t.Errorf("told %d times", got)
	}
}

// Rule: each brand's indicators are its own.
func TestIndicators(t *testing.T) {
	t.Parallel()
	for b, want := range map[pasarela.Brand][2]string{pasarela.BrandVisa: {"05", "06"}, pasarela.BrandMastercard: {"02", "01"},
		pasarela.BrandMaestro: {"02", "01"}, pasarela.BrandAmex: {"05", "06"}, pasarela.BrandUnknown: {"05", "06"}} {
		if got := [2]string{indicator(b, threeds.StatusAuthenticated), indicator(b, threeds.StatusAttempted)}; got != want {
			t.Errorf("%s has %v, want %v", b, got, want)
		}
	}
}

// Rule: whatever reaches the directory server or the issuer's page is answered.
func FuzzAReq(f *testing.F) {
	sim := New(Config{Cards: cards.Reference(), Clock: still{}, BaseURL: func() string { return "https://acs.example" }})
	b := &bench{shop: "https://pay.example"}
	f.Add([]byte(b.areq(nil)))
	f.Add([]byte(b.areq(map[string]any{"acctNumber": "4456541249811088", "purchaseAmount": "-1", "purchaseCurrency": "999"})))
	f.Add([]byte(`{"messageType":"PReq","threeDSServerTransID":"` + serverID + `"}`))
	f.Add([]byte(`{"messageType":"AReq","acctNumber":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := httptest.NewRecorder()
		sim.directory(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, DirectoryPath, bytes.NewReader(body)))
		kind := threeds.TypeOf(w.Body.Bytes())
		if w.Code != http.StatusOK || (kind != threeds.TypeARes && kind != threeds.TypePRes && kind != threeds.TypeErro) {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	})
}
