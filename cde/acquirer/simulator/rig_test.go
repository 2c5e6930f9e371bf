package simulator_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
)

const goodCard = "5451951574925480"

// fixedClock stands still, so that what tests expect of dates does not depend on today.
type fixedClock time.Time

func (c fixedClock) Now() time.Time { return time.Time(c) }

var noon = fixedClock(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))

// openSeal is a vault whose seal hides nothing.
type openSeal struct{}

func (openSeal) OpenCard(_ pasarela.MerchantID, s pasarela.Sealed) (pan.Number, error) {
	return pan.ParseBytes(s.Bytes)
}

func (openSeal) OpenCVV(_ pasarela.MerchantID, s pasarela.Sealed) (pan.CVV, error) {
	return pan.ParseCVVBytes(s.Bytes)
}

func (openSeal) OpenCryptogram(pasarela.MerchantID, pasarela.Sealed) (string, error) { return "", nil }

// rig is a simulator on a TCP port with a gateway's client linked to it, wired as in one process.
type rig struct {
	t       *testing.T
	dir     string
	bank    *simulator.Simulator
	cards   *cards.Table
	gateway *acquirer.Client
	log     *acquirer.Recorder

	stray  chan acquirer.Stray
	number atomic.Int64
}

func newRig(t *testing.T, change ...func(*simulator.Config)) *rig {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := openRig(t, t.TempDir(), change)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.bank.Serve(ctx, ln) }()
	r.link(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
	})
	t.Cleanup(func() {
		r.gateway.Close()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return r
}

// inBubble plays a scenario about time where time costs nothing and no machine is too slow: over a pipe.
func inBubble(t *testing.T, scenario func(t *testing.T, r *rig), change ...func(*simulator.Config)) {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := openRig(t, dir, change)
		r.link(func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			go r.bank.ServeConn(far)
			return near, nil
		})
		t.Cleanup(r.gateway.Close)
		scenario(t, r)
	})
}

func openRig(t *testing.T, dir string, change []func(*simulator.Config)) *rig {
	t.Helper()
	r := &rig{t: t, dir: dir, cards: cards.Reference(), log: acquirer.NewRecorder(0), stray: make(chan acquirer.Stray, 100)}
	cfg := simulator.Config{Dir: r.dir, Cards: r.cards, Clock: noon}
	for _, c := range change {
		c(&cfg)
	}
	r.dir = cfg.Dir
	r.bank = openBank(t, cfg)
	return r
}

// link starts the gateway's client.
func (r *rig) link(dial func(context.Context) (net.Conn, error)) {
	r.gateway = acquirer.New(acquirer.Config{
		Dial:     dial,
		Opener:   openSeal{},
		Clock:    pasarela.SystemClock{},
		Observer: acquirer.Observer{Message: r.log.Record, Stray: func(s acquirer.Stray) { r.stray <- s }},
		OnUnsent: func(m pasarela.Message) { r.bank.ConsumeRefusal(m) },
	})
	r.gateway.Start(r.t.Context())
}

func openBank(t *testing.T, cfg simulator.Config) *simulator.Simulator {
	t.Helper()
	bank, err := simulator.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bank.Close(); err != nil {
			t.Error(err)
		}
	})
	return bank
}

// request is a message of its own payment, for ten dollars on a good card.
func (r *rig) request(m pasarela.Message) pasarela.NetworkRequest {
	return pasarela.NetworkRequest{
		Message: m, Attempt: 1, Trace: r.gateway.NextTrace(),
		Reference: pasarela.PaymentID(fmt.Sprintf("00000000-0000-4000-8000-%012d", r.number.Add(1))),
		Amount:    pasarela.Money{Minor: 1000, Currency: "USD"},
		Merchant:  "20000000123456789012", Name: "Café Ñandú", Country: "EC",
		Card: pasarela.Sealed{Bytes: []byte(goodCard)}, CVV: pasarela.Sealed{Bytes: []byte("123")},
		Facts: pasarela.CardFacts{Expiry: "3012"},
	}
}

// after is a message about an earlier one of the same payment.
func (r *rig) after(first pasarela.NetworkRequest, m pasarela.Message) pasarela.NetworkRequest {
	q := first
	q.Message, q.Attempt, q.Trace, q.Original = m, 1, r.gateway.NextTrace(), first.Trace
	q.CVV = pasarela.Sealed{}
	return q
}

// send waits long enough for any answer that comes at all.
func (r *rig) send(q pasarela.NetworkRequest) pasarela.NetworkAnswer {
	return r.sendWithin(q, 10*time.Second)
}

func (r *rig) sendWithin(q pasarela.NetworkRequest, d time.Duration) pasarela.NetworkAnswer {
	ctx, cancel := context.WithTimeout(r.t.Context(), d)
	defer cancel()
	return r.gateway.Send(ctx, q)
}

// approve sends what has to be approved for the scenario to go on.
func (r *rig) approve(q pasarela.NetworkRequest) pasarela.NetworkRequest {
	r.t.Helper()
	r.want(r.send(q), pasarela.OutcomeApproved, "00")
	return q
}

func (r *rig) want(a pasarela.NetworkAnswer, o pasarela.Outcome, code string) {
	r.t.Helper()
	if a.Outcome != o || a.ResponseCode != code {
		r.t.Fatalf("answer is %+v, want %s %q", a, o, code)
	}
}

// book is the issuer's view of one payment.
func (r *rig) book(q pasarela.NetworkRequest) simulator.Authorization {
	r.t.Helper()
	for _, a := range r.bank.Authorizations(0, 0) {
		if a.Reference == q.Reference {
			return a
		}
	}
	r.t.Fatal("the issuer does not know the payment")
	return simulator.Authorization{}
}

func (r *rig) wantBook(q pasarela.NetworkRequest, s simulator.State, captured, refunded int64) {
	r.t.Helper()
	a := r.book(q)
	if a.State != s || a.CapturedMinor != captured || a.RefundedMinor != refunded {
		r.t.Fatalf("issuer says %s, captured %d, refunded %d; want %s, %d, %d",
			a.State, a.CapturedMinor, a.RefundedMinor, s, captured, refunded)
	}
}

// wantStray waits for something that answers no request.
func (r *rig) wantStray(want acquirer.Stray) {
	r.t.Helper()
	select {
	case s := <-r.stray:
		if s != want {
			r.t.Fatalf("stray is %s, want %s", s, want)
		}
	case <-time.After(10 * time.Second):
		r.t.Fatalf("no stray, want %s", want)
	}
}

func (r *rig) fault(f simulator.Fault) {
	r.t.Helper()
	if err := r.bank.AddFault(f); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) addCard(number string, b cards.Behaviour) pasarela.Sealed {
	r.t.Helper()
	n, err := pan.Parse(number)
	if err == nil {
		err = r.cards.Add(cards.TestCard{Number: n, Behaviour: b})
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return pasarela.Sealed{Bytes: []byte(number)}
}
