package monri

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// Whatever is signed is answered with 200 or 400, in the API's shape, without a run of digits that could be a
// card's, and without an entry in the log.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		demoCard,
		`{"type":"card","card":{"pan":"4111111111111111","expiration_date":"3112"},"metadata":{"a":"b"}}`,
		`{"type":"card","type":"card"}`, `{"type":"card","card":[]}`, `{"type":"card","card":{"pan":4111111111111111}}`,
		`{"type":"card","card":{"pan":"4111 1111 1111 1111","expiration_date":"3112"}}`,
		`{"card":{"expiration_date":"\u0033112"}}`, `[]`, ``, `null`, "\xff", `{"metadata":{"a":1}}`, strings.Repeat("[", 40),
	} {
		f.Add(seed)
	}
	s := newShop(f)
	pan := regexp.MustCompile(`[0-9]{12,}`)
	f.Fuzz(func(t *testing.T, body string) {
		w := s.post(body)
		var a struct{ Status, Token string }
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if !(w.Code == 200 && a.Status == statusApproved) && !(w.Code == 400 && a.Status == statusInvalid) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if pan.MatchString(strings.Replace(w.Body.String(), a.Token, "", 1)) || s.log.String() != "" {
			t.Errorf("answer %s, log %s", w.Body, s.log)
		}
	})
}

// Whatever is signed is kept and answered the same when it is asked for, or is refused with 400; a card number that stands
// by itself is shown in neither, and nothing is logged.
func FuzzCustomer(f *testing.F) {
	for _, seed := range []string{
		`{"merchant_customer_id":"u-42","email":"ana@shop.example","name":"Ana Test","metadata":{"tier":"gold"}}`,
		`{"name":null,"metadata":null}`, `{"name":"4111 1111 1111 1111"}`, `{"metadata":{"4111111111111111":4111111111111111,"b":["\u0034111111111111111"]}}`,
		`{"metadata":{"4111110000091111":1,"4111110000171111":2}}`, `{"merchant_customer_id":"4111111111111111"}`, `{"metadata":[]}`, `{"zip_code":1}`,
		`{"metadata":{"n":1e999,"s":"\ud83d\ude00","":{}}}`, `{"name":"\u0000"}`, `{"name":"a","name":"b"}`, `{}`, `[]`, ``, "\xff",
	} {
		f.Add(seed)
	}
	s := newShop(f)
	pan := regexp.MustCompile(`(^|[^0-9])4111[ -]?1111[ -]?1111[ -]?1111($|[^0-9])`)
	f.Fuzz(func(t *testing.T, body string) {
		w := s.asked("POST", "/v2/customers", body)
		var a struct{ Status, UUID string }
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || pan.Match(w.Body.Bytes()) || s.log.String() != "" {
			t.Fatalf("answer %d %s, log %s", w.Code, w.Body, s.log)
		}
		if w.Code == 400 && a.Status == statusInvalid {
			return
		}
		again := s.asked("GET", "/v2/customers/"+a.UUID, "")
		if w.Code != 200 || a.Status != statusApproved || again.Code != 200 || again.Body.String() != w.Body.String() {
			t.Errorf("answer %d %s, later %d %s", w.Code, w.Body, again.Code, again.Body)
		}
		if gone := s.asked("DELETE", "/v2/customers/"+a.UUID, ""); gone.Code != 200 { // so that its id is free for the next one
			t.Errorf("not deleted: %d %s", gone.Code, gone.Body)
		}
	})
}

// A header is refused, or is exactly the parts of its scheme.
func FuzzAuthorization(f *testing.F) {
	f.Add(sign("1700000000", "/v2/tokens", demoCard))
	f.Add(signOlder("1700000000", demoCard))
	f.Add("WP3-v2-Client " + demoToken)
	f.Add("bearer YWJj.ZGVm")
	f.Add("WP3-v2.1 a b c")
	f.Add("wp3-V2.1  1 ")
	f.Fuzz(func(t *testing.T, header string) {
		a, err := parseAuthorization(http.Header{"Authorization": {header}})
		if err != nil {
			return
		}
		again := header[:strings.Index(header, " ")] + " " + a.token
		if a.scheme == wp3 || a.scheme == wp3NoPath {
			again += " " + a.timestamp + " " + a.digest
		}
		if again != header || !strings.EqualFold(strings.Fields(header)[0], a.scheme.challenge()) {
			t.Errorf("%q was read as %+v", header, a)
		}
	})
}

// A signed request into which bytes are put, or from which they are taken, anywhere in what is signed and in the header
// itself, is refused.
func FuzzChangedRequest(f *testing.F) {
	f.Add(0, 9, 1, "x")
	f.Add(0, 60, 1, "\xff")
	f.Add(1, 10, 0, "?")
	f.Add(2, 30, 1, "")
	f.Add(2, 0, 0, " ")
	s := newShop(f)
	s.mount(s.mux, []endpoint{whose("/v2/whose", wp3, 0)})
	f.Fuzz(func(t *testing.T, part, at, cut int, put string) {
		parts := []string{"", "/v2/whose?a=1", demoCard}
		parts[0] = sign("1700000000", parts[1], parts[2])
		p := &parts[uint(part)%3]
		from := int(uint(at) % uint(len(*p)))
		to := from + int(uint(cut)%uint(len(*p)-from+1))
		changed := (*p)[:from] + put + (*p)[to:]
		if changed == *p || (p == &parts[0] && strings.EqualFold(changed, *p) && changed[len("WP3-v2.1"):] == (*p)[len("WP3-v2.1"):]) {
			return
		}
		*p = changed
		r := httptest.NewRequest("POST", "/v2/whose", strings.NewReader(parts[2]))
		r.Header["Authorization"], r.RequestURI = []string{parts[0]}, parts[1]
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusBadRequest {
			t.Errorf("%q answered %d", parts, w.Code)
		}
	})
}
