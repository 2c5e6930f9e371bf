package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pasarela"
)

// SendTimeout is how long one attempt may take in all: name, connection, request, and as much of the answer as is kept.
const SendTimeout = 5 * time.Second

const (
	keptAnswer = 1 << 10                // of an answer's body, for the delivery log
	bodyWait   = 500 * time.Millisecond // for it, from the answer's head on: who has said 2xx has taken the delivery
	mostHeader = 16 << 10               // of an answer's status line and headers
	// aroundCut is read past keptAnswer, so that a card number that lies across the cut is masked before it.
	aroundCut = 128

	idleConnections        = 512
	idleEndpointConnection = maxWidth
	// idleTime is below the five seconds after which common servers close a connection that nobody uses.
	idleTime = 4 * time.Second
)

// Outcome is what came of an attempt, in one word, for metrics.
type Outcome string

// The outcomes.
const (
	OutcomeDelivered  Outcome = "delivered"  // answered 2xx
	OutcomeRejected   Outcome = "rejected"   // answered something else, a redirect for one
	OutcomeUnanswered Outcome = "unanswered" // no answer, or not in time
	OutcomeRefused    Outcome = "refused"    // not sent: what is dialled or sent would not be safe
)

// Answer is what came of an attempt.
type Answer struct {
	Outcome Outcome
	Status  int           // HTTP status, 0 where there was no answer
	Body    []byte        // its first kilobyte, masked
	Error   string        // why there was no answer, "" where there was one
	Took    time.Duration // real time
	Held    bool          // the body did not come in time: the receiver keeps its connections busy
	Final   bool          // refused for good: another attempt would be refused as well
}

// SenderConfig says how to send.
type SenderConfig struct {
	// AllowPrivate lets deliveries go to loopback, private and other addresses that are not on the internet: a
	// sandbox's receivers are there.
	AllowPrivate bool
	// OwnHost is the gateway's own, without a port, "" for none. Nothing is sent to it: what is told could be a request
	// whose outcome is told again, without end.
	OwnHost   string
	UserAgent string              // "pasarela/VERSION"
	Mask      func([]byte) []byte // hides card numbers in what a receiver answers
	Timeout   time.Duration       // 0 for SendTimeout
	Resolver  *net.Resolver       // nil for the machine's
}

// Sender makes attempts. It is safe for concurrent use.
type Sender struct {
	SenderConfig
	transport *http.Transport
}

// NewSender returns a sender. Close it after its last attempt.
func NewSender(c SenderConfig) *Sender {
	if c.Timeout == 0 {
		c.Timeout = SendTimeout
	}
	dialer := &net.Dialer{Timeout: c.Timeout, Resolver: c.Resolver, KeepAlive: -1}
	if !c.AllowPrivate {
		dialer.Control = onlyPublic
	}
	return &Sender{SenderConfig: c, transport: &http.Transport{
		Proxy:                  nil, // a proxy would dial for us, and what it dials nobody checks
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    c.Timeout,
		DisableCompression:     true, // a kilobyte could not be told from a gigabyte
		MaxIdleConns:           idleConnections,
		MaxIdleConnsPerHost:    idleEndpointConnection,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: mostHeader,
		ForceAttemptHTTP2:      false,
	}}
}

// Close closes the connections that are kept.
func (s *Sender) Close() { s.transport.CloseIdleConnections() }

// Send makes one attempt, with the headers of its signature.
func (s *Sender) Send(ctx context.Context, d pasarela.Delivery, signed http.Header) Answer {
	began := time.Now()
	a := s.send(ctx, d, signed)
	a.Took = time.Since(began)
	return a
}

func (s *Sender) send(ctx context.Context, d pasarela.Delivery, signed http.Header) Answer {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	r, err := s.request(ctx, d, signed)
	if err != nil {
		return Answer{Outcome: OutcomeRefused, Error: err.Error(), Final: true}
	}
	answer, err := s.transport.RoundTrip(r) // not a Client, which follows redirects
	switch {
	case errors.Is(err, errForbidden):
		return Answer{Outcome: OutcomeRefused, Error: trouble(err)}
	case err != nil:
		return Answer{Outcome: OutcomeUnanswered, Error: trouble(err)}
	}
	defer answer.Body.Close() // was only read
	late := time.AfterFunc(bodyWait, cancel)
	a := Answer{Outcome: OutcomeRejected, Status: answer.StatusCode, Body: s.kept(answer.Body)}
	a.Held = !late.Stop()
	if answer.StatusCode/100 == 2 {
		a.Outcome = OutcomeDelivered
	}
	return a
}

var (
	errURL    = errors.New("the address is no http:// or https:// URL")
	errSecret = errors.New("the address has a user and password in it: they are not sent")
	errOwn    = errors.New("the address is this gateway's own: it is told of nothing by itself; register another address")
)

func (s *Sender) request(ctx context.Context, d pasarela.Delivery, signed http.Header) (*http.Request, error) {
	u, err := url.Parse(d.URL)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return nil, errURL
	case u.User != nil:
		return nil, errSecret
	case s.OwnHost != "" && sameHost(u.Hostname(), s.OwnHost):
		return nil, errOwn
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(d.Body))
	if err != nil {
		return nil, errURL
	}
	r.Header = header(d.Headers, signed, s.UserAgent)
	return r, nil
}

// sameHost compares names as a resolver would: in any case, with or without the root's dot.
func sameHost(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

// kept reads the beginning of an answer. One that breaks off has been given all the same: its status says what the
// receiver made of the delivery.
func (s *Sender) kept(body io.Reader) []byte {
	read, _ := io.ReadAll(io.LimitReader(body, keptAnswer+aroundCut))
	if s.Mask != nil {
		read = s.Mask(read)
	}
	return read[:min(len(read), keptAnswer)]
}
