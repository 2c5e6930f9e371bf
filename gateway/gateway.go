package gateway

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/store"
)

// Acquirer is the link to the network. It should be a LateReporter too.
type Acquirer interface {
	// NextTrace is a trace that no other message under way carries.
	NextTrace() pasarela.Trace
	// Send returns when the answer came, when ctx ended, or when the message certainly can't be sent.
	Send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer
}

// Vault seals cards and secrets; it is the only one that can open them.
type Vault interface {
	Seal(m pasarela.MerchantID, record string, c vault.Card) (vault.Sealing, error)
	// SealCVV is for a stored card's that was given anew.
	SealCVV(m pasarela.MerchantID, record string, c vault.CVV) (pasarela.Sealed, error)
	// OpenCard is for the directory server, which is asked about a stored card by its number.
	OpenCard(m pasarela.MerchantID, s pasarela.Sealed) (vault.Number, error)
	// Check says what is known of a card.
	Check(c vault.Card) (pasarela.CardProfile, error)
	SealSecret(m pasarela.MerchantID, record string, plain []byte) (pasarela.Sealed, error)
	OpenSecret(m pasarela.MerchantID, s pasarela.Sealed) ([]byte, error)
	// Digest is keyed, so that what it is made of cannot be guessed from it.
	Digest(purpose string, data ...[]byte) []byte
}

// Observer is told of outcomes, for metrics. Its methods must not block.
type Observer interface {
	// Outcome counts one verb: "authorize", "approved" with the response code, or "error" with a Code.
	Outcome(verb, result, code string)
}

// Config is what a Gateway works with. All of it is required but Observer, and Authenticator where no card is to
// take part in 3-D Secure.
type Config struct {
	Store    store.Store
	Vault    Vault
	Acquirer Acquirer
	Clock    pasarela.Clock
	IDs      *pasarela.IDs
	Log      *slog.Logger
	Observer Observer

	Authenticator Authenticator

	Tellers []Teller // who tell merchants of what happened; none where nobody is told
	Wake    func()   // told after a commit that deliveries were written; nil where nobody delivers
	// Billers say what a period of a subscription costs, by the dialect of the subscription.
	Billers map[string]Biller
	// BillingRate is how many payments of subscriptions Bill makes in a second of real time; 0 for as many as it can.
	BillingRate int

	// AcquirerTimeout is how long, in real time, one message waits for its answer.
	AcquirerTimeout time.Duration
}

// Gateway is safe for concurrent use. Close it before its store.
type Gateway struct {
	Config
	directory directory

	underWay underWay
	keys     keyWaiters

	sweeping    sync.Mutex    // held by the one sweep of this process
	billing     chan struct{} // filled by the one billing run of this process
	hurry       atomic.Int32  // how many wait for all that is due
	unreachable atomic.Bool   // the last payment of a billing run could not be sent
	background  background    // reversals started right after a time-out, late approvals
	late        lateApprovals
	inVain      unacknowledged // what those in a hurry wait for
	stopping    context.Context
	stop        context.CancelFunc
}

// New returns a gateway that is ready to use.
func New(c Config) *Gateway {
	if c.Observer == nil {
		c.Observer = silent{}
	}
	if c.Wake == nil {
		c.Wake = func() {}
	}
	if c.Authenticator == nil {
		c.Authenticator = nobodyEnrolled{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	g := &Gateway{Config: c, stopping: ctx, stop: cancel, billing: make(chan struct{}, 1)}
	g.directory.init()
	g.keys.init()
	g.underWay.init()
	if late, ok := c.Acquirer.(LateReporter); ok {
		late.OnLate(g.hearLate)
	}
	return g
}

// Close waits for what runs beside the requests: reversals, and what follows from late approvals.
func (g *Gateway) Close() {
	g.stop()
	g.background.close()
}

// now is the gateway's time: UTC in microseconds.
func (g *Gateway) now() time.Time { return g.Clock.Now().UTC().Truncate(time.Microsecond) }

// grace is how much later than its time-out a message is taken to be abandoned by its process.
const grace = 10 * time.Second

// deadline is when somebody else must look after a message that is sent now.
func (g *Gateway) deadline(now time.Time) time.Time { return now.Add(g.AcquirerTimeout + grace) }

// send waits for the network no longer than the configured time. The caller's going away does not end it:
// what was promised is seen through.
func (g *Gateway) send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.AcquirerTimeout)
	defer cancel()
	return g.Acquirer.Send(ctx, r)
}

// outcomeTimeout bounds the commit of an outcome. Past it the payment is left to the sweeper.
const outcomeTimeout = grace

// afterwards is the context of a verb's third step: the caller's going away does not end it.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), outcomeTimeout)
}

// sendPromised is send for a message that another node would not repeat but reverse. A promise that was too
// slow to commit is not sent any more: by the time of its answer it may have been taken for abandoned.
func (g *Gateway) sendPromised(ctx context.Context, promised time.Time, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	if time.Since(promised) > grace/2 {
		return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeNotSent}
	}
	return g.send(ctx, r)
}

// tokenRecord is what a token's card and CVV are bound to.
func tokenRecord(id pasarela.TokenID) string { return "token/" + string(id) }

// request is a message about a payment. A card that came from a token opens for that token only, whatever
// the payment's row says it is bound to; a stored card's token has none of its own.
func request(kind pasarela.Message, m pasarela.Merchant, p pasarela.Payment) pasarela.NetworkRequest {
	if p.Token != "" && p.Subscription == "" && !p.Card.Empty() {
		p.Card.Record = tokenRecord(p.Token)
	}
	return pasarela.NetworkRequest{
		Message: kind, Attempt: 1, Reference: p.ID, Trace: p.Trace, Amount: p.Amount,
		Merchant: m.ID, Name: m.Name, Country: m.Country,
		Card: p.Card, Facts: p.Facts, Stored: p.Subscription != "" || p.Recurrence == pasarela.RecurrenceSubsequent,
	}
}

type silent struct{}

func (silent) Outcome(string, string, string) {}
