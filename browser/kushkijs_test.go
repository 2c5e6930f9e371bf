package browser_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// card is a card as the library takes it.
func card(number string) object {
	return object{"name": "Juan Pérez", "number": number, "cvc": "913", "expiryMonth": "08", "expiryYear": "35"}
}

// purchase asks the library for a token of sixteen dollars.
func purchase(number string) object {
	return object{"amount": 16, "currency": "USD", "card": card(number)}
}

// charge spends a token of sixteen dollars as the shop's server does.
func (s *shop) charge(status int, token string) object {
	s.t.Helper()
	return s.gateway.call(s.t, status, "POST", "/card/v1/charges", object{"token": token, "fullResponse": "v2",
		"amount": object{"subtotalIva": 0, "subtotalIva0": 16, "iva": 0, "ice": 0, "currency": "USD"}}, "Private-Merchant-Id", s.private)
}

// The library's token is one that the shop's server can charge.
func TestACardTokenizedInTheBrowserIsCharged(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "off")
	token := s.library("requestToken", purchase(approves)).text("token")
	if token == "" {
		t.Fatal("no token")
	}
	if got := s.charge(http.StatusCreated, token); got.text("ticketNumber") == "" {
		t.Errorf("charge answers %v", got)
	}
}

// A refusal reaches the callback with its own code and message: the page may read answers that are errors.
func TestABadCardReachesTheCallbackWithItsCode(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "off")
	for number, want := range map[string]object{
		rejected:           {"code": "017", "message": "Transacción declinada."},
		"4574441215190336": {"code": "017", "message": "Transacción declinada."}, // check digit
	} {
		got := s.library("requestToken", purchase(number))
		if got["code"] != want["code"] || got["message"] != want["message"] || got["token"] != nil {
			t.Errorf("the callback is given %v, want %v", got, want)
		}
	}
	expired := purchase(approves)
	expired["card"].(object)["expiryYear"] = "20"
	if got := s.library("requestToken", expired); got["code"] != "018" {
		t.Errorf("for an expired card the callback is given %v", got)
	}
}

// A page learns whose card it is, and how it can be paid in installments, before any token.
func TestWhatACardCanDoIsToldToThePage(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "off")
	if got := s.library("requestBinInfo", object{"bin": approves}); got["brand"] != "MASTERCARD" && got["brand"] != "mastercard" || got["cardType"] != "credit" || got["bank"] == "" {
		t.Errorf("requestBinInfo gives %v", got)
	}
	options := must[[]object](s.tab, s.page, script(t, "requestDeferred", []any{object{"bin": approves[:6]}}))
	if len(options) == 0 || options[0]["type"] == nil || options[0]["months"] == nil {
		t.Errorf("requestDeferred gives %v", options)
	}
	brands := must[[]string](s.tab, s.page, script(t, "requestBrandsByMerchant", nil))
	if !slices.Contains(brands, "Visa") {
		t.Errorf("requestBrandsByMerchant gives %v", brands)
	}
	for _, logo := range must[[]object](s.tab, s.page, script(t, "requestBrandsLogosByMerchant", nil)) {
		if !slices.Contains(brands, logo.text("brand")) {
			t.Errorf("there is a logo of %v, which is no brand of %v", logo, brands)
		}
		must[bool](s.tab, s.page, `new Promise((shown, not) => Object.assign(new Image(), {src: "`+logo.text("url")+`", onload: () => shown(true), onerror: not}))`)
	}
}

// A token of a card that its issuer asks about is worth nothing until the cardholder has answered in the library's
// own mock of a challenge; what was proven then travels to the acquirer.
func TestAChallengeInTheLibrarysMockIsPassed(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	begun := s.library("requestSecureInit", object{"card": object{"number": challenged}})
	if begun.text("jwt") == "" {
		t.Fatalf("requestSecureInit gives %v", begun)
	}
	asked := purchase(challenged)
	asked["jwt"] = begun["jwt"]
	token := s.library("requestToken", asked)
	if token.at("security", "authRequired") != true || token.text("secureId") == "" {
		t.Fatalf("requestToken gives %v", token)
	}
	s.begin("requestValidate3DS", token)
	s.fill(s.page, "#txtOtp", "0000")
	s.press(s.page, "#btnSubmit")
	s.await(s.page, `document.querySelector("#messageError.show-error")`)
	must[chromedp.Void](s.tab, s.page, `document.querySelector("#txtOtp").value = ""`)
	s.fill(s.page, "#txtOtp", "1234")
	s.press(s.page, "#btnSubmit")
	if got := s.outcome(); got["isValid"] != true {
		t.Fatalf("requestValidate3DS gives %v", got)
	}
	s.chargeWithECI(token.text("token"), "05")
}

// chargeWithECI charges a token and requires that the acquirer was told what was proven.
func (s *shop) chargeWithECI(token, eci string) {
	s.t.Helper()
	paid := s.charge(http.StatusCreated, token)
	messages, _ := s.gateway.call(s.t, http.StatusOK, "GET", "/sandbox/v1/network/messages", nil)["messages"].([]any)
	for _, m := range messages {
		m, _ := m.(map[string]any)
		if sent := object(m); sent.text("mti") == "0200" && sent.text("fields", "63") == paid.text("transactionReference") {
			if additional := sent.text("fields", "48"); !strings.Contains(additional, "4202"+eci) {
				s.t.Errorf("field 48 of the message is %q, want an ECI of %s in it", additional, eci)
			}
			return
		}
	}
	s.t.Errorf("no message of the charge %v went to the acquirer", paid)
}

// A challenge that fails is an error of the library's, and leaves a token that can't be charged.
func TestAChallengeInTheLibrarysMockFails(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	token := s.library("requestToken", purchase(challenged))
	s.begin("requestValidate3DS", token)
	s.fill(s.page, "#txtOtp", "9999")
	s.press(s.page, "#btnSubmit")
	if got := s.outcome(); got["code"] != "K008" || got["isValid"] != nil {
		t.Errorf("requestValidate3DS gives %v", got)
	}
	s.chargeRefused(token.text("token"), "K328")
}

// chargeRefused charges a token and requires that a security rule refuses.
func (s *shop) chargeRefused(token, rule string) {
	s.t.Helper()
	got := s.charge(http.StatusBadRequest, token)
	rules, _ := got.at("details", "rules").([]any)
	if len(rules) != 1 {
		s.t.Fatalf("charge answers %v", got)
	}
	if first, _ := rules[0].(map[string]any); got["code"] != "K322" || first["code"] != rule {
		s.t.Errorf("charge answers %v, want K322 with rule %s", got, rule)
	}
}

// A token whose cardholder was never asked is refused, whatever its page says.
func TestATokenIsNotChargedBeforeItsChallenge(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	s.chargeRefused(s.library("requestToken", purchase(challenged)).text("token"), "K328")
}

// An issuer that asks nothing: the library shows no challenge, and the proof is there all the same.
func TestAFrictionlessCardSeesNoChallenge(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "on")
	token := s.library("requestToken", purchase(frictionless))
	if got := s.library("requestValidate3DS", token); got["isValid"] != true {
		t.Errorf("requestValidate3DS gives %v for %v", got, token)
	}
	if must[bool](s.tab, s.page, `[...document.querySelectorAll(".kushki-modal")].some(modal => modal.style.display !== "none")`) {
		t.Error("the library shows its challenge")
	}
	s.chargeWithECI(token.text("token"), "05")
}

// A shop that does not ask for 3-D Secure can't begin it.
func TestAShopWithoutThreeDSecureHearsSo(t *testing.T) {
	t.Parallel()
	s := openShop(t, dev, "EC", "off")
	if got := s.library("requestSecureInit", object{"card": object{"number": challenged}}); got["code"] != "K013" {
		t.Errorf("requestSecureInit gives %v", got)
	}
}
