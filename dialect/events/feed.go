package events

import (
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// Handler serves the feed. It is safe for concurrent use.
type Handler struct {
	gateway *gateway.Gateway
	log     *slog.Logger
}

// New returns a handler over g.
func New(g *gateway.Gateway, log *slog.Logger) *Handler { return &Handler{gateway: g, log: log} }

// Mount adds the feed's route to mux.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/events", h.list)
	mux.HandleFunc("/v1/events", h.methodNotAllowed)
	mux.HandleFunc("/v1/events/", h.notFound)
}

// page is a part of the feed.
type page struct {
	Events []event `json:"events"`
	Next   string  `json:"next"` // cursor of what comes after these
	More   bool    `json:"more"` // there is more already
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) {
	body, err := h.read(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	wire.WriteJSON(w, http.StatusOK, body)
}

func (h *Handler) read(r *http.Request) ([]byte, error) {
	m, err := h.authenticate(r)
	if err != nil {
		return nil, err
	}
	after, limit, err := window(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	found, err := h.gateway.Events(r.Context(), m.ID, after, limit+1)
	if err != nil {
		return nil, err
	}
	p := page{Events: []event{}, More: len(found) > limit}
	for _, e := range found[:min(limit, len(found))] {
		p.Events, after = append(p.Events, render(e)), e.Place
	}
	p.Next = strconv.FormatInt(after, 10)
	return encode(p)
}

// How many events a page may have.
const (
	usualLimit = 100
	mostLimit  = 500
)

// window reads which part of the feed is asked for. The cursor is the place of the last event that the caller has seen.
func window(query string) (after int64, limit int, err error) {
	asked, err := url.ParseQuery(query)
	if err != nil {
		return 0, 0, pasarela.Errorf(pasarela.CodeInvalid, "query: send after and limit as after=CURSOR&limit=N")
	}
	limit = usualLimit
	for name, values := range asked {
		switch value := values[0]; {
		case len(values) > 1:
			return 0, 0, pasarela.Errorf(pasarela.CodeInvalid, "query: send each parameter once")
		case name == "after" && value == "":
		case name == "after":
			place, err := strconv.ParseUint(value, 10, 63)
			if err != nil {
				return 0, 0, pasarela.Errorf(pasarela.CodeInvalid, "after: send the next of an earlier answer, or leave it out to begin at the first event")
			}
			after = int64(place)
		case name == "limit":
			if limit, err = strconv.Atoi(value); err != nil || limit < 1 || limit > mostLimit {
				return 0, 0, pasarela.Errorf(pasarela.CodeInvalid, "limit: send 1 to %d", mostLimit)
			}
		default:
			return 0, 0, pasarela.Errorf(pasarela.CodeInvalid, "query: there are only after and limit")
		}
	}
	return after, limit, nil
}
