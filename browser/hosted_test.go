package browser_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
)

// hosted asks, from the shop's server, for a token whose cardholder is asked on the gateway's page.
func (s *shop) hosted(mode string) (token, address string) {
	s.t.Helper()
	got := s.gateway.call(s.t, http.StatusCreated, "POST", "/card/v1/tokens", object{"totalAmount": 16, "currency": "USD",
		"card":           object{"name": "Juan Pérez", "number": challenged, "cvv": "913", "expiryMonth": "08", "expiryYear": "35"},
		"authValidation": mode, "callbackUrl": s.page + "/back?order=7"}, "Public-Merchant-Id", s.public)
	if got.text("url") == "" || got.text("secureService") != "3dsecure" {
		s.t.Fatalf("token answers %v", got)
	}
	return got.text("token"), got.text("url")
}

// comesBack waits until the tab is at the shop's address and returns what the address says.
func (s *shop) comesBack() url.Values {
	s.t.Helper()
	s.await(s.page, "location.pathname === '/back'")
	u, err := url.Parse(must[string](s.tab, s.page, "location.href"))
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Query()
}

// A cardholder is sent to the gateway's page, answers the issuer, and is back at the shop.
func TestTheHostedPageLeadsToTheIssuerAndBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	token, address := s.hosted("url")
	s.open(address)
	s.wellMade(s.gateway.base)
	s.fill(s.gateway.base, "#code", "1234\r")
	if got := s.comesBack(); got.Get("success") != "true" || got.Get("token") != token || got.Get("order") != "7" || got.Has("message") {
		t.Errorf("the shop's address says %v", got)
	}
	s.chargeWithECI(token, "05")
	s.open(address) // once more, and there is nothing to ask
	if got := s.comesBack(); got.Get("success") != "true" {
		t.Errorf("opened again, the page leads to %v", got)
	}
}

// The third wrong code ends it, the first two may be corrected; so does the button that cancels.
func TestTheHostedPageComesBackWithAFailure(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*shop){
		"three wrong codes": func(s *shop) {
			for range 2 {
				s.fill(s.gateway.base, "#code", "4321")
				s.turn(s.gateway.base, "button:not(.secondary)")
				s.await(s.gateway.base, "document.querySelector('[role=alert]')?.textContent")
				s.wellMade(s.gateway.base)
			}
			s.fill(s.gateway.base, "#code", "4321")
			s.press(s.gateway.base, "button:not(.secondary)")
		},
		"cancelled": func(s *shop) { s.press(s.gateway.base, "button.secondary") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, dev, "EC", "on")
			token, address := s.hosted("url")
			s.open(address)
			play(s)
			got := s.comesBack()
			if got.Get("success") != "false" || got.Get("message") != "Error en la validación de 3DS" || got.Get("token") != token {
				t.Errorf("the shop's address says %v", got)
			}
			s.chargeRefused(token, "K325")
		})
	}
}

// Browsers without JavaScript pay, too.
func TestTheHostedPageWorksWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	token, address := s.hosted("url")
	s.disableScripts()
	s.open(address)
	s.fill(s.gateway.base, "#code", "1234")
	s.press(s.gateway.base, "button:not(.secondary)")
	if got := s.comesBack(); got.Get("success") != "true" || got.Get("token") != token {
		t.Errorf("the shop's address says %v", got)
	}
}

// frame puts an address into a frame of the page, which keeps the messages that it hears.
func frame(address string) string {
	return fmt.Sprintf(`{
		window.heard = [];
		addEventListener("message", (e) => heard.push({ from: e.origin, data: e.data }));
		const frame = Object.assign(document.createElement("iframe"), { title: "Su banco", src: %q });
		Object.assign(frame.style, { width: "100%%", height: "600px", border: "0" });
		document.body.append(frame);
	}`, address)
}

// In a frame of the shop's page the cardholder stays there, and the page is told what came of it, by nobody but the
// gateway.
func TestAFrameTellsTheShopsPage(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	token, address := s.hosted("iframe")
	must[chromedp.Void](s.tab, s.page, frame(address))
	s.fill(s.gateway.base, "#code", "1234\r")
	s.await(s.page, "window.heard.length")
	got := must[[]object](s.tab, s.page, "window.heard")
	if len(got) != 1 || got[0].text("from") != s.gateway.base || got[0].at("data", "success") != true || got[0].text("data", "token") != token {
		t.Errorf("the shop's page hears %v", got)
	}
	s.wellMade(s.gateway.base)
	s.chargeWithECI(token, "05")
}

// A page that the shop did not name can't hold the gateway's page in a frame, and so can't have a cardholder click on
// what is not seen.
func TestAForeignPageCannotFrameIt(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	for _, mode := range []string{"iframe", "url"} {
		_, address := s.hosted(mode)
		foreign := serve(t, map[string]string{"/": `<!doctype html><html lang="es"><title>Otra</title><body>`})
		s.open(foreign + "/")
		s.await(foreign, "document.body")
		must[chromedp.Void](s.tab, foreign, frame(address))
		s.awaitBarred()
		if _, shown := s.in(s.gateway.base); shown {
			t.Errorf("mode %s: a foreign page holds the gateway's page in a frame", mode)
		}
	}
}

// Whoever reads Spanish is addressed in Spanish, by the gateway and by the issuer.
func TestPagesSpeakSpanish(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	_, address := s.hosted("iframe")
	s.speak("es-EC,es;q=0.9")
	must[chromedp.Void](s.tab, s.page, frame(address))
	says := func(heading string) {
		s.await(s.gateway.base, fmt.Sprintf("document.documentElement.lang === 'es' && document.querySelector('h1').textContent === %q", heading))
		s.wellMade(s.gateway.base)
	}
	says("Confirma tu compra")
	s.press(s.gateway.base, "button.secondary")
	says("No se confirmó su identidad")
}

// An address that leads nowhere says so on a page like the others.
func TestALinkThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	b := newTab(t, dev.base)
	for _, path := range []string{"/3ds?token=none&merchantId=nobody", "/simulator/3ds/acs/challenge?creq=none", "/card-async/v1/agent/none"} {
		b.open(dev.base + path)
		b.await(dev.base, fmt.Sprintf("location.href.endsWith(%q)", path))
		b.wellMade(dev.base)
	}
}
