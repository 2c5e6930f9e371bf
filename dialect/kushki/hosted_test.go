package kushki_test

import (
	"crypto/sha512"
	"encoding/base64"
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
	"pasarela/cde/cards"
	"pasarela/cde/threeds"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/kushki"
)

// newShop is a world outside a sandbox: libraries show the issuer's own page, and issuers are not opened by links.
func newShop(t *testing.T) *dialecttest.World {
	return worldWith(t, dialecttest.Options{NoLinks: true, Mount: func(w *dialecttest.World, mux *http.ServeMux) {
		kushki.New(w.Gateway, kushki.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, Digest: w.Vault.Digest,
			CountryName: cards.CountryName, DescribeBIN: w.Cards.DescribeBIN, Profile: w.Cards.Profile,
			PublicURL: func() string { return dialecttest.PublicURL }, Challenges: w.ThreeDS}).Mount(mux)
	}})
}

// created is the answer of a token.
type created struct {
	Token, URL, SecureService, SecureID string
	Security                            struct {
		ACSURL, PaReq, SpecificationVersion, AuthenticationTransactionID string
		AuthRequired                                                     bool
	}
}

// ask has a page make a token of a card that is challenged.
func ask(t *testing.T, w *dialecttest.World, members string) created {
	t.Helper()
	return askFrom(t, w, "https://shop.example", members)
}

// askFrom has a page of the origin do so; with "" the shop's server.
func askFrom(t *testing.T, w *dialecttest.World, origin, members string) created {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/card/v1/tokens", strings.NewReader(
		`{"card":{"name":"Rosa","number":"4456530000000031","expiryMonth":"11","expiryYear":"29","cvv":"417"},"totalAmount":5,"currency":"PEN",`+members+`}`))
	r.Header.Set("Public-Merchant-Id", "on-public")
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	var c created
	if err := json.Unmarshal(answer.Body.Bytes(), &c); err != nil || answer.Code != http.StatusCreated {
		t.Fatalf("token is answered %d %s", answer.Code, answer.Body)
	}
	return c
}

// page is what a browser without scripts was answered.
type page struct {
	*http.Response
	html string
}

func open(t *testing.T, w *dialecttest.World, address string, form url.Values) page {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", "en")
	answer, err := w.Browser().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{answer, string(body)}
}

var (
	formAction = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	formField  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// press sends the page's form with what the cardholder typed.
func press(t *testing.T, w *dialecttest.World, p page, typed url.Values) page {
	t.Helper()
	to := formAction.FindStringSubmatch(p.html)
	if to == nil {
		t.Fatalf("%s has no form:\n%s", p.Request.URL, p.html)
	}
	target, err := p.Request.URL.Parse(html.UnescapeString(to[1]))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{}
	for _, f := range formField.FindAllStringSubmatch(p.html, -1) {
		form.Set(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
	}
	for name, values := range typed {
		form[name] = values
	}
	return open(t, w, target.String(), form)
}

func (p page) must(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(p.html, part) {
			t.Errorf("%s does not say %q:\n%s", p.Request.URL, part, p.html)
		}
	}
}

// With a real issuer every step is a form that a button sends: scripts only press it.
func TestPageWalkByButtons(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	c := ask(t, w, `"authValidation":"url","callbackUrl":"https://shop.example/back"`)
	leaving := open(t, w, c.URL, nil)
	leaving.must(t, `<html lang="en">`, "Continue to my bank", "data-submit")
	issuer := press(t, w, leaving, nil)
	issuer.must(t, "5.00")
	back := press(t, w, issuer, url.Values{"code": {"1234"}})
	end := press(t, w, back, nil)
	want := "https://shop.example/back?success=true&token=" + c.Token
	if end.StatusCode != http.StatusMovedPermanently || end.Header.Get("Location") != want {
		t.Errorf("the walk ends with %d %s, want 301 %s", end.StatusCode, end.Header.Get("Location"), want)
	}
	if policy := leaving.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy of the page is %s", policy)
	}
}

// In a frame the end is a page that tells the merchant's, and only that origin may hold the frame.
func TestPageWalkInAFrame(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	c := ask(t, w, `"authValidation":"iframe","callbackUrl":"https://shop.example/back?a=1"`)
	leaving := open(t, w, c.URL, nil)
	issuer := press(t, w, leaving, nil)
	back := press(t, w, issuer, url.Values{"cancel": {"1"}})
	end := press(t, w, back, nil)
	for _, p := range []page{leaving, issuer, back, end} {
		policy := p.Header.Get("Content-Security-Policy")
		if p.StatusCode != http.StatusOK || !strings.HasSuffix(policy, "frame-ancestors https://shop.example") || p.Header.Get("X-Frame-Options") != "" {
			t.Errorf("%s: %d %s", p.Request.URL, p.StatusCode, policy)
		}
	}
	end.must(t, "Your identity was not confirmed", `data-origin="https://shop.example"`, `&#34;success&#34;:false`,
		html.EscapeString(`"token":"`+c.Token+`"`), `target="_top"`, "https://shop.example/back?a=1&amp;success=false&amp;message=Error%20en%20la%20validaci%C3%B3n%20de%203DS&amp;token="+c.Token)
	script := regexp.MustCompile(`src="(/assets/kushki/tell\.[0-9a-f]+\.js)"`).FindStringSubmatch(end.html)
	if script == nil {
		t.Fatalf("the page has no script:\n%s", end.html)
	}
	if told := open(t, w, dialecttest.PublicURL+script[1], nil); told.StatusCode != http.StatusOK || !strings.Contains(told.html, "postMessage(JSON.parse(message), origin)") {
		t.Errorf("script is %d %s", told.StatusCode, told.html)
	}
}

// cres is what an issuer's page has the browser bring back.
func cres(t *testing.T, server pasarela.AuthenticationID, acs string) string {
	t.Helper()
	text, err := threeds.EncodeBrowser(threeds.CRes{Header: threeds.Header{MessageType: threeds.TypeCRes, MessageVersion: threeds.Version},
		ThreeDSServerTransID: string(server), ACSTransID: acs, ChallengeCompletionInd: "Y", TransStatus: "N"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// asked is the authentication of a token as it stands, and the address at which its browser comes back.
func asked(t *testing.T, w *dialecttest.World, c created) (a pasarela.Authentication, back string) {
	t.Helper()
	m := w.Merchants["on-public"].ID
	a, err := w.Gateway.Authentication(t.Context(), m, pasarela.AuthenticationID(c.SecureID))
	if err != nil {
		t.Fatal(err)
	}
	return a, dialecttest.PublicURL + "/3ds/return/" + string(m) + "/" + c.SecureID
}

// A browser that brings this challenge's CRes, although the issuer has told nothing, has given up once and for all.
func TestComingBackWithoutAResult(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	for _, byForm := range []bool{true, false} {
		c := ask(t, w, `"authValidation":"url","callbackUrl":"https://shop.example/back"`)
		issuer := press(t, w, open(t, w, c.URL, nil), nil)
		a, back := asked(t, w, c)
		form := url.Values{"cres": {cres(t, a.ID, a.ACSID)}}
		if !byForm {
			back, form = back+"?"+form.Encode(), nil
		}
		for range 2 {
			end := open(t, w, back, form)
			if !strings.HasPrefix(end.Header.Get("Location"), "https://shop.example/back?success=false&") {
				t.Fatalf("answered %d %s", end.StatusCode, end.Header.Get("Location"))
			}
		}
		late := press(t, w, press(t, w, issuer, url.Values{"code": {"1234"}}), nil)
		if !strings.HasPrefix(late.Header.Get("Location"), "https://shop.example/back?success=false&") {
			t.Errorf("the issuer's answer was taken although the cardholder had given up: %d %s", late.StatusCode, late.Header.Get("Location"))
		}
	}
}

// What opens the address without this challenge's CRes, such as a scanner of links, ends no challenge: it is led to
// where the cardholder is asked, and the cardholder goes on.
func TestOpeningTheReturnAddressEndsNothing(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	c := ask(t, w, `"authValidation":"url","callbackUrl":"https://shop.example/back"`)
	issuer := press(t, w, open(t, w, c.URL, nil), nil)
	a, back := asked(t, w, c)
	right, other := cres(t, a.ID, a.ACSID), "2d9a6d30-2f4d-4c1b-8c0f-7e0b54d1a9c3"
	for name, c := range map[string]struct{ method, query, body string }{
		"looked at":                      {method: http.MethodHead},
		"looked at with everything":      {method: http.MethodHead, query: "?cres=" + right},
		"opened":                         {method: http.MethodGet},
		"opened with anything":           {method: http.MethodGet, query: "?cres=anything"},
		"opened with another challenge":  {method: http.MethodGet, query: "?cres=" + cres(t, pasarela.AuthenticationID(other), a.ACSID)},
		"opened with another issuer's":   {method: http.MethodGet, query: "?cres=" + cres(t, a.ID, other)},
		"posted":                         {method: http.MethodPost},
		"posted anything":                {method: http.MethodPost, body: "cres=anything"},
		"posted another challenge":       {method: http.MethodPost, body: "cres=" + cres(t, pasarela.AuthenticationID(other), a.ACSID)},
		"posted behind a lot of rubbish": {method: http.MethodPost, body: "rubbish=" + strings.Repeat("x", 1<<15) + "&cres=" + right},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, back+c.query, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := w.Browser().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		to := answer.Header.Get("Location")
		if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, dialecttest.PublicURL+"/3ds?token="+string(a.Token)+"&merchantId=on-public") {
			t.Errorf("%s: answered %d to %q", name, answer.StatusCode, to)
		}
		if now, _ := asked(t, w, created{SecureID: string(a.ID)}); now.State != pasarela.AuthenticationPending {
			t.Fatalf("%s: the challenge is %s, %s", name, now.State, now.Reason)
		}
	}
	end := press(t, w, press(t, w, issuer, url.Values{"code": {"1234"}}), nil)
	if !strings.HasPrefix(end.Header.Get("Location"), "https://shop.example/back?success=true&") {
		t.Errorf("the cardholder's walk ends with %d %s", end.StatusCode, end.Header.Get("Location"))
	}
}

// A challenge that a library shows has no page to be led to: who opens its return address learns nothing.
func TestOpeningTheReturnAddressOfALibrary(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	r := httptest.NewRequest(http.MethodGet, "/card/v1/authToken", nil)
	r.Header.Set("Public-Merchant-Id", "on-public")
	session := httptest.NewRecorder()
	w.ServeHTTP(session, r)
	a, back := asked(t, w, ask(t, w, `"jwt":"`+member(t, session, "jwt")+`"`))
	if p := open(t, w, back, nil); p.StatusCode != http.StatusNotFound || strings.Contains(p.html, string(a.Token)) {
		t.Errorf("answered %d %s", p.StatusCode, p.html)
	}
	if now, _ := asked(t, w, created{SecureID: string(a.ID)}); now.State != pasarela.AuthenticationPending {
		t.Errorf("the challenge is %s, %s", now.State, now.Reason)
	}
}

// A library outside a sandbox gets the issuer's own challenge, our script for it, and the page that tells it.
func TestLibraryOutsideASandbox(t *testing.T) {
	t.Parallel()
	// The token is asked for by the page itself, or by the shop's server with the page's session (kushki-card, section
	// 21.3): it is the page that shows the challenge and is told of its end.
	for name, origin := range map[string]string{"page": "https://shop.example", "shop's server": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			libraryOutsideASandbox(t, origin)
		})
	}
}

func libraryOutsideASandbox(t *testing.T, origin string) {
	t.Helper()
	w := newShop(t)
	r := httptest.NewRequest(http.MethodGet, "/card/v1/authToken", nil)
	r.Header.Set("Public-Merchant-Id", "on-public")
	r.Header.Set("Origin", "https://shop.example")
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	var session struct{ JWT, SongbirdURL, SongbirdIntegrityHashValue string }
	if err := json.Unmarshal(answer.Body.Bytes(), &session); err != nil {
		t.Fatal(err)
	}
	script := open(t, w, session.SongbirdURL, nil)
	sum := sha512.Sum384([]byte(script.html))
	if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); session.SongbirdIntegrityHashValue != want {
		t.Errorf("hash of the script is %s, want %s", session.SongbirdIntegrityHashValue, want)
	}
	if script.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("a page that demands the script's hash cannot load it from another origin")
	}

	c := askFrom(t, w, origin, `"jwt":"`+session.JWT+`"`)
	s := c.Security
	if !s.AuthRequired || s.PaReq == "" || s.PaReq == "sandbox" || s.AuthenticationTransactionID == "" || !strings.HasPrefix(s.SpecificationVersion, "2.") {
		t.Fatalf("security is %+v", s)
	}
	issuer := open(t, w, s.ACSURL, url.Values{"creq": {s.PaReq}})
	back := press(t, w, issuer, url.Values{"code": {"1234"}})
	end := press(t, w, back, nil)
	end.must(t, `data-origin="https://shop.example"`, html.EscapeString(`"authenticationTransactionId":"`+s.AuthenticationTransactionID+`"`), "&#34;success&#34;:true")
	if policy := end.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-ancestors https://shop.example") {
		t.Errorf("policy of the last page is %s", policy)
	}
	validation := httptest.NewRequest(http.MethodPost, "/rules/v1/secureValidation", strings.NewReader(`{"secureServiceId":"`+c.SecureID+`","otpValue":""}`))
	validation.Header.Set("Public-Merchant-Id", "on-public")
	validated := httptest.NewRecorder()
	w.ServeHTTP(validated, validation)
	if want := `{"code":"ok","message":"3DS000"}`; validated.Body.String() != want {
		t.Errorf("validation is answered %d %s, want %s", validated.Code, validated.Body, want)
	}
}

// The page's address names the number's first eight digits, in base64, to the eyes of whoever follows it. The store
// keeps six.
func TestTheHostedAddressNamesTheBIN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := ask(t, w, `"authValidation":"url","callbackUrl":"https://shop.example/back"`)
	address, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	if bin, err := base64.StdEncoding.DecodeString(address.Query().Get("bin")); string(bin) != "44565300" {
		t.Errorf("bin of %s is %q (%v)", c.URL, bin, err)
	}
	kept, err := w.Gateway.Store.Token(t.Context(), w.Merchants["on-public"].ID, pasarela.TokenID(c.Token))
	if err != nil || kept.Facts.BIN != "445653" {
		t.Errorf("the store keeps %q (%v)", kept.Facts.BIN, err)
	}
}
