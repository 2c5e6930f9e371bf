package kushki

import (
	"log/slog"
	"net/http"
	"time"
	_ "time/tzdata" // the countries' void windows need their zones on machines without a database of them

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// Options is what a Handler needs besides the gateway. All of it is required.
type Options struct {
	Log *slog.Logger
	// Mask hides what looks like a card number in text that callers may write freely.
	Mask func([]byte) []byte
	// Digest is keyed, so that a stored digest of a body does not give the body away.
	Digest func(purpose string, data ...[]byte) []byte
	// CountryName is the English name of an ISO 3166-1 alpha-2 code, "" for one it does not know.
	CountryName func(code string) string
	// Sandbox admits published test numbers of 12 and 13 digits.
	Sandbox bool
}

// Handler serves the API. It is safe for concurrent use.
type Handler struct {
	Options
	gateway *gateway.Gateway
	zones   map[string]*time.Location // by country code
}

// New returns a handler over g.
func New(g *gateway.Gateway, o Options) *Handler {
	h := &Handler{Options: o, gateway: g, zones: map[string]*time.Location{}}
	for _, c := range pasarela.Countries {
		zone, err := time.LoadLocation(c.TimeZone)
		if err != nil {
			panic("kushki: time zone of " + c.Code + " is not in the zone database: " + err.Error())
		}
		h.zones[c.Code] = zone
	}
	return h
}

// endpoint is one row of the API.
type endpoint struct {
	method, path string
	product      *product
	public       bool // takes the public credential, not the private one
	twoStep      bool // authorizations and captures, which Ecuador does not have
	serve        func(*call) (gateway.Answer, error)
}

func endpoints() []endpoint {
	return []endpoint{
		{method: "POST", path: "/card/v1/tokens", product: &cardTokens, public: true, serve: (*call).cardToken},
		{method: "POST", path: "/v1/tokens", product: &cardTokens, public: true, serve: (*call).cardToken},
		{method: "POST", path: "/card/v1/charges", product: &charges, serve: (*call).charge},
		{method: "POST", path: "/v1/charges", product: &charges, serve: (*call).charge},
		{method: "POST", path: "/card/v1/preAuthorization", product: &preauthorizations, twoStep: true, serve: (*call).preauthorize},
		{method: "POST", path: "/card/v1/capture", product: &captures, twoStep: true, serve: (*call).capture},
		{method: "DELETE", path: "/v1/charges/{ticket}", product: &voids, serve: (*call).void},
		{method: "DELETE", path: "/v1/refund/{ticket}", product: &refunds, serve: (*call).refund},
		{method: "POST", path: "/subscriptions/v1/card/tokens", product: &subscriptionTokens, public: true, serve: (*call).subscriptionToken},
		{method: "POST", path: "/subscriptions/v1/card", product: &subscriptions, serve: (*call).subscribe},
		{method: "POST", path: "/subscriptions/v1/card/{subscription}/authorize", product: &subscriptionPayments, twoStep: true, serve: (*call).authorizeSubscription},
		{method: "POST", path: "/subscriptions/v1/card/{subscription}/capture", product: &subscriptionPayments, twoStep: true, serve: (*call).capture},
	}
}

// prefixes is where an unknown route is answered as the API's front does, whatever the method. Each stands with
// and without its slash, or the mux would redirect from the one to the other.
var prefixes = []string{"/card", "/card/", "/subscriptions", "/subscriptions/", "/v1/tokens", "/v1/tokens/", "/v1/charges", "/v1/charges/", "/v1/refund", "/v1/refund/"}

// Mount adds the API's routes to mux.
func (h *Handler) Mount(mux *http.ServeMux) {
	for _, e := range endpoints() {
		mux.HandleFunc(e.method+" "+e.path, func(w http.ResponseWriter, r *http.Request) { h.handle(e, w, r) })
	}
	for _, p := range prefixes {
		mux.HandleFunc(p, func(w http.ResponseWriter, _ *http.Request) { h.write(w, errNoRoute.answer()) })
	}
}

// call is one request to a merchant's endpoint.
type call struct {
	*Handler
	product  *product
	merchant pasarela.Merchant
	request  *http.Request
	body     []byte
	shape    shape // of the answer, known once the body is decoded
}

func (h *Handler) handle(e endpoint, w http.ResponseWriter, r *http.Request) {
	c := &call{Handler: h, product: e.product, request: r}
	answer, err := c.run(e, w)
	wire.Wipe(c.body)
	if err != nil {
		answer = c.refuse(err)
	} else if answer.Status >= http.StatusInternalServerError {
		h.Log.LogAttrs(r.Context(), slog.LevelError, "answer could not be encoded",
			slog.String("merchant", string(c.merchant.ID)), slog.String("route", r.Pattern))
	}
	h.write(w, answer)
}

func (c *call) run(e endpoint, w http.ResponseWriter) (answer gateway.Answer, err error) {
	if c.merchant, err = c.authenticate(c.request, e.public); err != nil {
		return answer, err
	}
	if c.body, err = wire.Body(w, c.request); err != nil {
		return answer, err
	}
	if e.twoStep && c.merchant.Country == "EC" {
		return answer, errNotAllowed
	}
	return e.serve(c)
}

func (h *Handler) write(w http.ResponseWriter, a gateway.Answer) { wire.WriteJSON(w, a.Status, a.Body) }

// now is the gateway's time.
func (h *Handler) now() time.Time { return h.gateway.Clock.Now().UTC() }

// zone is the local time of the merchant's country.
func (c *call) zone() *time.Location {
	if z := c.zones[c.merchant.Country]; z != nil {
		return z
	}
	return time.UTC
}
