package kushki_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/dialect/dialecttest"
)

// Numbers that are published for tests of redirect payments.
const (
	approvedCard = "4051885600446623"
	refusedCard  = "5186059559590568"
	shopURL      = "https://shop.example/back"
)

// buyer is a browser without scripts and cookies on the page of one redirect payment, or of one inscription.
type buyer struct {
	t         *testing.T
	world     *dialecttest.World
	merchant  string // what its credentials begin with
	token     string
	page      string // address of the page
	back      string // address of the shop to which it leads
	reference pasarela.PaymentID
}

// sight is what a browser was answered in the end: a page of the gateway's, or an address that leads away.
type sight struct {
	*http.Response
	at   string // address of the page
	html string
	left string // address led away to
}

// newBuyer begins a payment: init or preAuthorization.
func newBuyer(t *testing.T, w *dialecttest.World, begin string) *buyer {
	t.Helper()
	return newBuyerOf(t, w, "cl", begin)
}

func newBuyerOf(t *testing.T, w *dialecttest.World, merchant, begin string) *buyer {
	t.Helper()
	b := &buyer{t: t, world: w, merchant: merchant}
	asked := b.call(http.MethodPost, "/card-async/v1/tokens", `{"totalAmount":12990,"currency":"CLP","returnUrl":"`+shopURL+`","description":"<b>Dos</b> entradas"}`)
	b.token = asked["token"].(string)
	begun := b.call(http.MethodPost, "/card-async/v1/"+begin, `{"token":"`+b.token+`","amount":{"subtotalIva":0,"subtotalIva0":12990,"iva":0}}`)
	b.page, b.reference = begun["redirectUrl"].(string), pasarela.PaymentID(begun["transactionReference"].(string))
	b.back = shopURL + "?token=" + b.token
	return b
}

// call is the merchant's, which must succeed.
func (b *buyer) call(method, path, body string) map[string]any {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Public-Merchant-Id", b.merchant+"-public")
	r.Header.Set("Private-Merchant-Id", b.merchant+"-private")
	answer := httptest.NewRecorder()
	b.world.ServeHTTP(answer, r)
	var members map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &members); err != nil || answer.Code >= http.StatusMultipleChoices {
		b.t.Fatalf("%s is answered %d %s", path, answer.Code, answer.Body)
	}
	return members
}

func (b *buyer) status() string {
	b.t.Helper()
	return b.call(http.MethodGet, "/card-async/v1/status/"+b.token, "")["status"].(string)
}

// payment is the zero value where there is none.
func (b *buyer) payment() pasarela.Payment {
	b.t.Helper()
	p, err := b.world.Gateway.Store.Payment(b.t.Context(), b.world.Merchant("CL").ID, b.reference)
	if err != nil && pasarela.CodeOf(err) != pasarela.CodeNotFound {
		b.t.Fatal(err)
	}
	return p
}

// step is one request, without following where it leads.
func (b *buyer) step(method, address string, form url.Values) sight {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Error(err)
		return sight{}
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := b.world.Browser().Do(r)
	if err != nil {
		b.t.Error(err)
		return sight{}
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Error(err)
	}
	s := sight{Response: answer, at: address, html: string(body)}
	if next, err := answer.Location(); err == nil {
		s.left = next.String()
	}
	return s
}

// walk follows redirects while they lead within the gateway.
func (b *buyer) walk(method, address string, form url.Values) sight {
	b.t.Helper()
	s := b.step(method, address, form)
	for range 10 {
		if !strings.HasPrefix(s.left, dialecttest.PublicURL+"/") {
			return s
		}
		s = b.step(http.MethodGet, s.left, nil)
	}
	b.t.Errorf("redirects do not end at %s", s.left)
	return s
}

func (b *buyer) look() sight {
	b.t.Helper()
	return b.walk(http.MethodGet, b.page, nil)
}

func card(number string) url.Values {
	return url.Values{"pan": {number}, "expiration_date": {"11/29"}, "cvv": {"123"}, "cardholder_name": {"Rosa Soto"}}
}

func (b *buyer) pay(number string) sight {
	b.t.Helper()
	return b.walk(http.MethodPost, b.page, card(number))
}

var (
	buyerForm   = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	buyerHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// answer sends the form of the page that is shown with one field filled in.
func (b *buyer) answer(s sight, name, value string) sight {
	b.t.Helper()
	action := buyerForm.FindStringSubmatch(s.html)
	page, err := url.Parse(s.at)
	if err != nil || action == nil {
		b.t.Fatalf("there is no form at %s: %s", s.at, s.html)
	}
	target, err := page.Parse(html.UnescapeString(action[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	form := url.Values{name: {value}}
	for _, field := range buyerHidden.FindAllStringSubmatch(s.html, -1) {
		form.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	return b.walk(http.MethodPost, target.String(), form)
}

// home checks that the browser was led back to the shop.
func (b *buyer) home(s sight) {
	b.t.Helper()
	if s.left != b.back {
		b.t.Errorf("browser is led to %q, want %q; it shows %d %s", s.left, b.back, s.StatusCode, s.html)
	}
}

func (b *buyer) expectStatus(want string) {
	b.t.Helper()
	if got := b.status(); got != want {
		b.t.Errorf("status is %s, want %s", got, want)
	}
}

// authorized are the issuer's authorizations of the payment.
func (b *buyer) authorized() []simulator.Authorization {
	b.t.Helper()
	var own []simulator.Authorization
	for _, a := range b.world.Bank.Authorizations(0, 0) {
		if a.Reference == b.reference {
			own = append(own, a)
		}
	}
	return own
}
