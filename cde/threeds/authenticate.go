package threeds

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pasarela"
	"pasarela/cde/vault"
)

// Request is whom to authenticate, and for what.
type Request struct {
	ID           pasarela.AuthenticationID // becomes the threeDSServerTransID
	Merchant     pasarela.Merchant
	Card         vault.Card // stays the caller's to wipe, and must not be wiped before Authenticate returns
	Brand        pasarela.Brand
	Amount       pasarela.Money // zero where the card is only to be kept
	Installments int            // months; 0 or 1 is none
	Recurrence   pasarela.Recurrence
	Challenge    bool // the cardholder is to be asked, whatever the issuer thinks
	Browser      pasarela.Browser
	Mode         pasarela.ChallengeMode
	ReturnURL    string // merchant's page; with ChallengeFrame its origin may frame the issuer's page
}

// Authenticate asks the issuer whether the buyer is the cardholder: one round trip to the directory server, no
// longer than the Timeout. It never fails: an answer without a proof has a Reason. A pending answer has the
// version and the directory server's id in Secure, for Challenge and Results to be held against.
func (s *Server) Authenticate(ctx context.Context, r Request) pasarela.AuthenticationAnswer {
	started := time.Now()
	a := s.authenticate(ctx, r)
	outcome := string(a.Reason)
	if outcome == "" {
		outcome = string(a.State)
	}
	s.observed(TypeAReq, started, outcome)
	return a
}

func (s *Server) authenticate(ctx context.Context, r Request) pasarela.AuthenticationAnswer {
	areq := s.areq(r)
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	body, err := s.call(ctx, areq.encode, maxAnswer)
	switch {
	case err != nil && timedOut(err):
		return s.gaveUp(ctx, r, pasarela.ReasonTimeout, err)
	case errors.Is(err, errTooLarge):
		return s.gaveUp(ctx, r, pasarela.ReasonInvalid, err)
	case err != nil:
		return s.gaveUp(ctx, r, pasarela.ReasonUnavailable, err)
	}
	if TypeOf(body) == TypeErro {
		return s.refusedByErro(ctx, r, body)
	}
	a, err := s.readARes(body, r)
	if err != nil {
		return s.gaveUp(ctx, r, pasarela.ReasonInvalid, err)
	}
	if a.Reason == pasarela.ReasonInvalid || a.Reason == pasarela.ReasonIncomplete {
		return s.gaveUp(ctx, r, a.Reason, errors.New("the directory server's answer lacks something, or contradicts itself"))
	}
	return a
}

// gaveUp logs what an operator should look at. The error is of ours or of net/http: none quotes a body.
func (s *Server) gaveUp(ctx context.Context, r Request, why pasarela.AuthenticationReason, err error) pasarela.AuthenticationAnswer {
	s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "authentication without an outcome", slog.String("merchant", string(r.Merchant.ID)),
		slog.String("authentication", string(r.ID)), slog.String("reason", string(why)), slog.Any("error", err))
	return failed(why)
}

func (s *Server) refusedByErro(ctx context.Context, r Request, body []byte) pasarela.AuthenticationAnswer {
	var e Erro
	if err := Decode(body, &e); err != nil {
		return s.gaveUp(ctx, r, pasarela.ReasonInvalid, err)
	}
	why := pasarela.ReasonUnavailable
	if e.ErrorCode == ErrorTimedOut {
		why = pasarela.ReasonTimeout
	}
	return s.gaveUp(ctx, r, why, errors.New("the directory server answers with error code "+e.code()))
}

// code is the error's code, fit for a log: its texts may quote the message, and so the card.
func (e Erro) code() string {
	if len(e.ErrorCode) != 3 || strings.Trim(e.ErrorCode, "0123456789") != "" {
		return "unknown"
	}
	return e.ErrorCode
}

// readARes is what the answer means. The error says that it is none, or to another request.
func (s *Server) readARes(body []byte, r Request) (pasarela.AuthenticationAnswer, error) {
	var m ARes
	if err := Decode(body, &m); err != nil {
		return pasarela.AuthenticationAnswer{}, err
	}
	if code := m.check(TypeARes, m.MessageExtension); code != "" {
		return pasarela.AuthenticationAnswer{}, errors.New("answer to AReq: " + errorDescriptions[code])
	}
	if m.ThreeDSServerTransID != string(r.ID) || !IsUUID(m.ACSTransID) || !IsUUID(m.DSTransID) {
		return pasarela.AuthenticationAnswer{}, errors.New("answer to AReq has other transaction ids, or none")
	}
	return s.meaning(m, r.Brand), nil
}

func (s *Server) meaning(m ARes, b pasarela.Brand) pasarela.AuthenticationAnswer {
	switch m.TransStatus {
	case StatusAuthenticated, StatusAttempted:
		a := proven(m.TransStatus, m.MessageVersion, m.DSTransID, m.ECI, m.AuthenticationValue)
		if !ofBrand(a, b) {
			return failed(pasarela.ReasonInvalid)
		}
		return a
	case StatusChallenge:
		return s.pending(m)
	case StatusDenied, StatusRejected, StatusUnavailable:
		return failed(refused(m.TransStatus, m.TransStatusReason))
	case "":
		return failed(pasarela.ReasonIncomplete)
	}
	return failed(pasarela.ReasonInvalid)
}

func (s *Server) pending(m ARes) pasarela.AuthenticationAnswer {
	if m.ACSURL == "" {
		return failed(pasarela.ReasonIncomplete)
	}
	u, err := url.Parse(m.ACSURL)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return failed(pasarela.ReasonInvalid)
	}
	linked := func(e Extension) bool { return e.Name == LinkExtension }
	return pasarela.AuthenticationAnswer{State: pasarela.AuthenticationPending, ACSURL: m.ACSURL, ACSID: m.ACSTransID,
		ByLink: s.cfg.AllowLinks && slices.ContainsFunc(m.MessageExtension, linked),
		Secure: pasarela.Secure{Version: m.MessageVersion, DirectoryServerID: m.DSTransID}}
}

// areq writes the request in the protocol's words.
func (s *Server) areq(r Request) AReq {
	m := AReq{
		Header: Header{TypeAReq, Version}, ThreeDSServerTransID: string(r.ID), ThreeDSServerRefNumber: s.cfg.ReferenceNumber,
		ThreeDSServerOperatorID: s.cfg.OperatorID, ThreeDSServerURL: s.resultsURL(r.Merchant.ID, r.ID), ThreeDSCompInd: methodNone,
		DeviceChannel: channelBrowser, MessageCategory: CategoryPayment, AuthenticationInd: purpose(r), ChallengeInd: challengeNoPreference,
		ThreeDSRequestorID: s.cfg.RequestorID, ThreeDSRequestorName: s.cfg.RequestorName, ThreeDSRequestorURL: s.requestorURL(r),
		AcquirerBIN: s.cfg.AcquirerBIN, AcquirerMerchantID: string(r.Merchant.ID), MCC: s.cfg.MCC,
		MerchantCountryCode: countryCodes[r.Merchant.Country], MerchantName: clip(r.Merchant.Name, 40),
		CardExpiryDate: r.Card.Expiry, CardholderName: holder(r.Card.Holder), AcctNumber: r.Card.Number,
		NotificationURL: s.ReturnURL(r.Merchant.ID, r.ID),
	}
	if m.ThreeDSRequestorName == "" {
		m.ThreeDSRequestorName = m.MerchantName
	}
	if r.Challenge {
		m.ChallengeInd = ChallengeMandated
	}
	if s.ranges.Load().methods.contains(r.Card.Number) {
		m.ThreeDSCompInd = methodNotRun
	}
	if r.Amount.Minor == 0 {
		m.MessageCategory = CategoryNonPayment
	}
	s.purchase(&m, r)
	browser(&m, r.Browser)
	return m
}

// purpose is what the authentication is for.
func purpose(r Request) string {
	switch {
	case r.Installments > 1:
		return purposeInstallment
	case r.Recurrence != pasarela.RecurrenceNone:
		return purposeRecurring
	case r.Amount.Minor == 0:
		return purposeAddCard
	}
	return purposePayment
}

// monthly is how many days lie between the payments of a series (recurringFrequency): the schemes read 28 as a
// month. The gateway does not know better what an engine of the merchant's own will do.
const monthly = "28"

func (s *Server) purchase(m *AReq, r Request) {
	series := m.AuthenticationInd == purposeInstallment || m.AuthenticationInd == purposeRecurring
	if m.MessageCategory == CategoryPayment || series {
		m.PurchaseAmount = strconv.FormatInt(r.Amount.Minor, 10)
		m.PurchaseCurrency = r.Amount.Currency.Numeric()
		m.PurchaseExponent = strconv.Itoa(r.Amount.Currency.Digits())
		m.PurchaseDate = s.cfg.Clock.Now().UTC().Format("20060102150405")
	}
	if m.AuthenticationInd == purposeInstallment {
		m.PurchaseInstalData = strconv.Itoa(r.Installments)
	}
	if series {
		m.RecurringFrequency = monthly
		m.RecurringExpiry = lastDay(r.Card.Expiry, s.cfg.Clock.Now())
	}
}

// lastDay is the last day of a card (YYMM), after which it can't be charged: the end of any series on it.
func lastDay(expiry string, now time.Time) string {
	end, err := pasarela.CardFacts{Expiry: expiry}.MonthAfterExpiry()
	if err != nil {
		end = now.AddDate(1, 0, 1)
	}
	return end.AddDate(0, 0, -1).Format("20060102")
}

// requestorURL is where the cardholder believes to be. An issuer may let this origin frame its page, so it is the
// merchant's only where the page is to be framed.
func (s *Server) requestorURL(r Request) string {
	from := ""
	switch r.Mode {
	case pasarela.ChallengeFrame:
		from = origin(r.ReturnURL)
	case pasarela.ChallengeScript:
		if from = origin(r.Browser.Origin); from == "" {
			from = origin(r.ReturnURL)
		}
	}
	if from == "" {
		return s.cfg.PublicURL()
	}
	return from
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// browser fills in what is not known, as when a merchant's server asks: the protocol wants something.
func browser(m *AReq, b pasarela.Browser) {
	m.BrowserAcceptHeader = clip(orElse(b.Accept, "*/*"), 2048)
	m.BrowserUserAgent = clip(orElse(b.UserAgent, "unknown"), 2048)
	m.BrowserLanguage = orElse(b.Language, "en")
	if len(m.BrowserLanguage) > 8 {
		primary, _, _ := strings.Cut(m.BrowserLanguage, "-")
		m.BrowserLanguage = clip(primary, 8)
	}
	if len(b.IP) <= 45 {
		m.BrowserIP = b.IP
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// holder is the name as the protocol takes it: 2 to 45 characters, or none.
func holder(name string) string {
	if name = clip(strings.TrimSpace(name), 45); len([]rune(name)) < 2 {
		return ""
	}
	return name
}

// clip shortens a text to so many characters.
func clip(text string, characters int) string {
	if runes := []rune(text); len(runes) > characters {
		return string(runes[:characters])
	}
	return text
}

// countryCodes are the numeric codes (ISO 3166-1) of the countries that a merchant can be in.
var countryCodes = map[string]string{"EC": "218", "CO": "170", "MX": "484", "PE": "604", "CL": "152", "BA": "070",
	"HR": "191", "RS": "688", "SI": "705", "ME": "499", "MK": "807"}
