package threeds

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/cde/vault"
)

// DefaultTimeout is how long the directory server may take.
const DefaultTimeout = 10 * time.Second

// Config is what a Server works with. Texts without a default may be empty only where it is said.
type Config struct {
	DirectoryServerURL string        // where messages are posted to
	HTTP               *http.Client  // with the certificates that the scheme asks for; nil is a plain one
	PublicURL          func() string // address of the gateway as browsers and the directory server see it, without a final slash
	Clock              pasarela.Clock
	Digest             func(purpose string, data ...[]byte) []byte // keyed: vault.Vault.Digest
	Log                *slog.Logger                                // nil discards

	// Results takes what came of a challenge. It is called again when the directory server repeats itself, and
	// then returns as before. An error with CodeNotFound says that there is no such authentication, one with
	// CodeInvalid that it is not about this transaction (ACSID or DirectoryServerID differ), with CodeWrongState
	// that it had another result before; any other has the directory server try again.
	Results func(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID, a pasarela.AuthenticationAnswer) error

	// Observe is told of each message: its type, what came of it (authenticated, pending, ok, or a reason), and how
	// long it took. It must not block. nil is nobody.
	Observe func(message, outcome string, took time.Duration)

	RequestorID     string        // given by the schemes; default "pasarela"
	RequestorName   string        // default: the merchant's name
	OperatorID      string        // given by the schemes; default "pasarela"
	ReferenceNumber string        // given by EMVCo with the approval; default "pasarela-3ds"
	AcquirerBIN     string        // may be empty, then no AReq has one
	MCC             string        // merchant category code, four digits; default "5999", shops that are nothing else
	Timeout         time.Duration // of the directory server; 0 is DefaultTimeout
	AllowLinks      bool          // a sandbox: issuers may say that their page can be opened by a link
}

// Server is a 3DS Server. It is safe for concurrent use and keeps nothing of an authentication.
type Server struct {
	cfg  Config
	http *http.Client

	refreshing sync.Mutex // one Refresh at a time
	ranges     atomic.Pointer[rangeSet]
}

// New checks the configuration. Every card counts as enrolled before the first Refresh that succeeds.
func New(c Config) (*Server, error) {
	u, err := url.Parse(c.DirectoryServerURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("3-D Secure: the directory server's address must be an http or https URL")
	}
	if c.PublicURL == nil || c.Clock == nil || c.Digest == nil || c.Results == nil {
		return nil, errors.New("3-D Secure: PublicURL, Clock, Digest and Results must be set")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observe == nil {
		c.Observe = func(string, string, time.Duration) {}
	}
	defaults := []struct {
		value *string
		is    string
	}{{&c.RequestorID, "pasarela"}, {&c.OperatorID, "pasarela"}, {&c.ReferenceNumber, "pasarela-3ds"}, {&c.MCC, "5999"}}
	for _, d := range defaults {
		if *d.value == "" {
			*d.value = d.is
		}
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	s := &Server{cfg: c, http: withoutRedirects(c.HTTP)}
	s.ranges.Store(&rangeSet{})
	return s, nil
}

// withoutRedirects keeps a card number from following a redirect to somewhere else.
func withoutRedirects(c *http.Client) *http.Client {
	own := http.Client{}
	if c != nil {
		own = *c
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Enrolled says whether the card's range takes part in 3-D Secure, as of the last Refresh that succeeded. Before there
// was one it says yes: a directory server that is down must not have cards charged that it would ask about. It takes
// no lock and does not allocate.
func (s *Server) Enrolled(n vault.Number) bool {
	r := s.ranges.Load()
	return !r.known || r.all.contains(n)
}

// RangesKnown says whether a Refresh has succeeded.
func (s *Server) RangesKnown() bool { return s.ranges.Load().known }

// The routes of the gateway that belong to the protocol.
const (
	resultsPrefix = "/3ds/results/"
	returnPrefix  = "/3ds/return/"

	// ResultsPattern is the route that Handler serves.
	ResultsPattern = resultsPrefix + "{merchant}/{id}/{proof}"
	// ReturnPattern is where issuers send the browser back to, by GET or POST with the parameter cres
	// (AReq.notificationURL). Its page is the gateway's, which looks up the authentication and believes no CRes.
	ReturnPattern = returnPrefix + "{merchant}/{id}"
)

// ReturnURL is the address for ReturnPattern.
func (s *Server) ReturnURL(m pasarela.MerchantID, id pasarela.AuthenticationID) string {
	return s.cfg.PublicURL() + returnPrefix + url.PathEscape(string(m)) + "/" + url.PathEscape(string(id))
}

func (s *Server) resultsURL(m pasarela.MerchantID, id pasarela.AuthenticationID) string {
	return s.cfg.PublicURL() + resultsPrefix + url.PathEscape(string(m)) + "/" + url.PathEscape(string(id)) + "/" + s.proof(m, id)
}

// proof can only be computed by this installation, and only the directory server is told.
func (s *Server) proof(m pasarela.MerchantID, id pasarela.AuthenticationID) string {
	return hex.EncodeToString(s.cfg.Digest("3ds/results", []byte(m), []byte(id)))
}

// observed tells the observer what came of a message. Real time: it measures the network, not the sandbox.
func (s *Server) observed(message string, started time.Time, outcome string) {
	s.cfg.Observe(message, outcome, time.Since(started))
}
