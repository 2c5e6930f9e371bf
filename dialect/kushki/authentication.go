package kushki

import (
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"

	"pasarela"
	"pasarela/gateway"
	"pasarela/pages"
)

// Challenges says how a browser gets to the page on which an issuer asks its cardholder. The 3-D Secure server
// does.
type Challenges interface {
	// Challenge is what the browser posts, and to which page. It returns CodeWrongState where nothing is asked.
	Challenge(pasarela.Authentication) (form url.Values, acsURL string, err error)
	// ChallengeLink is an address that opens the page by itself, "" where there is none.
	ChallengeLink(pasarela.Authentication) string
	// Returned says whether what a browser brought back from an issuer's page is about this authentication. It proves
	// nothing else.
	Returned(a pasarela.Authentication, cres string) bool
}

// Values of secureService.
const (
	serviceThreeDS = "3dsecure"
	serviceOTP     = "KushkiOTP"
)

// security is what kushki.js shows a challenge with; without one its texts are empty.
type security struct {
	ACSURL        string `json:"acsURL"`
	TransactionID string `json:"authenticationTransactionId"`
	AuthRequired  bool   `json:"authRequired"`
	PaReq         string `json:"paReq"`
	Version       string `json:"specificationVersion"`
}

// tokenCreated is the answer to a card that became a token.
type tokenCreated struct {
	Token         string    `json:"token"`
	URL           string    `json:"url,omitzero"`
	SecureService string    `json:"secureService,omitzero"`
	SecureID      string    `json:"secureId,omitzero"`
	Security      *security `json:"security,omitzero"`
}

// challenge says how the request lets its cardholder be asked.
func (c *call) challenge(r *tokenRequest, total pasarela.Money) (gateway.Challenge, error) {
	ch := gateway.Challenge{ReturnURL: r.CallbackURL, Browser: c.browser()}
	switch {
	case r.JWT != "":
		s, err := c.readSession(r.JWT)
		if err != nil {
			return ch, err
		}
		if s.Origin != "" { // the page that shows the challenge, whoever asks for the token
			ch.Browser.Origin = s.Origin
		}
		ch.Mode, ch.ReturnURL = pasarela.ChallengeScript, ""
	case r.AuthValidation == authURL:
		ch.Mode = pasarela.ChallengeURL
	case r.AuthValidation == authFrame:
		ch.Mode = pasarela.ChallengeFrame
	}
	var err error
	ch.OTP, err = c.oneTimePassword(total.Currency)
	return ch, err
}

// maxHeader bounds what is taken over from a header of the browser, in bytes.
const maxHeader = 2048

// browser is what the request tells of the cardholder's browser; of a merchant's server where that one asks.
func (c *call) browser() pasarela.Browser {
	h := c.request.Header
	language, _, _ := strings.Cut(h.Get("Accept-Language"), ",")
	language, _, _ = strings.Cut(language, ";")
	b := pasarela.Browser{Accept: h.Get("Accept"), UserAgent: h.Get("User-Agent"), Language: strings.TrimSpace(language)}
	if origin := pages.Origin(h.Get("Origin")); len(origin) <= maxHeader {
		b.Origin = origin
	}
	for _, text := range []*string{&b.Accept, &b.UserAgent, &b.Language} {
		*text = strings.ToValidUTF8((*text)[:min(len(*text), maxHeader)], "")
	}
	if host, _, err := net.SplitHostPort(c.request.RemoteAddr); err == nil && net.ParseIP(host) != nil {
		b.IP = host
	}
	return b
}

// codeRange is what a country's one-time password is chosen from, in minor units. In a sandbox it is known.
type codeRange struct {
	low, high, sandbox int64
	currency           pasarela.Currency // in which it is held
}

// codeRanges are the published ones; Colombia's is ours, which the publication leaves out.
var codeRanges = map[pasarela.Currency]codeRange{
	"USD": {low: 100, high: 200, sandbox: 155, currency: "USD"},
	"PEN": {low: 186, high: 699, sandbox: 155, currency: "PEN"},
	"MXN": {low: 101, high: 999, sandbox: 555, currency: "MXN"},
	"COP": {low: 101, high: 999, sandbox: 555, currency: "COP"},
	"CLP": {low: 500, high: 999, sandbox: 150, currency: "CLP"},
	"CLF": {low: 500, high: 999, sandbox: 150, currency: "CLP"},
}

// oneTimePassword chooses what the cardholder would find on the card's statement: three digits, those of the
// amount. The gateway uses it only where one is asked for.
func (c *call) oneTimePassword(currency pasarela.Currency) (gateway.OTP, error) {
	s, ok := codeRanges[currency]
	if !ok {
		return gateway.OTP{}, nil
	}
	minor := s.sandbox
	if !c.Sandbox {
		n, err := rand.Int(rand.Reader, big.NewInt(s.high-s.low+1))
		if err != nil {
			return gateway.OTP{}, pasarela.Wrap(pasarela.CodeInternal, err, "no random number for a one-time password")
		}
		minor = s.low + n.Int64()
	}
	return gateway.OTP{Amount: pasarela.Money{Minor: minor, Currency: s.currency}, Code: big.NewInt(minor).String()}, nil
}

// tokenAnswer renders a token, and how its cardholder is to be asked. withSession says that kushki.js began it. beginning
// is that of the card's number, which is shown while the number is known, and not kept.
func (c *call) tokenAnswer(withSession bool, beginning string) func(pasarela.Token, pasarela.Authentication) gateway.Answer {
	return func(t pasarela.Token, a pasarela.Authentication) gateway.Answer {
		answer := tokenCreated{Token: string(t.ID)}
		pending := a.State == pasarela.AuthenticationPending && a.ACSURL != ""
		switch {
		case a.Kind == pasarela.AuthenticateOTP:
			answer.SecureService, answer.SecureID = serviceOTP, string(a.ID)
		case a.Mode == pasarela.ChallengeScript && a.ID != "":
			answer.SecureService, answer.SecureID = serviceThreeDS, string(a.ID)
		case pending && a.Mode != pasarela.ChallengeNone:
			answer.SecureService, answer.SecureID, answer.URL = serviceThreeDS, string(a.ID), c.hostedURL(t, a, beginning)
		}
		if withSession && c.activeThreeDS() {
			answer.Security = c.security(a, pending && a.Kind == pasarela.AuthenticateThreeDS)
		}
		return encode(http.StatusCreated, answer)
	}
}

// security is what the browser library continues with.
func (c *call) security(a pasarela.Authentication, pending bool) *security {
	s := &security{Version: a.Secure.Version}
	if s.Version == "" {
		s.Version = defaultVersion
	}
	if !pending {
		return s
	}
	form, acsURL, err := c.Challenges.Challenge(a)
	if err != nil {
		return s
	}
	s.AuthRequired, s.ACSURL, s.TransactionID, s.PaReq = true, acsURL, a.ACSID, form.Get("creq")
	if c.Sandbox {
		s.PaReq = "sandbox" // the library then shows a mock of its own
	}
	return s
}

// defaultVersion is named where no protocol ran.
const defaultVersion = "2.2.0"

// hostedURL is the page that leads the cardholder to the issuer. What it says of bin, callbackUrl and isSandbox
// is for eyes only.
func (c *call) hostedURL(t pasarela.Token, a pasarela.Authentication, beginning string) string {
	sandbox := "false"
	if c.Sandbox {
		sandbox = "true"
	}
	return c.hostedAddress(c.merchant, t.ID) +
		"&bin=" + base64.StdEncoding.EncodeToString([]byte(beginning)) +
		"&callbackUrl=" + url.QueryEscape(a.ReturnURL) + "&isSandbox=" + sandbox
}

// hostedAddress is what counts of hostedURL.
func (h *Handler) hostedAddress(m pasarela.Merchant, t pasarela.TokenID) string {
	return h.PublicURL() + hostedPath + "?token=" + url.QueryEscape(string(t)) + "&merchantId=" + url.QueryEscape(m.Kushki.PublicID)
}

// activeThreeDS says whether the merchant's cardholders can be authenticated by their issuers.
func (c *call) activeThreeDS() bool {
	return c.merchant.ThreeDS != pasarela.ThreeDSOff && c.Challenges != nil
}
