package threeds

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"pasarela"
)

// The sizes of a challenge's window (challengeWindowSize).
const (
	windowPhone = "02" // 390 x 400 pixels
	windowFull  = "05"
)

// maxCReq bounds what a browser brings; a CReq or CRes has a few hundred bytes.
const maxCReq = 8 << 10

// CReq opens a challenge at the issuer, brought by the browser.
type CReq struct {
	Header
	ThreeDSServerTransID string      `json:"threeDSServerTransID"`
	ACSTransID           string      `json:"acsTransID"`
	ChallengeWindowSize  string      `json:"challengeWindowSize,omitempty"`
	MessageExtension     []Extension `json:"messageExtension,omitempty"`
}

// CRes is what the browser brings back from the issuer. It proves nothing: anybody could have made it.
type CRes struct {
	Header
	ThreeDSServerTransID   string      `json:"threeDSServerTransID"`
	ACSTransID             string      `json:"acsTransID"`
	ChallengeCompletionInd string      `json:"challengeCompletionInd,omitempty"`
	TransStatus            string      `json:"transStatus"`
	MessageExtension       []Extension `json:"messageExtension,omitempty"`
}

// EncodeBrowser writes a CReq or CRes as it travels through a browser: base64url without padding.
func EncodeBrowser(message any) (string, error) {
	body, err := Encode(message)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(body), nil
}

// DecodeCReq reads what a browser brought. The error has CodeInvalid.
func DecodeCReq(text string) (CReq, error) {
	var m CReq
	if err := decodeBrowser(text, &m); err != nil {
		return CReq{}, err
	}
	return m, checkBrowser(m.check(TypeCReq, m.MessageExtension), m.ThreeDSServerTransID, m.ACSTransID)
}

// DecodeCRes reads what a browser brought back. The error has CodeInvalid.
func DecodeCRes(text string) (CRes, error) {
	var m CRes
	if err := decodeBrowser(text, &m); err != nil {
		return CRes{}, err
	}
	return m, checkBrowser(m.check(TypeCRes, m.MessageExtension), m.ThreeDSServerTransID, m.ACSTransID)
}

// decodeBrowser tolerates padding, which some issuers leave.
func decodeBrowser(text string, into any) error {
	if len(text) > maxCReq {
		return pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: message is larger than %d characters", maxCReq)
	}
	body, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: message is not base64url")
	}
	return Decode(body, into)
}

func checkBrowser(code string, ids ...string) error {
	if code != "" {
		return pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: %s", errorDescriptions[code])
	}
	for _, id := range ids {
		if !IsUUID(id) {
			return pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: a transaction id is missing or is no UUID")
		}
	}
	return nil
}

// Challenge is what the cardholder's browser posts, and to which page of the issuer. It returns CodeWrongState
// for an authentication that asks for no challenge, or no longer.
func (s *Server) Challenge(a pasarela.Authentication) (form url.Values, acsURL string, err error) {
	if a.State != pasarela.AuthenticationPending || a.ACSURL == "" {
		return nil, "", pasarela.Errorf(pasarela.CodeWrongState, "authentication is %s, without a challenge", a.State)
	}
	m := CReq{Header: Header{TypeCReq, a.Secure.Version}, ThreeDSServerTransID: string(a.ID), ACSTransID: a.ACSID,
		ChallengeWindowSize: windowFull}
	if m.MessageVersion == "" {
		m.MessageVersion = Version
	}
	if a.Mode == pasarela.ChallengeScript {
		m.ChallengeWindowSize = windowPhone
	}
	creq, err := EncodeBrowser(m)
	if err != nil {
		return nil, "", err
	}
	session := base64.RawURLEncoding.EncodeToString([]byte(string(a.Merchant) + "/" + string(a.ID)))
	return url.Values{"creq": {creq}, "threeDSSessionData": {session}}, a.ACSURL, nil
}

// ChallengeLink is an address that opens the issuer's page, for a browser that only follows links; "" where the
// issuer's page can't be opened so, or there is nothing to answer.
func (s *Server) ChallengeLink(a pasarela.Authentication) string {
	form, acsURL, err := s.Challenge(a)
	if err != nil || !a.ByLink {
		return ""
	}
	u, err := url.Parse(acsURL)
	if err != nil {
		return ""
	}
	query := u.Query()
	query.Set("creq", form.Get("creq"))
	query.Set("threeDSSessionData", form.Get("threeDSSessionData"))
	u.RawQuery = query.Encode()
	return u.String()
}

// Returned says whether what a browser brought back, a CRes, is about this authentication. It proves no more than
// that, as the browser knows all that is in it.
func (s *Server) Returned(a pasarela.Authentication, cres string) bool {
	m, err := DecodeCRes(cres)
	return err == nil && strings.EqualFold(m.ThreeDSServerTransID, string(a.ID)) && strings.EqualFold(m.ACSTransID, a.ACSID)
}

// Answer gives a code to the issuer in the cardholder's place, where a browser library shows a mock challenge.
// Only an issuer that can be opened by a link takes part, which a real one does not. What the code was worth
// arrives by the usual way, before Answer returns: read the authentication again. It returns CodeWrongState
// where there is no challenge, and CodeInternal where the issuer's page does not answer.
func (s *Server) Answer(ctx context.Context, a pasarela.Authentication, code string) error {
	form, acsURL, err := s.Challenge(a)
	if err != nil {
		return err
	}
	if !a.ByLink || !s.cfg.AllowLinks {
		return pasarela.Errorf(pasarela.CodeWrongState, "only a simulated issuer can be answered in the cardholder's place")
	}
	form.Set("link", "1")
	if err := s.browse(ctx, acsURL, form); err != nil {
		return err
	}
	form.Set("code", code)
	return s.browse(ctx, acsURL, form)
}

// browse posts a form as a browser does. Redirects are not followed: they lead back to the gateway.
func (s *Server) browse(ctx context.Context, address string, form url.Values) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return pasarela.Errorf(pasarela.CodeInternal, "the issuer's page has no usable address")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.http.Do(r)
	if err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "the issuer's page does not answer")
	}
	defer drain(answer.Body)
	if answer.StatusCode >= http.StatusInternalServerError {
		return pasarela.Errorf(pasarela.CodeInternal, "the issuer's page answers %d", answer.StatusCode)
	}
	return nil
}
