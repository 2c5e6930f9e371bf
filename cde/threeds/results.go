package threeds

import (
	"crypto/subtle"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"pasarela"
)

// maxResult bounds an RReq, which has a few hundred bytes.
const maxResult = 64 << 10

// RReq tells what came of a challenge.
type RReq struct {
	Header
	ThreeDSServerTransID string      `json:"threeDSServerTransID"`
	ACSTransID           string      `json:"acsTransID"`
	DSTransID            string      `json:"dsTransID"`
	MessageCategory      string      `json:"messageCategory"`
	TransStatus          string      `json:"transStatus"`
	TransStatusReason    string      `json:"transStatusReason,omitempty"`
	AuthenticationType   string      `json:"authenticationType,omitempty"`
	AuthenticationMethod string      `json:"authenticationMethod,omitempty"`
	AuthenticationValue  string      `json:"authenticationValue,omitempty"`
	ECI                  string      `json:"eci,omitempty"`
	ChallengeCancel      string      `json:"challengeCancel,omitempty"`
	InteractionCounter   string      `json:"interactionCounter,omitempty"`
	MessageExtension     []Extension `json:"messageExtension,omitempty"`
}

// RRes says that an RReq was taken.
type RRes struct {
	Header
	ThreeDSServerTransID string `json:"threeDSServerTransID"`
	ACSTransID           string `json:"acsTransID"`
	DSTransID            string `json:"dsTransID"`
	ResultsStatus        string `json:"resultsStatus"` // 01: received, for further processing
}

const resultsReceived = "01"

// Handler takes results from the directory server, at ResultsPattern. It answers RRes, or Erro.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+ResultsPattern, s.results)
	return mux
}

// results. The proof comes first: who does not have it learns nothing, and has nothing read.
func (s *Server) results(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	m, id := pasarela.MerchantID(r.PathValue("merchant")), pasarela.AuthenticationID(r.PathValue("id"))
	if subtle.ConstantTimeCompare([]byte(r.PathValue("proof")), []byte(s.proof(m, id))) != 1 {
		s.observed(TypeRReq, started, "forged")
		s.reply(w, r, http.StatusForbidden, NewErro(ComponentServer, ErrorAccessDenied, "threeDSServerURL", TypeRReq))
		return
	}
	rreq, code, detail := readRReq(http.MaxBytesReader(w, r.Body, maxResult), id)
	if code != "" {
		s.refuse(w, r, started, rreq, code, detail)
		return
	}
	answer := rreq.meaning()
	answer.ACSID, answer.Secure.DirectoryServerID = rreq.ACSTransID, rreq.DSTransID
	if err := s.cfg.Results(r.Context(), m, id, answer); err != nil {
		s.notTaken(w, r, started, rreq, err)
		return
	}
	if answer.Reason == pasarela.ReasonIncomplete { // recorded as failed, and the issuer is to know
		s.refuse(w, r, started, rreq, ErrorElementMissing, "eci, authenticationValue")
		return
	}
	outcome := string(answer.Reason)
	if outcome == "" {
		outcome = string(answer.State)
	}
	s.observed(TypeRReq, started, outcome)
	s.reply(w, r, http.StatusOK, RRes{Header: Header{TypeRRes, rreq.MessageVersion}, ThreeDSServerTransID: string(id),
		ACSTransID: rreq.ACSTransID, DSTransID: rreq.DSTransID, ResultsStatus: resultsReceived})
}

// readRReq reads a result about an authentication, or says as the code and detail of an Erro what is wrong.
func readRReq(from io.Reader, id pasarela.AuthenticationID) (m RReq, code, detail string) {
	body, err := io.ReadAll(from)
	if err != nil || Decode(body, &m) != nil {
		return RReq{}, ErrorMessageInvalid, "message"
	}
	if code := m.check(TypeRReq, m.MessageExtension); code != "" {
		return m, code, "messageType, messageVersion, messageExtension"
	}
	switch {
	case m.ThreeDSServerTransID != string(id):
		return m, ErrorTransactionUnknown, "threeDSServerTransID"
	case !IsUUID(m.ACSTransID) || !IsUUID(m.DSTransID):
		return m, ErrorFormat, "acsTransID, dsTransID"
	}
	switch m.TransStatus {
	case "":
		return m, ErrorElementMissing, "transStatus"
	case StatusAuthenticated, StatusAttempted, StatusDenied, StatusUnavailable, StatusRejected:
		return m, "", ""
	}
	return m, ErrorFormat, "transStatus"
}

func (m RReq) meaning() pasarela.AuthenticationAnswer {
	if m.TransStatus == StatusAuthenticated || m.TransStatus == StatusAttempted {
		return proven(m.TransStatus, m.MessageVersion, m.DSTransID, m.ECI, m.AuthenticationValue)
	}
	return failed(unproven(m.TransStatus, m.TransStatusReason, m.ChallengeCancel))
}

// notTaken answers for a gateway that did not take the result.
func (s *Server) notTaken(w http.ResponseWriter, r *http.Request, started time.Time, m RReq, err error) {
	switch pasarela.CodeOf(err) {
	case pasarela.CodeNotFound:
		s.refuse(w, r, started, m, ErrorTransactionUnknown, "threeDSServerTransID")
	case pasarela.CodeInvalid, pasarela.CodeWrongState:
		s.refuse(w, r, started, m, ErrorTransactionData, "acsTransID, dsTransID, transStatus")
	default:
		s.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "result of an authentication was not kept",
			slog.String("authentication", m.ThreeDSServerTransID), slog.Any("error", err))
		s.refuse(w, r, started, m, ErrorTransient, "try again")
	}
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, started time.Time, m RReq, code, detail string) {
	s.observed(TypeRReq, started, "error_"+code)
	e := NewErro(ComponentServer, code, detail, TypeRReq)
	e.ThreeDSServerTransID, e.ACSTransID, e.DSTransID = uuidOrNone(m.ThreeDSServerTransID), uuidOrNone(m.ACSTransID), uuidOrNone(m.DSTransID)
	s.reply(w, r, http.StatusOK, e)
}

func uuidOrNone(s string) string {
	if IsUUID(s) {
		return s
	}
	return ""
}

// reply writes a message. Errors of the protocol travel as 200, as it asks.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, status int, message any) {
	body, err := Encode(message)
	if err != nil {
		s.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "an answer could not be written", slog.Any("error", err))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", jsonType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a directory server that went away asks again
}
