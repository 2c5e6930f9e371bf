package events

import (
	"errors"
	"log/slog"
	"net/http"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// problem is what a refusal says.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type failure struct {
	Error problem `json:"error"`
}

// The refusals of this room; what is wrong with a query is said by the error itself.
var (
	unauthorized     = problem{"unauthorized", "send Private-Merchant-Id, or HTTP Basic with authenticity token and merchant key"}
	notFound         = problem{"not_found", "there is nothing at this address: the feed is at /v1/events"}
	methodNotAllowed = problem{"method_not_allowed", "this address takes GET only"}
	internal         = problem{"internal", "something went wrong on our side: repeat the request later"}
)

// refuse answers an error. Nothing of one that is not the caller's shows through.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch own, known := errors.AsType[*pasarela.Error](err); {
	case known && own.Code == pasarela.CodeInvalid:
		write(w, http.StatusBadRequest, problem{"invalid", own.Text})
	case known && own.Code == pasarela.CodeUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="events"`)
		write(w, http.StatusUnauthorized, unauthorized)
	default:
		h.log.LogAttrs(r.Context(), slog.LevelError, "events cannot be told", slog.Any("error", err))
		write(w, http.StatusInternalServerError, internal)
	}
}

func (h *Handler) methodNotAllowed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	write(w, http.StatusMethodNotAllowed, methodNotAllowed)
}

func (h *Handler) notFound(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusNotFound, notFound)
}

func write(w http.ResponseWriter, status int, p problem) {
	body, err := encode(failure{p})
	if err != nil { // a text that is not UTF-8; none of ours
		body = []byte(`{"error":{"code":"internal","message":""}}`)
	}
	wire.WriteJSON(w, status, body)
}
