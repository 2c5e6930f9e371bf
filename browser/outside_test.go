package browser_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// bank is the other side of a gateway that is no sandbox: acquirer, directory server and issuer.
type bank struct {
	process
	pages     string // origin of the issuer's pages
	acquirer  string // HOST:PORT
	directory string // https address, of a proxy: outside a sandbox nothing less is taken
	authority string // file with the proxy's certificate
}

func openBank(t *testing.T) *bank {
	t.Helper()
	b := &bank{}
	if err := b.launch("simulator", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "issuer")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, &b.process) })
	b.pages, _, _ = strings.Cut(b.mustSay(t, "controls are at "), "/sandbox")
	b.acquirer, _, _ = strings.Cut(b.mustSay(t, "acquirer listens on "), ";")
	directory, err := url.Parse(strings.TrimSuffix(b.mustSay(t, "--directory-server "), "."))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: directory.Scheme, Host: directory.Host}))
	t.Cleanup(proxy.Close)
	b.directory = proxy.URL + directory.Path
	b.authority = filepath.Join(t.TempDir(), "authority.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	if err := os.WriteFile(b.authority, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// mustSay is says for what has to be said.
func (p *process) mustSay(t *testing.T, text string) string {
	t.Helper()
	rest, err := p.says(text)
	if err != nil {
		t.Fatal(err)
	}
	return rest
}

func stopped(t *testing.T, p *process) {
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Log(p.output())
	}
}

// gatewayOf is a gateway that is no sandbox and knows which cards the bank's issuers ask about, and one merchant.
func gatewayOf(t *testing.T, b *bank) (*gateway, object) {
	t.Helper()
	place := []string{"--data", filepath.Join(t.TempDir(), "data"), "--key-encryption-key", "env:" + kek}
	g, err := startServe(append(place, "--acquirer", b.acquirer, "--directory-server", b.directory, "--directory-server-ca", b.authority)...)
	if g != nil {
		t.Cleanup(func() { stopped(t, &g.process) })
	}
	if err == nil {
		err = g.within(g.knowsRanges)
	}
	if err != nil {
		t.Fatal(err)
	}
	create := exec.Command(program, append([]string{"merchant", "create"}, place...)...)
	create.Stdin = strings.NewReader(`{"name":"Tienda Ñandú","country":"EC","three_ds":"on"}`)
	create.Env = append(os.Environ(), kekSetting)
	out, err := create.CombinedOutput()
	var m object
	if err == nil {
		err = json.Unmarshal(out, &m)
	}
	if err != nil {
		t.Fatalf("merchant create: %v\n%s", err, out)
	}
	return g, m
}

// knowsRanges says whether the directory server has told which cards take part.
func (g *gateway) knowsRanges() error {
	a, err := request("GET", g.base+"/metrics", nil)
	if err == nil && !strings.Contains(string(a.body), `pasarela_three_ds_seconds_count{message="PReq",outcome="ok"}`) {
		err = errors.New("it has no card ranges")
	}
	return err
}

// outside is a shop of a gateway that is no sandbox.
type outside struct {
	*shop
	bank *bank
}

// Outside a sandbox cardholders see the issuer's own page, whichever way they get there.
func TestOutsideASandbox(t *testing.T) {
	t.Parallel()
	b := openBank(t)
	g, merchant := gatewayOf(t, b)
	for name, play := range map[string]func(*testing.T, outside){
		"library: right code":                   libraryRightCode,
		"library: three wrong codes":            libraryWrongCodes,
		"library: dialog closed":                libraryClosed,
		"library: page pretends to have passed": libraryPretends,
		"library: frictionless":                 libraryFrictionless,
		"hosted page":                           hostedByScript,
		"hosted page without JavaScript":        hostedByButtons,
		"hosted page in a frame":                hostedInFrame,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, g, merchant)
			s.hold(b.pages)
			play(t, outside{s, b})
		})
	}
}

// asked begins as the library does: the gateway's script comes in place of Cardinal's, and then the token.
func (s outside) asked(number string) object {
	s.t.Helper()
	if begun := s.library("requestSecureInit", object{"card": object{"number": number}}); begun.text("jwt") == "" {
		s.t.Fatalf("requestSecureInit gives %v", begun)
	}
	return s.library("requestToken", purchase(number))
}

func libraryRightCode(t *testing.T, s outside) {
	token := s.asked(challenged)
	if token.at("security", "authRequired") != true || token.text("security", "paReq") == "sandbox" {
		t.Fatalf("requestToken gives %v", token)
	}
	s.begin("requestValidate3DS", token)
	s.wellMade(s.bank.pages)
	s.fill(s.bank.pages, "#code", "1234\r")
	if got := s.outcome(); got["isValid"] != true {
		t.Errorf("requestValidate3DS gives %v", got)
	}
	if must[bool](s.tab, s.page, "!!document.querySelector('dialog')") {
		t.Error("the dialog is still there")
	}
	if got := s.charge(http.StatusCreated, token.text("token")); got.text("ticketNumber") == "" {
		t.Errorf("charge answers %v", got)
	}
}

func libraryWrongCodes(t *testing.T, s outside) {
	token := s.asked(challenged)
	s.begin("requestValidate3DS", token)
	for range 2 {
		s.fill(s.bank.pages, "#code", "4321")
		s.turn(s.bank.pages, "button:not(.secondary)")
	}
	s.fill(s.bank.pages, "#code", "4321\r")
	if got := s.outcome(); got["code"] != "K012" || got["isValid"] != nil {
		t.Errorf("requestValidate3DS gives %v", got)
	}
	s.chargeRefused(token.text("token"), "K325")
}

func libraryClosed(t *testing.T, s outside) {
	token := s.asked(challenged)
	s.begin("requestValidate3DS", token)
	s.await(s.bank.pages, "document.querySelector('#code')")
	s.press(s.page, "dialog button")
	if got := s.outcome(); got["code"] != "K012" || got["isValid"] != nil {
		t.Errorf("requestValidate3DS gives %v", got)
	}
	s.chargeRefused(token.text("token"), "K328")
}

// What a page says to the script is not taken for the gateway's word, and what the script says not for the issuer's.
func libraryPretends(t *testing.T, s outside) {
	token := s.asked(challenged)
	s.begin("requestValidate3DS", token)
	s.await(s.bank.pages, "document.querySelector('#code')")
	must[chromedp.Void](s.tab, s.page, fmt.Sprintf(`window.postMessage({ success: true, authenticationTransactionId: %q }, "*")`,
		token.text("security", "authenticationTransactionId")))
	s.press(s.bank.pages, "button.secondary")
	if got := s.outcome(); got["code"] != "K012" || got["isValid"] != nil {
		t.Errorf("requestValidate3DS gives %v", got)
	}
	s.chargeRefused(token.text("token"), "K325")
}

func libraryFrictionless(t *testing.T, s outside) {
	token := s.asked(frictionless)
	if got := s.library("requestValidate3DS", token); got["isValid"] != true {
		t.Errorf("requestValidate3DS gives %v for %v", got, token)
	}
	s.charge(http.StatusCreated, token.text("token"))
}

// The gateway's page sends the challenge on by itself, and so does the issuer's its answer.
func hostedByScript(t *testing.T, s outside) {
	token, address := s.hosted("url")
	s.open(address)
	s.fill(s.bank.pages, "#code", "1234\r")
	if got := s.comesBack(); got.Get("success") != "true" || got.Get("token") != token {
		t.Errorf("the shop's address says %v", got)
	}
	s.charge(http.StatusCreated, token)
}

// Without JavaScript there is a button wherever a page would have gone on by itself.
func hostedByButtons(t *testing.T, s outside) {
	token, address := s.hosted("url")
	s.disableScripts()
	s.open(address)
	s.wellMade(s.gateway.base)
	s.press(s.gateway.base, "button")
	s.fill(s.bank.pages, "#code", "1234")
	s.turn(s.bank.pages, "button:not(.secondary)")
	s.wellMade(s.bank.pages)
	s.press(s.bank.pages, "button")
	if got := s.comesBack(); got.Get("success") != "true" || got.Get("token") != token {
		t.Errorf("the shop's address says %v", got)
	}
	s.charge(http.StatusCreated, token)
}

func hostedInFrame(t *testing.T, s outside) {
	token, address := s.hosted("iframe")
	must[chromedp.Void](s.tab, s.page, frame(address))
	s.press(s.bank.pages, "button.secondary")
	s.await(s.page, "window.heard.length")
	if got := must[[]object](s.tab, s.page, "window.heard"); len(got) != 1 || got[0].text("from") != s.gateway.base ||
		got[0].at("data", "success") != false || got[0].text("data", "message") != "Error en la validación de 3DS" {
		t.Errorf("the shop's page hears %v", got)
	}
	s.wellMade(s.gateway.base)
	s.chargeRefused(token, "K325")
}
