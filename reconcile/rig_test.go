package reconcile_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
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
	"pasarela/store/sqlite"
)

const timeout = 25 * time.Second

// centuryClock is the bubble's time, in this century.
type centuryClock struct{}

func (centuryClock) Now() time.Time {
	return time.Now().UTC().AddDate(26, 0, 0).Truncate(time.Microsecond)
}

// rig is a gateway with a SQLite file and an issuer, in a bubble.
type rig struct {
	t        *testing.T
	clock    centuryClock
	ids      *pasarela.IDs
	store    store.Store
	bank     *simulator.Simulator
	link     *acquirer.Client
	gateway  *gateway.Gateway
	merchant pasarela.Merchant
}

func inBubble(t *testing.T, scenario func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { scenario(t, newRig(t, dir)) })
}

func newRig(t *testing.T, dir string) *rig {
	t.Helper()
	r := &rig{t: t, ids: pasarela.NewIDs(rand.NewChaCha8([32]byte{}))}
	issuer := filepath.Join(dir, "issuer")
	r.must(os.Mkdir(issuer, 0o700))
	kek, err := vault.FileKEK(filepath.Join(dir, "kek"), true)
	r.must(err)
	r.bank, err = simulator.Open(simulator.Config{Dir: issuer, Cards: cards.Reference(), Clock: r.clock, GatewayTimeout: timeout})
	r.must(err)
	r.store, err = sqlite.Open(t.Context(), filepath.Join(dir, "gateway.db"), sqlite.Options{Synchronous: "OFF"})
	r.must(err)
	v, err := vault.Open(t.Context(), vault.Config{Keysets: r.store, KEK: kek, Cards: cards.Reference()})
	r.must(err)
	r.link = acquirer.New(acquirer.Config{Opener: v, Clock: r.clock, Dial: func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		go r.bank.ServeConn(far)
		return near, nil
	}})
	r.link.Start(t.Context())
	r.gateway = gateway.New(gateway.Config{Store: r.store, Vault: v, Acquirer: r.link, Clock: r.clock, IDs: r.ids,
		Log: slog.New(slog.DiscardHandler), AcquirerTimeout: timeout})
	t.Cleanup(r.close)
	r.merchant, err = r.gateway.CreateMerchant(t.Context(), pasarela.Merchant{Name: "shop", Country: "EC"})
	r.must(err)
	return r
}

func (r *rig) close() {
	r.gateway.Close()
	r.link.Close()
	if err := r.store.Close(); err != nil {
		r.t.Error(err)
	}
	if err := r.bank.Close(); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) books() reconcile.Books { return reconcile.Books{Store: r.store, Issuer: r.entries} }

func (r *rig) entries() ([]reconcile.IssuerEntry, error) {
	var entries []reconcile.IssuerEntry
	for _, a := range r.bank.Authorizations(0, 0) {
		entries = append(entries, reconcile.IssuerEntry{Reference: a.Reference, RRN: a.RRN, Currency: a.Currency, AmountMinor: a.AmountMinor,
			CapturedMinor: a.CapturedMinor, RefundedMinor: a.RefundedMinor, State: string(a.State)})
	}
	return entries, nil
}

func (r *rig) run() reconcile.Report {
	r.t.Helper()
	report, err := r.books().Run(r.t.Context())
	r.must(err)
	return report
}

func (r *rig) request(kind pasarela.PaymentKind, minor int64) gateway.AuthorizeRequest {
	r.t.Helper()
	return r.requestOn("5451951574925480", kind, minor)
}

func (r *rig) requestOn(card string, kind pasarela.PaymentKind, minor int64) gateway.AuthorizeRequest {
	r.t.Helper()
	number, err := vault.ParseNumber(card)
	r.must(err)
	amount := pasarela.Money{Minor: minor, Currency: "USD"}
	t, _, err := r.gateway.Tokenize(r.t.Context(), r.merchant, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: amount,
		Card: vault.Card{Number: number, Expiry: "4912"}})
	r.must(err)
	return gateway.AuthorizeRequest{Kind: kind, Token: t.ID, Amount: amount, Order: []byte("{}")}
}

func (r *rig) pay(q gateway.AuthorizeRequest) pasarela.Payment {
	r.t.Helper()
	p, err := r.gateway.Authorize(r.t.Context(), r.merchant, q)
	r.must(err)
	return p
}

func (r *rig) sell(minor int64) pasarela.Payment {
	r.t.Helper()
	return r.pay(r.request(pasarela.KindSale, minor))
}

// mixedDay leaves a payment in every state at rest.
func (r *rig) mixedDay() {
	r.t.Helper()
	ctx := r.t.Context()
	hold := func() gateway.OperationRequest {
		p := r.pay(r.request(pasarela.KindAuthorization, 100))
		return gateway.OperationRequest{Ticket: p.Ticket, Order: []byte("{}")}
	}
	hold()
	part := pasarela.Money{Minor: 40, Currency: "USD"}
	for _, do := range []func(context.Context, pasarela.Merchant, gateway.OperationRequest) (pasarela.Payment, pasarela.Operation, error){
		r.gateway.Capture, r.gateway.Void} {
		_, _, err := do(ctx, r.merchant, hold())
		r.must(err)
	}
	captured := hold()
	captured.Amount = &pasarela.Money{Minor: 110, Currency: "USD"}
	_, _, err := r.gateway.Capture(ctx, r.merchant, captured)
	r.must(err)
	captured.Amount = &part
	_, _, err = r.gateway.Refund(ctx, r.merchant, captured)
	r.must(err)
	_, _, err = r.gateway.Void(ctx, r.merchant, gateway.OperationRequest{Ticket: r.sell(300).Ticket, Order: []byte("{}")})
	r.must(err)
	_, _, err = r.gateway.Refund(ctx, r.merchant, gateway.OperationRequest{Ticket: r.sell(400).Ticket, Order: []byte("{}")})
	r.must(err)
	if p := r.pay(r.requestOn("4349001210846432", pasarela.KindSale, 500)); p.State != pasarela.StateDeclined {
		r.t.Fatalf("payment is %s, want it declined", p.State)
	}
	r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultNoResponse, On: simulator.OnAuthorization}))
	r.sell(600)
	r.must(r.gateway.RunDue(ctx))
}
