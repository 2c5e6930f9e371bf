package monri

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"pasarela"
)

// asked sends a signed request about customers.
func (s *shop) asked(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	return s.send(method, target, sign("1700000000", target, body), body, headers...)
}

// made is the uuid of a customer that was made of body.
func (s *shop) made(t testing.TB, body string) string {
	t.Helper()
	w := s.asked("POST", "/v2/customers", body)
	var a struct{ UUID string }
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 || a.UUID == "" {
		t.Fatalf("no customer: %d %s", w.Code, w.Body)
	}
	return a.UUID
}

// The answer has the sample's members in the sample's order, null where nothing was sent.
func TestCustomerAnswer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	w := s.asked("POST", "/v2/customers", `{"merchant_customer_id":"u-42","email":"ana@shop.example","name":"Ana Test","metadata":{"tier":"gold"}}`)
	want := regexp.MustCompile(`^\{"status":"approved","uuid":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}","merchant_customer_id":"u-42","description":null,` +
		`"email":"ana@shop.example","name":"Ana Test","phone":null,"metadata":\{"tier":"gold"\},"zip_code":null,"city":null,` +
		`"address":null,"country":null,"deleted":false,"created_at":"2026-05-04T15:00:00Z","updated_at":"2026-05-04T15:00:00Z","deleted_at":null\}$`)
	if w.Code != 200 || !want.MatchString(w.Body.String()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Each member may have as many characters as are written down, however many bytes they take, and not one more.
func TestCustomerLimits(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, longest := range map[string]int{"merchant_customer_id": 255, "description": 1000, "email": 255, "name": 255, "phone": 64,
		"zip_code": 32, "city": 255, "address": 255, "country": 64} {
		full := `{"` + name + `":"` + strings.Repeat("ñ", longest) + `"}`
		if w := s.asked("POST", "/v2/customers", full); w.Code != 200 || !strings.Contains(w.Body.String(), full[1:len(full)-1]) {
			t.Errorf("%s of %d characters: %d %s", name, longest, w.Code, w.Body)
		}
		text := fmt.Sprintf("%s: send at most %d characters", name, longest)
		if w := s.asked("POST", "/v2/customers", strings.Replace(full, "ñ", "ññ", 1)); w.Code != 400 || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%s of %d characters: %d %s", name, longest+1, w.Code, w.Body)
		}
	}
	full := `{"metadata": {"a": "` + strings.Repeat("x", maxMetadata-len(`{"a":""}`)) + `"}}`
	if w := s.asked("POST", "/v2/customers", full); w.Code != 200 {
		t.Errorf("full metadata: %d %s", w.Code, w.Body)
	}
	if w := s.asked("POST", "/v2/customers", strings.Replace(full, "xx", "xxx", 1)); w.Code != 400 || !strings.Contains(w.Body.String(), "metadata: send at most 16384 bytes") {
		t.Errorf("metadata of one byte more: %d %s", w.Code, w.Body)
	}
}

// A page has at most a hundred customers, and pages follow one another without a gap.
func TestCustomerPages(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const all = 103
	for i := range all {
		s.clock.now = s.clock.now.Add(time.Second)
		s.made(t, fmt.Sprintf(`{"merchant_customer_id":"u-%d"}`, all-1-i))
	}
	for _, c := range []struct {
		query       string
		first, many int
	}{{"", 0, 100}, {"?offset=100", 100, 3}, {"?limit=2&offset=101", 101, 2}, {"?limit=100&offset=103", 0, 0}, {"?limit=007&offset=007&page=2", 7, 7}} {
		w := s.asked("GET", "/v2/customers"+c.query, "")
		var a struct {
			Status string
			Data   []struct {
				ID string `json:"merchant_customer_id"`
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 || a.Status != statusApproved || len(a.Data) != c.many || a.Data == nil {
			t.Fatalf("%q: %d %s", c.query, w.Code, w.Body)
		}
		for i, got := range a.Data {
			if want := fmt.Sprintf("u-%d", c.first+i); got.ID != want {
				t.Errorf("%q: got %s, want %s", c.query, got.ID, want)
			}
		}
	}
}

// Another merchant neither sees nor touches a customer, and may use the same ids of its own.
func TestCustomersBelongToTheirMerchant(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	uuid := s.made(t, `{"merchant_customer_id":"u-42","name":"Ana"}`)
	const token, key = "89abcdef0123456789abcdef0123456789abcdef", "mk-demo-0002"
	if _, err := s.gateway.CreateMerchant(t.Context(), pasarela.Merchant{Name: "Other", Country: "BA",
		Monri: pasarela.MonriCredentials{AuthenticityToken: token, Key: key}}); err != nil {
		t.Fatal(err)
	}
	other := func(method, target, body string) *httptest.ResponseRecorder {
		return s.send(method, target, "WP3-v2.1 "+token+" 1 "+requestDigest(key, "1", token, target, []byte(body)), body)
	}
	for _, c := range [][3]string{{"GET", "/v2/customers/" + uuid}, {"POST", "/v2/customers/" + uuid, `{"name":"Eva"}`},
		{"DELETE", "/v2/customers/" + uuid}, {"GET", "/v2/merchants/customers/u-42"}} {
		if w := other(c[0], c[1], c[2]); w.Code != 404 {
			t.Errorf("%s %s: %d %s", c[0], c[1], w.Code, w.Body)
		}
	}
	if w := other("GET", "/v2/customers", ""); w.Code != 200 || w.Body.String() != `{"status":"approved","data":[]}` {
		t.Errorf("list: %d %s", w.Code, w.Body)
	}
	if w := other("POST", "/v2/customers", `{"merchant_customer_id":"u-42"}`); w.Code != 200 {
		t.Errorf("same id: %d %s", w.Code, w.Body)
	}
	if w := s.asked("GET", "/v2/merchants/customers/u-42", ""); w.Code != 200 || !strings.Contains(w.Body.String(), uuid) || !strings.Contains(w.Body.String(), "Ana") {
		t.Errorf("own: %d %s", w.Code, w.Body)
	}
}

// No digits of a card that stand in any member are kept, answered or logged.
func TestCustomersHoldNoCardNumber(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, name := range []string{"description", "email", "name", "phone", "zip_code", "city", "address", "country", "metadata"} {
		for _, sent := range []string{`"4111111111111111"`, `"4111 1111 1111 1111"`, `"\u0034111-1111-1111-1111"`, `"x4111111111111111y\n"`} {
			if name == "metadata" {
				sent = `{"a":[` + sent + `]}`
			}
			uuid := s.made(t, `{"`+name+`":`+sent+`}`)
			kept, err := s.books.Customer(t.Context(), s.merchant.ID, pasarela.CustomerID(uuid))
			if err != nil {
				t.Fatal(err)
			}
			all := fmt.Sprintf("%+v %s %s %s", kept, kept.Metadata, s.asked("GET", "/v2/customers/"+uuid, "").Body, s.log)
			if !strings.Contains(all, "**") || regexp.MustCompile(`4111[ -]?1111[ -]?1111[ -]?1111|u0034`).MatchString(all) {
				t.Errorf("%s %s is kept: %s", name, sent, all)
			}
		}
	}
}

// A merchant that may charge nothing still keeps its customers: there is no card in them.
func TestDisabledMerchantKeepsItsCustomers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if _, err := s.gateway.ChangeMerchant(t.Context(), s.merchant.ID, func(m pasarela.Merchant) (pasarela.Merchant, error) {
		m.Disabled = true
		return m, nil
	}); err != nil {
		t.Fatal(err)
	}
	uuid := s.made(t, `{"name":"Ana"}`)
	if w := s.asked("DELETE", "/v2/customers/"+uuid, ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// What a path names is taken to the letter; what no database keeps is nobody's.
func TestStrangeCustomers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	uuid := s.made(t, `{"merchant_customer_id":"a/b?c=%20"}`)
	if w := s.asked("GET", "/v2/merchants/customers/a%2Fb%3Fc=%2520", ""); w.Code != 200 || !strings.Contains(w.Body.String(), uuid) {
		t.Errorf("escaped: %d %s", w.Code, w.Body)
	}
	for _, target := range []string{"/v2/customers/" + strings.ToUpper(uuid) + "x", "/v2/customers/%00", "/v2/customers/%ff", "/v2/customers/" + uuid + "/",
		"/v2/merchants/customers/%00", "/v2/merchants/customers/%ff%fe", "/v2/merchants/customers/a/b", "/v2/merchants/customers/", "/v2/merchants/customers"} {
		if w := s.asked("GET", target, ""); w.Code != 404 || !strings.Contains(w.Body.String(), `"status":"error"`) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}
