package monri

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
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
	// Digest is keyed, so that a card cannot be guessed from what is kept of a body, and nobody else can make an
	// access token. All nodes have the same key.
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

// endpoint is one row of the API.
type endpoint struct {
	method, path string
	schemes      schemes // that it takes
	scopes       scopes  // of which an access token needs one, where bearer is among the schemes
	serve        func(*call) (gateway.Answer, error)
}

func endpoints() []endpoint {
	return []endpoint{
		{method: "POST", path: "/v2/oauth", schemes: inBody, serve: (*call).grantAccess},
		{method: "POST", path: "/v2/tokens", schemes: wp3, serve: (*call).createToken},
		{method: "POST", path: "/v2/customers", schemes: wp3 | bearer, scopes: scopeCustomers, serve: (*call).createCustomer},
		{method: "GET", path: "/v2/customers", schemes: wp3 | bearer, scopes: scopeCustomers, serve: (*call).listCustomers},
		{method: "POST", path: "/v2/customers/{uuid}", schemes: wp3 | bearer, scopes: scopeCustomers, serve: (*call).changeCustomer},
		{method: "GET", path: "/v2/customers/{uuid}", schemes: wp3 | bearer, scopes: scopeCustomers, serve: (*call).customer},
		{method: "DELETE", path: "/v2/customers/{uuid}", schemes: wp3 | bearer, scopes: scopeCustomers, serve: (*call).deleteCustomer},
		{method: "GET", path: "/v2/merchants/customers/{merchant_customer_id}", schemes: wp3 | bearer, scopes: scopeCustomers, serve: (*call).customerOfMerchant},
	}
}

// Mount adds the routes, all of them under /v2/.
func (h *Handler) Mount(mux *http.ServeMux) {
	h.mount(mux, endpoints())
	mux.HandleFunc("/v2/", h.notFound)
}

// mount adds rows. A path answers in the API's own shape to the methods that it does not have.
func (h *Handler) mount(mux *http.ServeMux, rows []endpoint) {
	methods := map[string][]string{}
	for _, e := range rows {
		mux.HandleFunc(e.method+" "+e.path, func(w http.ResponseWriter, r *http.Request) { h.handle(e, w, r) })
		methods[e.path] = append(methods[e.path], e.method)
	}
	for path, all := range methods {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { h.methodNotAllowed(w, all) })
	}
}

// call is one request to an endpoint.
type call struct {
	*Handler
	endpoint
	request  *http.Request
	merchant pasarela.Merchant // whose it is, as far as that is known
	body     []byte            // as it came
}

func (h *Handler) handle(e endpoint, w http.ResponseWriter, r *http.Request) {
	c := &call{Handler: h, endpoint: e, request: r}
	answer, err := c.run(w)
	wire.Wipe(c.body)
	if err != nil {
		answer = c.refuse(err)
	}
	if answer.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", e.schemes.challenge())
	}
	h.write(w, answer)
}

func (c *call) run(w http.ResponseWriter) (gateway.Answer, error) {
	a, err := c.authenticate()
	if err != nil {
		return gateway.Answer{}, err
	}
	if c.body, err = wire.Body(w, c.request); err != nil {
		return gateway.Answer{}, err
	}
	if !c.proven(a) {
		return gateway.Answer{}, errAuthorization
	}
	return c.serve(c)
}

// refuse answers an error: an answer that is remembered under an idempotency key, or a row of the table.
func (c *call) refuse(err error) gateway.Answer {
	if before, ok := errors.AsType[*gateway.Replay](err); ok {
		return gateway.Answer{Status: before.Status, Body: before.Body}
	}
	if pasarela.CodeOf(err) == pasarela.CodeInternal {
		c.opts.Log.LogAttrs(c.request.Context(), slog.LevelError, "request failed",
			slog.String("route", c.request.Pattern), slog.String("merchant", string(c.merchant.ID)), slog.Any("error", err))
	}
	return render(err)
}

func (h *Handler) notFound(w http.ResponseWriter, _ *http.Request) {
	h.write(w, refusal(http.StatusNotFound, statusError, "there is nothing at this address"))
}

func (h *Handler) methodNotAllowed(w http.ResponseWriter, methods []string) {
	w.Header().Set("Allow", strings.Join(methods, ", "))
	h.write(w, refusal(http.StatusMethodNotAllowed, statusError, "this address takes "+enumerate(methods)+" only"))
}

// enumerate is "A", "A and B", or "A, B and C".
func enumerate(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

func (h *Handler) write(w http.ResponseWriter, a gateway.Answer) { wire.WriteJSON(w, a.Status, a.Body) }
