package threeds_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/threeds"
)

// strange is a directory server of which a test decides the answers. It keeps what it was sent.
type strange struct {
	url string

	mu   sync.Mutex
	sent []map[string]any
}

// newStrange answers with the status and what the answer makes of the message. Answers of nil never come.
func newStrange(t *testing.T, status int, answer func(asked map[string]any) []byte) *strange {
	t.Helper()
	s := &strange{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]any
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Errorf("the directory server was sent no JSON: %v", err)
		}
		s.mu.Lock()
		s.sent = append(s.sent, asked)
		s.mu.Unlock()
		out := answer(asked)
		if out == nil {
			_, _ = io.Copy(io.Discard, r.Body) // so that the server notices when the client goes away
			<-r.Context().Done()
			return
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write(out)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *strange) last(t *testing.T) map[string]any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sent) == 0 {
		t.Fatal("the directory server was sent nothing")
	}
	return s.sent[len(s.sent)-1]
}

const (
	acsID = "11111111-1111-4111-8111-111111111111"
	dsID  = "22222222-2222-4222-8222-222222222222"
	cavv  = "AAECAwQFBgcICQoLDA0ODxAREhM=" // 20 bytes
)

// ares is a good frictionless answer with some members changed; one that is nil is left out.
func ares(asked map[string]any, changes map[string]any) []byte {
	m := map[string]any{"messageType": "ARes", "messageVersion": "2.2.0", "threeDSServerTransID": asked["threeDSServerTransID"],
		"acsTransID": acsID, "dsTransID": dsID, "transStatus": "Y", "eci": "05", "authenticationValue": cavv, "somethingNew": []int{1}}
	maps.Copy(m, changes)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	out, err := json.Marshal(m)
	if err != nil {
		panic(err) // a test's own words
	}
	return out
}

func changed(changes map[string]any) func(map[string]any) []byte {
	return func(asked map[string]any) []byte { return ares(asked, changes) }
}

func text(s string) func(map[string]any) []byte {
	return func(map[string]any) []byte { return []byte(s) }
}

// Rule: whatever the directory server answers, Authenticate has an answer, and what proves nothing is no proof.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	critical := []map[string]any{{"name": "x", "id": "x", "criticalityIndicator": true, "data": map[string]any{}}}
	type set = map[string]any
	for name, c := range map[string]struct {
		status int // 0 is 200
		answer func(map[string]any) []byte
		reason pasarela.AuthenticationReason // "" is authenticated
	}{
		"good":                           {answer: changed(nil)},
		"of the older version":           {answer: changed(set{"messageVersion": "2.1.0"})},
		"version unknown":                {answer: changed(set{"messageVersion": "1.0.2"}), reason: pasarela.ReasonInvalid},
		"no version":                     {answer: changed(set{"messageVersion": nil}), reason: pasarela.ReasonInvalid},
		"other type":                     {answer: changed(set{"messageType": "PRes"}), reason: pasarela.ReasonInvalid},
		"critical extension":             {answer: changed(set{"messageExtension": critical}), reason: pasarela.ReasonInvalid},
		"another's id":                   {answer: changed(set{"threeDSServerTransID": dsID}), reason: pasarela.ReasonInvalid},
		"no id":                          {answer: changed(set{"threeDSServerTransID": nil}), reason: pasarela.ReasonInvalid},
		"acs id is no UUID":              {answer: changed(set{"acsTransID": "x"}), reason: pasarela.ReasonInvalid},
		"no ds id":                       {answer: changed(set{"dsTransID": nil}), reason: pasarela.ReasonInvalid},
		"no status":                      {answer: changed(set{"transStatus": nil}), reason: pasarela.ReasonIncomplete},
		"unknown status":                 {answer: changed(set{"transStatus": "Z"}), reason: pasarela.ReasonInvalid},
		"number as status":               {answer: changed(set{"transStatus": 1}), reason: pasarela.ReasonInvalid},
		"no eci":                         {answer: changed(set{"eci": nil}), reason: pasarela.ReasonIncomplete},
		"no value":                       {answer: changed(set{"authenticationValue": nil}), reason: pasarela.ReasonIncomplete},
		"value too short":                {answer: changed(set{"authenticationValue": "AAECAw=="}), reason: pasarela.ReasonInvalid},
		"value is no base64":             {answer: changed(set{"authenticationValue": strings.Repeat("!", 28)}), reason: pasarela.ReasonInvalid},
		"eci proves nothing":             {answer: changed(set{"eci": "07"}), reason: pasarela.ReasonInvalid},
		"eci of an attempt":              {answer: changed(set{"eci": "06"}), reason: pasarela.ReasonInvalid},
		"eci of another brand":           {answer: changed(set{"eci": "02"}), reason: pasarela.ReasonInvalid},
		"attempt with the eci of proof":  {answer: changed(set{"transStatus": "A"}), reason: pasarela.ReasonInvalid},
		"challenge without a page":       {answer: changed(set{"transStatus": "C"}), reason: pasarela.ReasonIncomplete},
		"challenge of a script":          {answer: changed(set{"transStatus": "C", "acsURL": "javascript:alert(1)"}), reason: pasarela.ReasonInvalid},
		"challenge with a user":          {answer: changed(set{"transStatus": "C", "acsURL": "https://u:p@bank.example"}), reason: pasarela.ReasonInvalid},
		"N":                              {answer: changed(set{"transStatus": "N"}), reason: pasarela.ReasonRejected},
		"R":                              {answer: changed(set{"transStatus": "R", "transStatusReason": "11"}), reason: pasarela.ReasonRejected},
		"U":                              {answer: changed(set{"transStatus": "U"}), reason: pasarela.ReasonUnavailable},
		"N, not enrolled":                {answer: changed(set{"transStatus": "N", "transStatusReason": "13"}), reason: pasarela.ReasonNotEnrolled},
		"Erro":                           {answer: text(`{"messageType":"Erro","messageVersion":"2.2.0","errorCode":"203"}`), reason: pasarela.ReasonUnavailable},
		"Erro of a time-out":             {answer: text(`{"messageType":"Erro","messageVersion":"2.2.0","errorCode":"402"}`), reason: pasarela.ReasonTimeout},
		"Erro that is none":              {answer: text(`{"messageType":"Erro","errorCode":203}`), reason: pasarela.ReasonInvalid},
		"garbage":                        {answer: text("<html>"), reason: pasarela.ReasonInvalid},
		"empty":                          {answer: text(""), reason: pasarela.ReasonInvalid},
		"a member twice":                 {answer: text(`{"messageType":"ARes","messageType":"ARes"}`), reason: pasarela.ReasonInvalid},
		"other case":                     {answer: text(`{"MESSAGETYPE":"ARes"}`), reason: pasarela.ReasonInvalid},
		"too large":                      {answer: text(strings.Repeat(" ", 65<<10)), reason: pasarela.ReasonInvalid},
		"a server's error":               {status: 500, answer: changed(nil), reason: pasarela.ReasonUnavailable},
		"a redirect, which none follows": {status: 307, answer: changed(nil), reason: pasarela.ReasonUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.status == 0 {
				c.status = http.StatusOK
			}
			ds := newStrange(t, c.status, c.answer)
			b := newBench(t, func(cfg *threeds.Config) { cfg.DirectoryServerURL = ds.url })
			a := b.server.Authenticate(t.Context(), request(t, challenged))
			want := pasarela.AuthenticationFailed
			if c.reason == "" {
				want = pasarela.AuthenticationAuthenticated
			}
			if a.State != want || a.Reason != c.reason || (c.reason != "" && a != pasarela.AuthenticationAnswer{State: want, Reason: c.reason}) {
				t.Errorf("got %+v", a)
			}
			if len(ds.sent) != 1 {
				t.Errorf("%d messages were sent", len(ds.sent))
			}
		})
	}
}

// Rule: a directory server that does not answer in time, or not at all, ends in an answer of ours.
func TestSilentDirectoryServer(t *testing.T) {
	t.Parallel()
	ds := newStrange(t, http.StatusOK, func(map[string]any) []byte { return nil })
	slow := newBench(t, func(c *threeds.Config) { c.DirectoryServerURL, c.Timeout = ds.url, 20*time.Millisecond })
	if a := slow.server.Authenticate(t.Context(), request(t, challenged)); a.Reason != pasarela.ReasonTimeout {
		t.Errorf("silent: %+v", a)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	down := newBench(t, func(c *threeds.Config) { c.DirectoryServerURL = gone.URL })
	if a := down.server.Authenticate(t.Context(), request(t, challenged)); a.Reason != pasarela.ReasonUnavailable {
		t.Errorf("gone: %+v", a)
	}
	if err := down.server.Refresh(t.Context()); pasarela.CodeOf(err) != pasarela.CodeInternal {
		t.Errorf("gone: %v", err)
	}
}

// Rule: a card number goes to the directory server and nowhere else, also where that one repeats it.
func TestCardNumberIsNeverLogged(t *testing.T) {
	t.Parallel()
	echo := `{"messageType":"Erro","errorCode":"` + challenged + `","errorDetail":"` + challenged + `","errorDescription":"` + challenged + `"}`
	range1 := `{"messageType":"PRes","messageVersion":"2.2.0","cardRangeData":[{"startRange":"` + challenged + `","endRange":"` + challenged + `"}]}`
	for _, answer := range []string{echo, challenged, `"` + challenged + `"`, range1, `{"` + challenged + `":1,"` + challenged + `":2}`} {
		ds := newStrange(t, http.StatusOK, text(answer))
		b := newBench(t, func(c *threeds.Config) { c.DirectoryServerURL = ds.url })
		b.server.Authenticate(t.Context(), request(t, challenged))
		err := b.server.Refresh(t.Context())
		if err == nil || strings.Contains(err.Error(), challenged) || strings.Contains(b.log.String(), challenged) || b.log.String() == "" {
			t.Errorf("%v\n%s", err, b.log.String())
		}
	}
	b := newBench(t, nil)
	a := b.begin(request(t, challenged))
	p := b.press(b.open(a), "code", "1234")
	if err := b.server.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.log.String(), challenged) || strings.Contains(p.text, challenged) {
		t.Errorf("a walk logs or shows the number:\n%s", b.log.String())
	}
}

// Rule: an AReq says what the payment is, in the protocol's formats.
func TestAReqSaysWhatIsAsked(t *testing.T) {
	t.Parallel()
	common := map[string]any{"messageType": "AReq", "messageVersion": "2.2.0", "deviceChannel": "02", "threeDSCompInd": "U", "acctNumber": challenged,
		"cardExpiryDate": "3004", "cardholderName": "Ana Paz", "browserJavascriptEnabled": false, "mcc": "5999", "merchantCountryCode": "218",
		"merchantName": "Tienda Ñandú", "acquirerBIN": "400000", "acquirerMerchantID": string(shop.ID), "browserIP": "192.0.2.1"}
	for name, c := range map[string]struct {
		change func(*threeds.Request)
		want   map[string]any
	}{
		"a payment": {func(*threeds.Request) {}, map[string]any{"messageCategory": "01", "threeDSRequestorAuthenticationInd": "01",
			"threeDSRequestorChallengeInd": "01", "purchaseAmount": "1698", "purchaseCurrency": "840", "purchaseExponent": "2",
			"purchaseDate": "20260301120000", "browserLanguage": "es-EC", "recurringExpiry": nil, "purchaseInstalData": nil}},
		"in installments": {func(r *threeds.Request) { r.Installments = 3 }, map[string]any{"threeDSRequestorAuthenticationInd": "03",
			"purchaseInstalData": "3", "recurringExpiry": "20300430", "recurringFrequency": "28"}},
		"the first of a series": {func(r *threeds.Request) { r.Recurrence = pasarela.RecurrenceInitial }, map[string]any{
			"threeDSRequestorAuthenticationInd": "02", "recurringExpiry": "20300430", "recurringFrequency": "28"}},
		"a card to keep": {func(r *threeds.Request) { r.Amount.Minor = 0 }, map[string]any{"messageCategory": "02",
			"threeDSRequestorAuthenticationInd": "04", "purchaseAmount": nil, "purchaseDate": nil}},
		"pesos without decimals": {func(r *threeds.Request) { r.Amount = pasarela.Money{Minor: 5000, Currency: "CLP"} },
			map[string]any{"purchaseAmount": "5000", "purchaseCurrency": "152", "purchaseExponent": "0"}},
		"a challenge": {func(r *threeds.Request) { r.Challenge = true }, map[string]any{"threeDSRequestorChallengeInd": "04"}},
		"a frame": {func(r *threeds.Request) { r.Mode = pasarela.ChallengeFrame },
			map[string]any{"threeDSRequestorURL": "https://shop.example"}},
		"a library": {func(r *threeds.Request) {
			r.Mode, r.ReturnURL, r.Browser.Origin = pasarela.ChallengeScript, "", "https://cart.example"
		}, map[string]any{"threeDSRequestorURL": "https://cart.example"}},
		"an unknown browser": {func(r *threeds.Request) { r.Browser = pasarela.Browser{Language: "zh-Hant-TW", IP: "192.0.2.1"} },
			map[string]any{"browserAcceptHeader": "*/*", "browserUserAgent": "unknown", "browserLanguage": "zh"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ds := newStrange(t, http.StatusOK, changed(nil))
			b := newBench(t, func(cfg *threeds.Config) { cfg.DirectoryServerURL = ds.url })
			r := request(t, challenged)
			c.change(&r)
			b.server.Authenticate(t.Context(), r)
			sent := ds.last(t)
			want := maps.Clone(common)
			maps.Copy(want, c.want)
			want["threeDSServerTransID"], want["notificationURL"] = string(r.ID), b.server.ReturnURL(shop.ID, r.ID)
			if _, said := want["threeDSRequestorURL"]; !said {
				want["threeDSRequestorURL"] = b.url
			}
			for member, value := range want {
				if sent[member] != value {
					t.Errorf("%s is %v, want %v", member, sent[member], value)
				}
			}
		})
	}
}

// Rule: the card outlives its request: only the buffer is wiped.
func TestAuthenticateLeavesTheCardAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := request(t, challenged)
	b.server.Authenticate(t.Context(), r)
	if r.Card.Number.Length() != 16 {
		t.Error("the caller's card was wiped")
	}
}

// Rule: ranges that change wrongly, or whose directory server forgot ours, leave a set that is right.
func TestRefreshBeginsAnew(t *testing.T) {
	t.Parallel()
	var asked []any
	answer := func(m map[string]any, serial, ranges string) []byte {
		return []byte(`{"messageType":"PRes","messageVersion":"2.2.0","threeDSServerTransID":"` + m["threeDSServerTransID"].(string) +
			`","serialNum":"` + serial + `","cardRangeData":[` + ranges + `]}`)
	}
	ds := newStrange(t, http.StatusOK, func(m map[string]any) []byte {
		asked = append(asked, m["serialNum"])
		switch len(asked) {
		case 1:
			return answer(m, "one", `{"startRange":"4000000000000000","endRange":"4000009999999999","acsInfoInd":["01"]}`)
		case 2:
			return answer(m, "bad", `{"startRange":"4000000000000000","endRange":"3000009999999999"}`)
		case 3:
			return []byte(`{"messageType":"Erro","messageVersion":"2.2.0","errorCode":"307"}`)
		default:
			return answer(m, "two", `{"startRange":"5200000000000000","endRange":"5200009999999999","actionInd":"A"}`)
		}
	})
	b := newBench(t, func(cfg *threeds.Config) { cfg.DirectoryServerURL = ds.url })
	enrolled := func(number string) bool { return b.server.Enrolled(request(t, number).Card.Number) }
	if err := b.server.Refresh(t.Context()); err != nil || !enrolled(visa) || enrolled(mastercard) {
		t.Fatalf("the first: %v", err)
	}
	if err := b.server.Refresh(t.Context()); err == nil || !enrolled(visa) {
		t.Errorf("after a useless answer: %v", err)
	}
	if err := b.server.Refresh(t.Context()); err != nil || enrolled(visa) || !enrolled(mastercard) {
		t.Errorf("after a forgotten serial number: %v", err)
	}
	if len(asked) != 4 || asked[0] != nil || asked[1] != "one" || asked[2] != "one" || asked[3] != nil {
		t.Errorf("asked with %v", asked)
	}
}
