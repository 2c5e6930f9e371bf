package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pasarela/cde/threeds"
	"pasarela/pages"
)

// maxBody bounds a message to the directory server.
const maxBody = 64 << 10

const reference = "pasarela-simulator" // of the directory server and of the issuer

// directory answers a 3DS Server's messages.
func (s *Simulator) directory(w http.ResponseWriter, r *http.Request) {
	body := make([]byte, 0, maxBody+1) // never grown, so that wiping it wipes all
	defer func() { clear(body[:cap(body)]) }()
	n, err := io.ReadFull(r.Body, body[:cap(body)])
	body = body[:n]
	if !errors.Is(err, io.ErrUnexpectedEOF) { // which is: all of it was read, and it fits
		s.erro(w, r, "", threeds.ErrorMessageInvalid, "message")
		return
	}
	switch kind := threeds.TypeOf(body); kind {
	case threeds.TypePReq:
		s.cardRanges(w, r, body)
	case threeds.TypeAReq:
		s.authentication(w, r, body)
	default:
		s.erro(w, r, kind, threeds.ErrorMessageInvalid, "messageType")
	}
}

func (s *Simulator) cardRanges(w http.ResponseWriter, r *http.Request, body []byte) {
	var m threeds.PReq
	if err := threeds.Decode(body, &m); err != nil || !threeds.IsUUID(m.ThreeDSServerTransID) {
		s.erro(w, r, threeds.TypePReq, threeds.ErrorFormat, "threeDSServerTransID")
		return
	}
	now := snap(s.cfg.Cards)
	changes, ok := s.ranges.since(m.SerialNum, now)
	if !ok {
		s.erro(w, r, threeds.TypePReq, threeds.ErrorSerialNumber, "serialNum")
		return
	}
	out, err := inClear(threeds.PRes{Header: header(threeds.TypePRes), ThreeDSServerTransID: m.ThreeDSServerTransID, DSTransID: s.id(),
		DSStartProtocolVersion: threeds.Versions[0], DSEndProtocolVersion: threeds.Version, SerialNum: now.serial, CardRangeData: changes})
	s.write(w, r, out, err)
}

func header(kind string) threeds.Header {
	return threeds.Header{MessageType: kind, MessageVersion: threeds.Version}
}

// authentication asks the issuer, who is in the house.
func (s *Simulator) authentication(w http.ResponseWriter, r *http.Request, body []byte) {
	var m threeds.AReq
	if err := threeds.Decode(body, &m); err != nil {
		s.erro(w, r, threeds.TypeAReq, threeds.ErrorMessageInvalid, "message")
		return
	}
	if code, detail := wrong(m); code != "" {
		s.erro(w, r, threeds.TypeAReq, code, detail)
		return
	}
	card, known := s.cfg.Cards.Lookup(m.AcctNumber)
	v := judge(card, known, m.ChallengeInd == threeds.ChallengeMandated)
	a := threeds.ARes{Header: header(threeds.TypeARes), ThreeDSServerTransID: m.ThreeDSServerTransID, ACSTransID: s.id(), DSTransID: s.id(),
		ACSReferenceNumber: reference, ACSOperatorID: reference, DSReferenceNumber: reference, TransStatus: v.status, TransStatusReason: v.reason}
	var err error
	switch v.status {
	case threeds.StatusAuthenticated, threeds.StatusAttempted:
		a.ECI = indicator(card.Profile.Brand, v.status)
		a.AuthenticationValue, err = s.authenticationValue()
	case threeds.StatusChallenge:
		a.ACSURL, a.ACSChallengeMandated, a.AuthenticationType = s.cfg.BaseURL()+challengePath, "Y", authenticationDynamic
		a.MessageExtension = []threeds.Extension{{Name: threeds.LinkExtension, ID: threeds.LinkExtension, Data: []byte(`{}`)}}
		s.challenges.add(newChallenge(m, a, card, s.cfg.Clock.Now()))
	}
	var out []byte
	if err == nil {
		out, err = threeds.Encode(a)
	}
	s.write(w, r, out, err)
}

// wrong says what an AReq lacks, as the code and detail of an Erro.
func wrong(m threeds.AReq) (code, detail string) {
	needed := map[string]string{"threeDSServerRefNumber": m.ThreeDSServerRefNumber, "threeDSRequestorID": m.ThreeDSRequestorID,
		"threeDSRequestorName": m.ThreeDSRequestorName, "threeDSRequestorAuthenticationInd": m.AuthenticationInd, "threeDSCompInd": m.ThreeDSCompInd,
		"messageCategory": m.MessageCategory, "acctNumber": m.AcctNumber.String(), "browserAcceptHeader": m.BrowserAcceptHeader,
		"browserUserAgent": m.BrowserUserAgent, "browserLanguage": m.BrowserLanguage}
	if m.MessageCategory == threeds.CategoryPayment {
		needed["purchaseAmount"], needed["purchaseCurrency"] = m.PurchaseAmount, m.PurchaseCurrency
		needed["purchaseExponent"], needed["purchaseDate"] = m.PurchaseExponent, m.PurchaseDate
		needed["mcc"], needed["merchantCountryCode"], needed["merchantName"] = m.MCC, m.MerchantCountryCode, m.MerchantName
	}
	var missing []string
	for name, value := range needed {
		if value == "" {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	switch {
	case !slices.Contains(threeds.Versions, m.MessageVersion):
		return threeds.ErrorVersion, "messageVersion"
	case len(missing) > 0:
		return threeds.ErrorElementMissing, strings.Join(missing, ", ")
	case !threeds.IsUUID(m.ThreeDSServerTransID) || m.DeviceChannel != "02":
		return threeds.ErrorFormat, "threeDSServerTransID, deviceChannel"
	case pages.Origin(m.ThreeDSServerURL) == "" || pages.Origin(m.NotificationURL) == "" || pages.Origin(m.ThreeDSRequestorURL) == "":
		return threeds.ErrorFormat, "threeDSServerURL, notificationURL, threeDSRequestorURL"
	}
	return "", ""
}

func (s *Simulator) erro(w http.ResponseWriter, r *http.Request, about, code, detail string) {
	s.cfg.Log.LogAttrs(r.Context(), slog.LevelInfo, "3-D Secure simulator refuses a message", slog.String("type", about),
		slog.String("code", code), slog.String("detail", detail))
	out, err := threeds.Encode(threeds.NewErro(threeds.ComponentDirectory, code, detail, about))
	s.write(w, r, out, err)
}

func (s *Simulator) write(w http.ResponseWriter, r *http.Request, out []byte, err error) {
	if err != nil {
		s.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "3-D Secure simulator has no answer", slog.Any("error", err))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out) // a 3DS Server that went away asks again
}

// passOn gives a result to the 3DS Server. An error says that it was not received, and may be tried again; what
// the 3DS Server has against a result it did receive is logged.
func (s *Simulator) passOn(ctx context.Context, to string, m threeds.RReq) error {
	body, err := threeds.Encode(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resultTimeout) // a browser that goes away takes nothing back
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return errors.New("the 3DS Server's address is unusable")
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer, err := s.http.Do(r)
	if err != nil {
		return errors.New("the 3DS Server does not answer") // the cause would quote its address, which holds the proof
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil || (answer.StatusCode != http.StatusOK && threeds.TypeOf(read) != threeds.TypeErro) {
		return fmt.Errorf("the 3DS Server answers %d", answer.StatusCode)
	}
	return s.received(ctx, m, read)
}

func (s *Simulator) received(ctx context.Context, m threeds.RReq, answer []byte) error {
	switch threeds.TypeOf(answer) {
	case threeds.TypeRRes:
		return nil
	case threeds.TypeErro:
		var e threeds.Erro
		if err := threeds.Decode(answer, &e); err != nil {
			return err
		}
		if e.ErrorCode == threeds.ErrorTransient {
			return errors.New("the 3DS Server could not keep the result")
		}
		s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "3DS Server refuses a result", slog.String("authentication", m.ThreeDSServerTransID),
			slog.String("code", e.ErrorCode), slog.String("detail", e.ErrorDetail))
		return nil
	}
	return errors.New("the 3DS Server answers something else than a message")
}
