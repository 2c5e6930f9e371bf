package monri

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// Options is what a Handler needs beside the gateway. Log, Mask and Digest are required.
type Options struct {
	Log *slog.Logger
	// Mask hides what looks like a card number in free text before it is stored.
	Mask func([]byte) []byte
	// Digest is keyed, so that a card cannot be guessed from what is kept of a body.
	Digest func(purpose string, data ...[]byte) []byte
	// TimestampWindow is how far the signed timestamp may lie from the gateway's clock, either way. Zero,
	// the default, takes every timestamp: none is documented, and clients send seconds or milliseconds.
	TimestampWindow time.Duration
}

// Handler serves Monri's API. It is safe for concurrent use.
type Handler struct {
	gateway *gateway.Gateway
	opts    Options
}

// New returns a handler over g.
func New(g *gateway.Gateway, opts Options) *Handler { return &Handler{gateway: g, opts: opts} }

// Mount adds the routes, all of them under /v2/.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("POST /v2/tokens", h.createToken)
	mux.HandleFunc("/v2/tokens", h.methodNotAllowed)
	mux.HandleFunc("/v2/", h.notFound)
}

func (h *Handler) notFound(w http.ResponseWriter, _ *http.Request) {
	h.write(w, http.StatusNotFound, refusal(statusError, "there is nothing at this address"))
}

func (h *Handler) methodNotAllowed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", http.MethodPost)
	h.write(w, http.StatusMethodNotAllowed, refusal(statusError, "this address takes POST only"))
}

// fail answers an error: an answer that is remembered under an idempotency key, or a row of the table.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, m pasarela.MerchantID, err error) {
	if before, ok := errors.AsType[*gateway.Replay](err); ok {
		h.write(w, before.Status, before.Body)
		return
	}
	code := pasarela.CodeOf(err)
	if code == pasarela.CodeInternal {
		h.opts.Log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("path", r.URL.Path), slog.String("merchant", string(m)), slog.Any("error", err))
	}
	if code == pasarela.CodeUnauthorized {
		w.Header().Set("WWW-Authenticate", scheme)
	}
	status, body := render(err)
	h.write(w, status, body)
}

func (h *Handler) write(w http.ResponseWriter, status int, body []byte) {
	wire.WriteJSON(w, status, body)
}
