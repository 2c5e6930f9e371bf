package monri

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// each is a header of every scheme for a POST of body to target, made by the demo shop.
func (s *shop) each(t testing.TB, target, body string) map[schemes]string {
	return map[schemes]string{
		wp3:       sign("1700000000", target, body),
		wp3NoPath: signOlder("1700000000", body),
		wp3Client: "WP3-v2-Client " + demoToken,
		bearer:    "Bearer " + s.token(t, `"payments"`),
	}
}

// An endpoint takes the schemes of its row and no other, and says which they are.
func TestEachRowTakesItsSchemesOnly(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	rows := map[string]endpoint{}
	for _, row := range []endpoint{
		whose("/v2/signed", wp3, 0),
		whose("/v2/older", wp3|wp3NoPath|bearer, scopePayments),
		whose("/v2/device", wp3|wp3Client, 0),
		whose("/v2/access", bearer, scopePayments|scopeCustomers),
	} {
		rows[row.path] = row
		s.mount(s.mux, []endpoint{row})
	}
	asked := map[string]string{"/v2/signed": "WP3-v2.1", "/v2/older": "WP3-v2.1, WP3-v2, Bearer",
		"/v2/device": "WP3-v2.1, WP3-v2-Client", "/v2/access": "Bearer"}
	for path, row := range rows {
		for scheme, header := range s.each(t, path, coffee) {
			w := s.send("POST", path, header, coffee)
			switch {
			case row.schemes&scheme == 0:
				if w.Code != 401 || w.Header().Get("WWW-Authenticate") != asked[path] {
					t.Errorf("%s took %s: %d %s", path, header, w.Code, w.Header())
				}
			case w.Code != 200 || w.Body.String() != `"Shop"`:
				t.Errorf("%s refused %s: %d %s", path, header, w.Code, w.Body)
			}
		}
	}
}

// Of a set of scopes that a row names an access token needs one; one that it lacks does not let it in.
func TestAccessTokenNeedsAScopeOfTheRow(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.mount(s.mux, []endpoint{
		whose("/v2/pay", bearer, scopePayments), whose("/v2/cards", bearer, scopeCustomers|scopePaymentMethods),
		whose("/v2/none", bearer, 0),
	})
	for _, c := range []struct {
		scopes string
		lets   []string
	}{
		{`"payments"`, []string{"/v2/pay"}},
		{`"customers"`, []string{"/v2/cards"}},
		{`"payment-methods"`, []string{"/v2/cards"}},
		{`"payments","customers"`, []string{"/v2/pay", "/v2/cards"}},
		{`"payments","payments"`, []string{"/v2/pay"}},
		{`"customers","payment-methods","payments"`, []string{"/v2/pay", "/v2/cards"}},
	} {
		token := s.token(t, c.scopes)
		for _, path := range []string{"/v2/pay", "/v2/cards", "/v2/none"} {
			if w := s.send("POST", path, "Bearer "+token, ""); (w.Code == 200) != slices.Contains(c.lets, path) || (w.Code != 200 && w.Code != 401) {
				t.Errorf("%s with %s: %d", path, c.scopes, w.Code)
			}
		}
	}
}

// An access token lives 900 seconds by the gateway's clock, to the last microsecond and no longer.
func TestAccessTokenExpires(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.mount(s.mux, []endpoint{whose("/v2/pay", bearer, scopePayments)})
	header := "Bearer " + s.token(t, `"payments"`)
	for _, c := range []struct {
		later time.Duration
		want  int
	}{{0, 200}, {900*time.Second - time.Microsecond, 200}, {900 * time.Second, 401}, {24 * time.Hour, 401}} {
		s.clock.now = s.clock.now.Add(c.later)
		if w := s.send("POST", "/v2/pay", header, ""); w.Code != c.want {
			t.Errorf("%s later: %d", c.later, w.Code)
		}
		s.clock.now = s.clock.now.Add(-c.later)
	}
}

// What another gateway made, or this one for another use, is no access token here.
func TestForeignAccessToken(t *testing.T) {
	t.Parallel()
	s, other := newShop(t), newShop(t)
	s.mount(s.mux, []endpoint{whose("/v2/pay", bearer, scopePayments)})
	mine := access{merchant: s.merchant.ID, scopes: scopePayments, until: s.clock.now.Add(time.Hour)}
	gone := access{merchant: "m_gone", scopes: scopePayments, until: s.clock.now.Add(time.Hour)}
	text, _, _ := strings.Cut(s.mint(mine), ".")
	for name, token := range map[string]string{
		"of another gateway":      other.mint(mine),
		"of a merchant not there": s.mint(gone),
		"without a proof":         text,
		"with an empty proof":     text + ".",
		"nothing but a dot":       ".",
		"proof of nothing":        "." + s.accessProof(""),
		"no content":              "AAAA." + s.accessProof("AAAA"),
		"content of no alphabet":  "%." + s.accessProof("%"),
		"the authenticity token":  demoToken,
	} {
		if w := s.send("POST", "/v2/pay", "Bearer "+token, ""); w.Code != 401 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := s.send("POST", "/v2/pay", "Bearer "+s.mint(mine), ""); w.Code != 200 {
		t.Errorf("own: %d", w.Code)
	}
}

// One changed byte anywhere in what is signed, or in what signs it, and the request is refused. What a scheme does not
// sign is named in the table by its absence.
func TestNoChangedByteIsAccepted(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const target = "/v2/whose?source=shop"
	row := whose("/v2/whose", wp3|wp3NoPath|wp3Client|bearer, scopePayments)
	headers := s.each(t, target, demoCard)
	credentials := `{"client_id":"` + demoToken + `","client_secret":"` + demoKey + `","grant_type":"client_credentials","scopes":["payments"]}`
	for name, c := range map[string]struct {
		row                  endpoint
		header, target, body string
		signed               []string // in these
	}{
		"WP3-v2.1":      {row, headers[wp3], target, demoCard, []string{"header", "target", "body"}},
		"WP3-v2":        {row, headers[wp3NoPath], target, demoCard, []string{"header", "body"}},
		"WP3-v2-Client": {row, headers[wp3Client], target, demoCard, []string{"header"}},
		"Bearer":        {row, headers[bearer], target, demoCard, []string{"header"}},
		"secret":        {endpoints()[0], "", "/v2/oauth", credentials, []string{"body"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts := map[string]string{"header": c.header, "target": c.target, "body": c.body}
			if code := s.answer(c.row, parts); code != 200 {
				t.Fatalf("unchanged request: %d", code)
			}
			for _, part := range c.signed {
				s.change(t, c.row, parts, part)
			}
		})
	}
}

// answer is the status that a row gives to a request of these parts.
func (s *shop) answer(row endpoint, parts map[string]string) int {
	r := httptest.NewRequest("POST", row.path, strings.NewReader(parts["body"]))
	r.Header["Authorization"], r.RequestURI = []string{parts["header"]}, parts["target"]
	w := httptest.NewRecorder()
	s.handle(row, w, r)
	return w.Code
}

// change sends a request with one byte of a part changed, for each byte and many changes.
func (s *shop) change(t *testing.T, row endpoint, parts map[string]string, part string) {
	t.Helper()
	whole := parts[part]
	name, _, _ := strings.Cut(parts["header"], " ")
	for at := range len(whole) {
		for _, flip := range []byte{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff} {
			changed := []byte(whole)
			changed[at] ^= flip
			sameName := part == "header" && at < len(name) && strings.EqualFold(string(changed), whole) // in either case
			sent := map[string]string{"header": parts["header"], "target": parts["target"], "body": parts["body"]}
			sent[part] = string(changed)
			if code := s.answer(row, sent); (code == 200) != sameName {
				t.Fatalf("%q answered %d", sent, code)
			}
		}
	}
}

// A path answers to the methods of its rows, and names them to another one.
func TestMethodsOfAPath(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	get := whose("/v2/both", wp3, 0)
	get.method = "GET"
	s.mount(s.mux, []endpoint{get, whose("/v2/both", wp3, 0)})
	w := s.send("DELETE", "/v2/both", "", "")
	if w.Code != 405 || w.Header().Get("Allow") != "GET, POST" || !strings.Contains(w.Body.String(), "GET and POST only") {
		t.Errorf("%d %s %s", w.Code, w.Header(), w.Body)
	}
}
