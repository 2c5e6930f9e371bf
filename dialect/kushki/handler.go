package kushki

import (
	"log/slog"
	"net/http"
	"time"
	_ "time/tzdata" // the countries' void windows need their zones on machines without a database of them

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// Options is what a Handler needs besides the gateway. All of it is required but Challenges.
type Options struct {
	Log *slog.Logger
	// Mask hides what looks like a card number in text that callers may write freely.
	Mask func([]byte) []byte
	// Digest is keyed, so that a stored digest of a body does not give the body away.
	Digest func(purpose string, data ...[]byte) []byte
	// CountryName is the English name of an ISO 3166-1 alpha-2 code, "" for one it does not know.
	CountryName func(code string) string
	// DescribeBIN is what is known of the cards that begin with these six to eleven digits. It returns CodeInvalid.
	DescribeBIN func(bin string) (pasarela.CardProfile, error)
	// Profile is what a card's number tells.
	Profile func(vault.Number) pasarela.CardProfile
	// PublicURL is the gateway's address as browsers see it, without a final slash.
	PublicURL func() string
	// Challenges leads browsers to issuers. It is nil where no card takes part in 3-D Secure.
	Challenges Challenges
	// Sandbox admits published test numbers of 12 and 13 digits, and has browser libraries mock their challenges.
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
	public       bool // takes the public credential, not the private one; pages of any origin may call it
	inPath       bool // the credential is the path's {merchant}
	twoStep      bool // authorizations and captures, which Ecuador does not have
	acquirer     bool // for merchants of the acquirer model, which Ecuador does not have either
	serve        func(*call) (gateway.Answer, error)
}

func endpoints() []endpoint {
	return append([]endpoint{
		{method: "POST", path: "/card/v1/tokens", product: &cardTokens, public: true, serve: (*call).cardToken},
		{method: "POST", path: "/v1/tokens", product: &cardTokens, public: true, serve: (*call).cardToken},
		{method: "GET", path: "/merchant/v1/merchant/settings", product: &clientCalls, public: true, serve: (*call).settings},
		{method: "GET", path: "/merchant/v1/merchant/{merchant}/settings", product: &clientCalls, public: true, inPath: true, serve: (*call).settings},
		{method: "GET", path: "/card/v1/authToken", product: &clientCalls, public: true, serve: (*call).sessionToken},
		{method: "GET", path: "/card/v1/merchant/brands", product: &clientCalls, public: true, serve: (*call).brands},
		{method: "GET", path: "/card/v1/merchant/brands-logos", product: &clientCalls, public: true, serve: (*call).brandLogos},
		{method: "GET", path: "/rules/v1/gatewayStatus", product: &clientCalls, public: true, serve: (*call).gatewayStatus},
		{method: "POST", path: "/commission/v1/configuration", product: &commissions, public: true, serve: (*call).commission},
		{method: "GET", path: "/apple-pay/v1/validate", product: &clientCalls, public: true, serve: (*call).applePay},
		{method: "POST", path: "/rules/v1/secureValidation", product: &secureValidations, public: true, serve: (*call).secureValidation},
		{method: "POST", path: "/card/v1/charges", product: &charges, serve: (*call).charge},
		{method: "POST", path: "/v1/charges", product: &charges, serve: (*call).charge},
		{method: "POST", path: "/card/v1/preAuthorization", product: &preauthorizations, twoStep: true, serve: (*call).preauthorize},
		{method: "POST", path: "/card/v2/charges", product: &tokenlessCharges, acquirer: true, serve: (*call).chargeCard},
		{method: "POST", path: "/card/v2/preAuthorization", product: &tokenlessPreauthorizations, acquirer: true, serve: (*call).preauthorizeCard},
		{method: "POST", path: "/card/v1/reauthorization", product: &reauthorizations, acquirer: true, serve: (*call).reauthorize},
		{method: "POST", path: "/card/v1/validation", product: &validations, serve: (*call).validate},
		{method: "GET", path: "/card/v1/bin/{bin}", product: &lookUps, public: true, serve: (*call).describeBIN},
		{method: "GET", path: "/deferred/v2/bin/{bin}", product: &lookUps, public: true, serve: (*call).describeBIN},
		{method: "GET", path: "/card/v1/deferred/{bin}", product: &lookUps, public: true, serve: (*call).deferredOptions},
		{method: "GET", path: "/webhook/v1/transaction/receipt/{reference}", product: &receipts, public: true, serve: (*call).voucher},
		{method: "POST", path: "/card/v1/capture", product: &captures, twoStep: true, serve: (*call).capture},
		{method: "DELETE", path: "/v1/charges/{ticket}", product: &voids, serve: (*call).void},
		{method: "DELETE", path: "/v1/refund/{ticket}", product: &refunds, serve: (*call).refund},
		{method: "POST", path: "/card-async/v1/tokens", product: &asyncTokens, public: true, serve: (*call).asyncToken},
		{method: "POST", path: "/card-async/v1/init", product: &asyncInits, serve: (*call).asyncInit},
		{method: "POST", path: "/card-async/v1/preAuthorization", product: &asyncHolds, serve: (*call).asyncPreauthorize},
		{method: "POST", path: "/card-async/v1/capture", product: &asyncCaptures, serve: (*call).asyncCapture},
		{method: "GET", path: "/card-async/v1/status/{token}", product: &asyncStatuses, serve: (*call).asyncStatus},
		{method: "POST", path: "/subscriptions/v1/card/tokens", product: &subscriptionTokens, public: true, serve: (*call).subscriptionToken},
		{method: "POST", path: "/v1/subscription-tokens", product: &subscriptionTokens, public: true, serve: (*call).subscriptionToken},
		{method: "POST", path: "/subscriptions/v1/card-async/tokens", product: &inscriptionTokens, public: true, serve: (*call).inscriptionToken},
		{method: "POST", path: "/subscriptions/v1/card-async/init", product: &inscriptions, serve: (*call).beginInscription},
		{method: "POST", path: "/subscriptions/v1/card-async/preAuthorization", product: &inscriptionHolds, serve: (*call).preauthorizeInscribed},
		{method: "POST", path: "/subscriptions/v1/card-async/capture", product: &inscriptionCaptures, serve: (*call).captureInscribed},
	}, append(storedCards("/subscriptions/v1/card"), storedCards("/v1/subscriptions")...)...)
}

// storedCards are the endpoints of stored cards, at their address or at the one that older clients have.
func storedCards(base string) []endpoint {
	one := base + "/{subscription}"
	return []endpoint{
		{method: "POST", path: base, product: &subscriptions, serve: (*call).subscribe},
		{method: "POST", path: one, product: &subscriptionCharges, serve: (*call).chargeSubscription},
		{method: "POST", path: one + "/authorize", product: &subscriptionPayments, twoStep: true, serve: (*call).authorizeSubscription},
		{method: "POST", path: one + "/capture", product: &subscriptionPayments, twoStep: true, serve: (*call).capture},
		{method: "PUT", path: one + "/card", product: &subscriptions, serve: (*call).replaceCard},
		{method: "PATCH", path: one, product: &subscriptions, serve: (*call).changePlan},
		{method: "PUT", path: one, product: &subscriptions, serve: (*call).adjust},
		{method: "PUT", path: one + "/adjustment", product: &subscriptions, serve: (*call).adjust},
		{method: "PATCH", path: one + "/adjustment", product: &subscriptions, serve: (*call).adjust},
		{method: "DELETE", path: one, product: &subscriptions, serve: (*call).cancelSubscription},
		{method: "GET", path: one + "/{part}", product: &subscriptions, serve: (*call).lookUpSubscription},
		{method: "POST", path: one + "/tokens", product: &subscriptionTokens, public: true, serve: (*call).deviceToken},
		{method: "POST", path: one + "/user", product: &clientCalls, public: true, serve: (*call).subscriptionUser},
	}
}

// prefixes is where an unknown route is answered as the API's front does, whatever the method. The last of them are
// of products that are not there.
var prefixes = []string{"/card", "/card-async", "/subscriptions", "/v1/tokens", "/v1/charges", "/v1/refund", "/v1/subscription-tokens",
	"/v1/subscriptions", "/merchant", "/deferred", "/webhook", "/rules", "/commission", "/apple-pay",
	"/transfer", "/transfer-subscriptions", "/cash", "/payouts", "/multi-merchant", "/analytics", "/data"}

// Mount adds the API's routes to mux.
func (h *Handler) Mount(mux *http.ServeMux) {
	for _, e := range endpoints() {
		mux.HandleFunc(e.method+" "+e.path, func(w http.ResponseWriter, r *http.Request) { h.handle(e, w, r) })
	}
	for _, path := range paths(true) {
		mux.HandleFunc("OPTIONS "+path, preflight)
	}
	for _, path := range paths(false) {
		mux.HandleFunc("OPTIONS "+path, func(w http.ResponseWriter, _ *http.Request) { h.write(w, errNoRoute.answer()) })
	}
	h.mountHosted(mux)
	mux.HandleFunc("GET "+agentPath+"{token}", h.agent)
	mux.HandleFunc("POST "+agentPath+"{token}", h.agent)
	mux.HandleFunc("GET "+inscriptionPath+"{$}", h.inscribe)
	mux.HandleFunc("POST "+inscriptionPath+"{$}", h.inscribe)
	for _, p := range prefixes { // with and without a slash, or the mux would redirect from the one to the other
		mux.HandleFunc(p, h.nowhere)
		mux.HandleFunc(p+"/", h.nowhere)
	}
}

// nowhere answers a route that is not there. A library's page gets to know.
func (h *Handler) nowhere(w http.ResponseWriter, _ *http.Request) {
	allowPages(w)
	h.write(w, errNoRoute.answer())
}

// call is one request to a merchant's endpoint.
type call struct {
	*Handler
	product  *product
	merchant pasarela.Merchant
	request  *http.Request
	body     []byte
	shape    shape  // of the answer, known once the body is decoded
	external string // merchant's own reference, known once the order was checked
}

func (h *Handler) handle(e endpoint, w http.ResponseWriter, r *http.Request) {
	if e.public {
		allowPages(w)
	}
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
	if c.merchant, err = c.authenticate(c.request, e); err != nil {
		return answer, err
	}
	if c.body, err = wire.Body(w, c.request); err != nil {
		return answer, err
	}
	if (e.twoStep || e.acquirer) && c.merchant.Country == "EC" || e.acquirer && c.merchant.Model != pasarela.ModelAcquirer {
		return answer, errNotAllowed
	}
	return e.serve(c)
}

func (h *Handler) write(w http.ResponseWriter, a gateway.Answer) {
	if a.Status == http.StatusNoContent {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(a.Status)
		return
	}
	wire.WriteJSON(w, a.Status, a.Body)
}

// now is the gateway's time.
func (h *Handler) now() time.Time { return h.gateway.Clock.Now().UTC() }

// zone is the local time of the merchant's country.
func (c *call) zone() *time.Location {
	if z := c.zones[c.merchant.Country]; z != nil {
		return z
	}
	return time.UTC
}
