package gateway_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/cde/vault"
	"pasarela/gateway"
	"pasarela/reconcile"
	"pasarela/store"
	"pasarela/store/postgres"
	"pasarela/store/postgres/pgtest"
	"pasarela/store/sqlite"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	creditCard = "5451951574925480"
	debitCard  = "4051884239937763"
	brokeCard  = "4349001210846432" // declined with 51
	timeout    = 25 * time.Second
)

// rig is a gateway with a real store, linked to a real issuer through a pipe, in a bubble whose time costs
// nothing.
type rig struct {
	t        *testing.T
	open     func(context.Context) (store.Store, error)
	bank     *simulator.Simulator
	clock    *clock
	kek      vault.KEK
	merchant pasarela.Merchant
	unplug   atomic.Bool // no connection to the issuer can be made

	// Of the process at hand.
	store   store.Store
	link    *acquirer.Client
	gateway *gateway.Gateway

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
}

// onBoth plays a scenario on each engine.
func onBoth(t *testing.T, scenario func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "gateway.db")
		inBubble(t, func(ctx context.Context) (store.Store, error) {
			return sqlite.Open(ctx, file, sqlite.Options{Synchronous: "OFF"})
		}, scenario)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.URL(t)
		inBubble(t, func(ctx context.Context) (store.Store, error) {
			return postgres.Open(ctx, url, postgres.Options{})
		}, scenario)
	})
}

func inBubble(t *testing.T, open func(context.Context) (store.Store, error), scenario func(t *testing.T, r *rig)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, dir, open)
		scenario(t, r)
		if n := r.gateway.WaitedFor(); n != 0 {
			t.Errorf("the gateway keeps %d things in memory that nobody waits for", n)
		}
	})
}

func newRig(t *testing.T, dir string, open func(context.Context) (store.Store, error)) *rig {
	t.Helper()
	r := &rig{t: t, open: open, clock: newClock()}
	issuer := filepath.Join(dir, "issuer")
	r.must(os.Mkdir(issuer, 0o700))
	var err error
	r.kek, err = vault.FileKEK(filepath.Join(dir, "kek"), true)
	r.must(err)
	r.bank, err = simulator.Open(simulator.Config{Dir: issuer, Cards: cards.Reference(), Clock: r.clock, GatewayTimeout: timeout})
	r.must(err)
	r.start()
	t.Cleanup(func() {
		r.stop()
		if err := r.bank.Close(); err != nil {
			t.Error(err)
		}
	})
	r.merchant, err = r.gateway.CreateMerchant(t.Context(), pasarela.Merchant{Name: "shop", Country: "EC"})
	r.must(err)
	return r
}

// start begins a process on the store.
func (r *rig) start() {
	r.t.Helper()
	var err error
	r.store, err = r.open(r.t.Context())
	r.must(err)
	v, err := vault.Open(r.t.Context(), vault.Config{Keysets: r.store, KEK: r.kek, Cards: cards.Reference()})
	r.must(err)
	r.link = acquirer.New(acquirer.Config{Dial: r.dial, Opener: v, Clock: r.clock,
		OnUnsent: func(m pasarela.Message) { r.bank.ConsumeRefusal(m) }})
	r.link.Start(r.t.Context())
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], uint64(r.clock.Now().UnixMicro())) // another one for each process
	r.gateway = gateway.New(gateway.Config{Store: r.store, Vault: v, Acquirer: r.link, Clock: r.clock,
		IDs: pasarela.NewIDs(rand.NewChaCha8(seed)),
		Log: slog.New(slog.DiscardHandler), AcquirerTimeout: timeout, Billers: map[string]gateway.Biller{"kushki": flat{}}})
}

func (r *rig) stop() {
	r.t.Helper()
	r.gateway.Close()
	r.link.Close()
	if err := r.store.Close(); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) dial(context.Context) (net.Conn, error) {
	if r.unplug.Load() {
		return nil, net.ErrClosed
	}
	near, far := net.Pipe()
	r.mu.Lock()
	r.conns = append(r.conns, near)
	r.mu.Unlock()
	go r.bank.ServeConn(far)
	return near, nil
}

// cut breaks every connection there is.
func (r *rig) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.Close() // what is closed already is cut
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func usd(minor int64) pasarela.Money { return pasarela.Money{Minor: minor, Currency: "USD"} }

// token is a fresh one for a total.
func (r *rig) token(card string, use pasarela.TokenUse, total pasarela.Money) pasarela.TokenID {
	r.t.Helper()
	number, err := vault.ParseNumber(card)
	r.must(err)
	cvv, err := vault.ParseCVV("123")
	r.must(err)
	t, _, err := r.gateway.Tokenize(r.t.Context(), r.merchant, gateway.TokenizeRequest{Use: use, Total: total,
		Card: vault.Card{Number: number, CVV: cvv, Expiry: "4912"}})
	r.must(err)
	return t.ID
}

// charge is a request for a fresh token of the credit card.
func (r *rig) charge(kind pasarela.PaymentKind, minor int64) gateway.AuthorizeRequest {
	r.t.Helper()
	return r.chargeOf(r.token(creditCard, pasarela.UseCharge, usd(minor)), kind, minor)
}

func (r *rig) chargeOf(t pasarela.TokenID, kind pasarela.PaymentKind, minor int64) gateway.AuthorizeRequest {
	return gateway.AuthorizeRequest{Kind: kind, Token: t, Amount: usd(minor), Dialect: "kushki", Order: []byte("{}"), Answer: chargeAnswer}
}

func chargeAnswer(p pasarela.Payment) gateway.Answer {
	good := p.State == pasarela.StateAuthorized || p.State == pasarela.StateCaptured
	return gateway.Answer{Status: 201, Body: []byte(string(p.Ticket) + " " + string(p.State)), Success: good}
}

func followAnswer(_ pasarela.Payment, o pasarela.Operation) gateway.Answer {
	return gateway.Answer{Status: 201, Body: []byte(string(o.Ticket) + " " + string(o.State)), Success: o.State != pasarela.OpDeclined}
}

// paid is a payment of the given kind that was approved.
func (r *rig) paid(kind pasarela.PaymentKind, minor int64) pasarela.Payment {
	r.t.Helper()
	p, err := r.gateway.Authorize(r.t.Context(), r.merchant, r.charge(kind, minor))
	r.must(err)
	if p.State != pasarela.StateAuthorized && p.State != pasarela.StateCaptured {
		r.t.Fatalf("payment is %s (%s), want it approved", p.State, p.ResponseCode)
	}
	return p
}

func about(p pasarela.Payment, minor int64) gateway.OperationRequest {
	o := gateway.OperationRequest{Ticket: p.Ticket, Order: []byte("{}"), Answer: followAnswer}
	if minor > 0 {
		m := usd(minor)
		o.Amount = &m
	}
	return o
}

func (r *rig) fault(kind simulator.FaultKind, on simulator.FaultOn, count int) {
	r.t.Helper()
	f := simulator.Fault{Kind: kind, On: on, Count: count}
	if kind == simulator.FaultDecline {
		f.ResponseCode = "91"
	}
	r.must(r.bank.AddFault(f))
}

// runDue does what is due now, after a jump.
func (r *rig) runDue(jump time.Duration) {
	r.t.Helper()
	r.clock.jump(jump)
	r.must(r.gateway.RunDue(r.t.Context()))
}

// sweep does what a job does some time later, once what runs beside the requests has ended. It is in no hurry.
func (r *rig) sweep(later time.Duration) {
	r.t.Helper()
	r.gateway.Beside()
	r.clock.jump(later)
	_, err := r.gateway.Sweep(r.t.Context())
	r.must(err)
}

// settle runs due work, minute after minute, until nothing is pending.
func (r *rig) settle() {
	r.t.Helper()
	for range 60 {
		r.runDue(time.Minute)
		n, err := r.gateway.Pending(r.t.Context())
		r.must(err)
		if n == 0 {
			return
		}
	}
	r.t.Fatal("payments are still pending after an hour")
}

func (r *rig) payment(p pasarela.Payment) pasarela.Payment {
	r.t.Helper()
	q, err := r.store.Payment(r.t.Context(), r.merchant.ID, p.ID)
	r.must(err)
	return q
}

func (r *rig) wantState(p pasarela.Payment, want pasarela.PaymentState) {
	r.t.Helper()
	if q := r.payment(p); q.State != want {
		r.t.Fatalf("payment is %s, want %s", q.State, want)
	}
}

func (r *rig) wantCode(err error, want pasarela.Code) {
	r.t.Helper()
	if err == nil || pasarela.CodeOf(err) != want {
		r.t.Fatalf("error is %v, want code %s", err, want)
	}
}

// wantIssuer holds the issuer's only authorization of the payment against what is expected.
func (r *rig) wantIssuer(p pasarela.Payment, state simulator.State, captured, refunded int64) {
	r.t.Helper()
	for _, a := range r.bank.Authorizations(0, 0) {
		if a.Reference != p.ID {
			continue
		}
		if a.State != state || a.CapturedMinor != captured || a.RefundedMinor != refunded {
			r.t.Fatalf("issuer has it %s with %d captured and %d refunded, want %s, %d, %d",
				a.State, a.CapturedMinor, a.RefundedMinor, state, captured, refunded)
		}
		return
	}
	r.t.Fatal("the issuer does not know the payment")
}

// wantAgreement says that gateway, ledger and issuer tell the same story, and that nothing is left to do.
func (r *rig) wantAgreement() {
	r.t.Helper()
	report, err := r.books().Run(r.t.Context())
	r.must(err)
	for _, d := range report.Differences {
		r.t.Error(d)
	}
	if report.Pending > 0 {
		r.t.Errorf("%d payments are pending", report.Pending)
	}
}

func (r *rig) books() reconcile.Books {
	return reconcile.Books{Store: r.store, Issuer: func() ([]reconcile.IssuerEntry, error) {
		var entries []reconcile.IssuerEntry
		for _, a := range r.bank.Authorizations(0, 0) {
			entries = append(entries, reconcile.IssuerEntry{Reference: a.Reference, RRN: a.RRN, Currency: a.Currency,
				AmountMinor: a.AmountMinor, CapturedMinor: a.CapturedMinor, RefundedMinor: a.RefundedMinor, State: string(a.State)})
		}
		return entries, nil
	}}
}

// clock is the bubble's time, in this century, plus the jumps.
type clock struct{ ahead atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.jump(26 * 365 * 24 * time.Hour)
	return c
}

// Now implements pasarela.Clock.
func (c *clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.ahead.Load())).UTC().Truncate(time.Microsecond)
}

func (c *clock) jump(d time.Duration) { c.ahead.Add(int64(d)) }
