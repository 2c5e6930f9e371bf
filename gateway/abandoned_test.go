package gateway_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
	"pasarela/store"
)

// interposed stands between a gateway and its link: it hears every message, and passes it on or answers in
// the link's place.
type interposed struct {
	gateway.Acquirer
	hear func(r pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer
}

func (i interposed) Send(ctx context.Context, r pasarela.NetworkRequest) pasarela.NetworkAnswer {
	return i.hear(r, func() pasarela.NetworkAnswer { return i.Acquirer.Send(ctx, r) })
}

// said is how the link tells of a response code.
func said(code string) pasarela.NetworkAnswer {
	a := pasarela.NetworkAnswer{Outcome: pasarela.OutcomeDeclined, ResponseCode: code}
	if code == "68" {
		a.Outcome = pasarela.OutcomeUnknown
	}
	return a
}

// tapped is a store of which one unit of work to come is handed to the test.
type tapped struct {
	store.Store
	mu   sync.Mutex
	left int                             // units until the one that is handed over; guarded by mu
	tap  func(commit func() error) error // nil when none is awaited; guarded by mu
}

func (s *tapped) on(nth int, tap func(commit func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.tap = nth, tap
}

func (s *tapped) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	commit := func() error { return s.Store.Update(ctx, m, unit) }
	if tap := s.turn(); tap != nil {
		return tap(commit)
	}
	return commit()
}

func (s *tapped) turn() (tap func(func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tap == nil {
		return nil
	}
	if s.left--; s.left == 0 {
		tap, s.tap = s.tap, nil
	}
	return tap
}

// The units of a verb, counted from its request.
const (
	promise = 1
	outcome = 2
)

// rebuild puts a gateway of another configuration in place of the rig's own.
func (r *rig) rebuild(change func(*gateway.Config)) {
	r.gateway.Close()
	c := r.gateway.Config
	change(&c)
	r.gateway = gateway.New(c)
}

func (r *rig) tap() *tapped {
	s := &tapped{Store: r.store}
	r.rebuild(func(c *gateway.Config) { c.Store = s })
	return s
}

func (r *rig) interpose(hear func(r pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer) {
	r.rebuild(func(c *gateway.Config) { c.Acquirer = interposed{r.link, hear} })
}

// otherNode is a gateway on the same store and issuer. Its reversals are heard by hear.
func (r *rig) otherNode(hear func(pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer) *gateway.Gateway {
	c := r.gateway.Config
	c.Store = r.store
	c.Acquirer = interposed{r.link, func(_ pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
		return hear(pass)
	}}
	other := gateway.New(c)
	r.t.Cleanup(other.Close)
	return other
}

func truly(pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer { return pass() }

// takenOver has another node take for abandoned what this one is doing.
func (r *rig) takenOver(by *gateway.Gateway) {
	r.t.Helper()
	r.clock.jump(36 * time.Second)
	n, err := by.Sweep(r.t.Context())
	r.must(err)
	if n == 0 {
		r.t.Error("the other node took over nothing")
	}
}

// Invariant 3: what another node may be about to reverse is not sent. What it would repeat is.
func TestAPromiseThatWasSlowToCommitIsNotSent(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		held := r.paid(pasarela.KindAuthorization, 100)
		charge := r.charge(pasarela.KindSale, 200)
		disk := r.tap()
		slow := func(commit func() error) error {
			err := commit()
			time.Sleep(6 * time.Second) // of the bubble's clock: how long this commit takes
			return err
		}
		disk.on(promise, slow)
		p, err := r.gateway.Authorize(t.Context(), r.merchant, charge)
		r.must(err)
		if p.State != pasarela.StateDeclined || p.ResponseCode != pasarela.ResponseUnreachable {
			t.Fatalf("sale is %s (%s), want it declined as never sent", p.State, p.ResponseCode)
		}
		if n := len(r.bank.Authorizations(0, 0)); n != 1 {
			t.Fatalf("the issuer has %d authorizations, want the one from before", n)
		}
		disk.on(promise, slow)
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(held, 0))
		r.must(err)
		r.wantOperation(o, o.State, pasarela.OpDeclined)
		r.wantState(held, pasarela.StateAuthorized)
		r.wantIssuer(held, simulator.StateHeld, 0, 0)
		disk.on(promise, slow)
		_, o, err = r.gateway.Void(t.Context(), r.merchant, about(held, 0))
		r.must(err)
		r.wantOperation(o, o.State, pasarela.OpApproved)
		r.wantIssuer(held, simulator.StateReleased, 0, 0)
		r.wantAgreement()
	})
}

var kinds = []pasarela.PaymentKind{pasarela.KindAuthorization, pasarela.KindSale}

// overtakings are the ways in which another node reverses what this one has promised before it hears of the
// issuer's approval. at is where that leaves the payment.
var overtakings = map[string]func(r *rig, disk *tapped, at pasarela.PaymentState){
	"outcome was slow to commit": func(r *rig, disk *tapped, at pasarela.PaymentState) {
		other := r.otherNode(truly)
		disk.on(outcome, func(commit func() error) error {
			r.takenOver(other)
			r.wantState(r.latest(), at)
			return commit()
		})
	},
	"message overtaken by its reversal": func(r *rig, _ *tapped, at pasarela.PaymentState) {
		other := r.otherNode(func(func() pasarela.NetworkAnswer) pasarela.NetworkAnswer { return said("25") })
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			if original(q.Message) {
				r.takenOver(other)
				r.repeated(other)
				r.wantState(r.latest(), at)
			}
			return pass()
		})
	},
	"reversal answered before and acknowledged after": acknowledgedAfter,
}

func original(m pasarela.Message) bool {
	return m == pasarela.MessageAuthorize || m == pasarela.MessageSale || m == pasarela.MessageCapture
}

// repeated has another node repeat what was not acknowledged.
func (r *rig) repeated(by *gateway.Gateway) {
	r.t.Helper()
	r.clock.jump(2 * time.Second)
	_, err := by.Sweep(r.t.Context())
	r.must(err)
}

// Invariant 3: an approval that comes after another node has reversed the payment does not stand.
func TestAnApprovalOfWhatWasReversedIsReversed(t *testing.T) {
	for name, overtake := range overtakings {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, r *rig) {
				for _, kind := range kinds {
					charge := r.charge(kind, 100)
					disk := r.tap()
					overtake(r, disk, pasarela.StateReversed)
					p, err := r.gateway.Authorize(t.Context(), r.merchant, charge)
					r.must(err)
					if p.State != pasarela.StateReversing {
						t.Fatalf("the merchant is told %s, want reversing", p.State)
					}
					r.runDue(0)
					r.wantState(p, pasarela.StateReversed)
					r.wantIssuer(p, simulator.StateReversed, 0, 0)
					r.wantAgreement()
					r.rebuild(func(c *gateway.Config) { c.Acquirer, c.Store = r.link, r.store })
				}
			})
		})
	}
}

// The same of a capture: it does not stand, it is no success, and the hold can be captured anew.
func TestAnApprovalOfACaptureThatWasTakenBackIsTakenBack(t *testing.T) {
	for name, overtake := range overtakings {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, r *rig) {
				p := r.paid(pasarela.KindAuthorization, 100)
				overtake(r, r.tap(), pasarela.StateAuthorized)
				_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 0))
				r.must(err)
				r.wantOperation(o, o.State, pasarela.OpReversed)
				r.runDue(0)
				r.wantState(p, pasarela.StateAuthorized)
				r.wantIssuer(p, simulator.StateHeld, 0, 0)
				r.wantAgreement()
				r.rebuild(func(c *gateway.Config) { c.Acquirer, c.Store = r.link, r.store })
				_, o, err = r.gateway.Capture(t.Context(), r.merchant, about(p, 0))
				r.must(err)
				r.wantOperation(o, o.State, pasarela.OpApproved)
				r.wantIssuer(p, simulator.StateCaptured, 100, 0)
				r.wantAgreement()
			})
		})
	}
}

// Two captures of one hold that the issuer both approves: the one that was taken back is reversed by its own trace,
// the other stands and can still be voided.
func TestACaptureTakenBackIsReversedBesidesTheOneThatStands(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		other := r.otherNode(truly)
		var frozen, reversed pasarela.Trace
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			switch {
			case q.Message == pasarela.MessageReverseCapture:
				reversed = q.Original
			case q.Message == pasarela.MessageCapture && frozen.RRN == "":
				frozen = q.Trace
				r.takenOver(other)
				_, o, err := other.Capture(t.Context(), r.merchant, about(p, 90))
				r.must(err)
				r.wantOperation(o, o.State, pasarela.OpApproved)
				return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00"}
			}
			return pass()
		})
		q, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 100))
		r.must(err)
		r.wantOperation(o, o.State, pasarela.OpReversed)
		if q.State != pasarela.StateUncapturing { // as it was answered: the reversal may be through by now
			t.Fatalf("payment is answered as %s", q.State)
		}
		r.runDue(0)
		if reversed.RRN != frozen.RRN || reversed.STAN != frozen.STAN {
			t.Fatalf("what was reversed is %+v, want the capture that was taken back, %+v", reversed, frozen)
		}
		r.wantState(p, pasarela.StateCaptured)
		r.wantIssuer(p, simulator.StateCaptured, 90, 0)
		r.wantAgreement()
		_, o, err = r.gateway.Void(t.Context(), r.merchant, about(p, 0))
		r.must(err)
		r.wantOperation(o, o.State, pasarela.OpApproved)
		r.wantIssuer(p, simulator.StateReversed, 0, 0)
		r.wantAgreement()
	})
}

// acknowledgedAfter has the issuer say that there is nothing to reverse, then approve; and the other node hear
// the former once this one has committed the latter.
func acknowledgedAfter(r *rig, disk *tapped, _ pasarela.PaymentState) {
	asked, committed, swept := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var first sync.Once
	other := r.otherNode(func(pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
		answer := pass
		first.Do(func() {
			close(asked)
			<-committed
			answer = func() pasarela.NetworkAnswer { return said("25") }
		})
		return answer()
	})
	disk.on(outcome, func(commit func() error) error {
		err := commit()
		close(committed)
		<-swept
		return err
	})
	r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
		if original(q.Message) {
			go func() {
				defer close(swept)
				r.takenOver(other)
			}()
			<-asked
		}
		return pass()
	})
}

// damaged is a store of which one merchant's profile and units fail.
type damaged struct {
	store.Store
	merchant pasarela.MerchantID
}

func (s damaged) Merchant(ctx context.Context, m pasarela.MerchantID) (store.MerchantRecord, error) {
	record, err := s.Store.Merchant(ctx, m)
	if m == s.merchant {
		record.Profile = []byte("damaged")
	}
	return record, err
}

func (s damaged) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	if m == s.merchant {
		return errStore
	}
	return s.Store.Update(ctx, m, unit)
}

// What is wrong with one merchant is reported, and no other merchant's reversals and expired cards wait for it.
func TestOneMerchantThatCannotBeOpenedKeepsNoOtherWaiting(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		first := r.merchant
		second, err := r.gateway.CreateMerchant(t.Context(), pasarela.Merchant{Name: "other shop", Country: "EC"})
		r.must(err)
		if second.ID < first.ID {
			first, second = second, first
		}
		r.interpose(func(pasarela.NetworkRequest, func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeUnknown}
		})
		unanswered := map[pasarela.MerchantID]pasarela.Payment{}
		unused := map[pasarela.MerchantID]pasarela.TokenID{}
		for _, m := range []pasarela.Merchant{first, second} {
			r.merchant = m
			p, err := r.gateway.Authorize(t.Context(), m, r.charge(pasarela.KindSale, 100))
			r.must(err)
			unanswered[m.ID], unused[m.ID] = p, r.token(creditCard, pasarela.UseCharge, usd(1))
		}
		r.rebuild(func(c *gateway.Config) { c.Acquirer, c.Store = r.link, damaged{r.store, first.ID} })
		r.clock.jump(pasarela.TokenLife + time.Hour)
		err = r.gateway.RunDue(t.Context())
		if err == nil || !strings.Contains(err.Error(), string(first.ID)) || strings.Contains(err.Error(), string(second.ID)) {
			t.Fatalf("error is %v, want it to name merchant %s and no other", err, first.ID)
		}
		r.wantState(unanswered[second.ID], pasarela.StateReversed) // of the second, which is r.merchant
		if token, err := r.store.Token(t.Context(), second.ID, unused[second.ID]); err != nil || !token.Card.Empty() {
			t.Fatalf("the expired token of the second merchant still has its card (%v)", err)
		}
		r.rebuild(func(c *gateway.Config) { c.Store = r.store })
		r.settle()
		r.wantAgreement()
	})
}

// A card opens for the token that it came from and for no other: who can write to the database, but has no
// keys, cannot have one card's payment captured with another's number.
func TestACardMovedToAnotherPaymentDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		rich, poor := r.paid(pasarela.KindAuthorization, 100), r.paid(pasarela.KindAuthorization, 200)
		own := r.payment(poor).Card
		put := func(card pasarela.Sealed) {
			r.must(r.store.Update(t.Context(), r.merchant.ID, func(tx store.Tx) error {
				p, err := tx.Payment(poor.ID)
				p.Card = card
				if err != nil {
					return err
				}
				return tx.PutPayment(p)
			}))
		}
		put(r.payment(rich).Card)
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(poor, 0))
		r.must(err)
		if o.State != pasarela.OpDeclined || o.ResponseCode != pasarela.ResponseUnsendable {
			t.Fatalf("capture is %s (%s), want it never sent", o.State, o.ResponseCode)
		}
		r.wantIssuer(poor, simulator.StateHeld, 0, 0)
		put(own)
		_, o, err = r.gateway.Capture(t.Context(), r.merchant, about(poor, 0))
		r.must(err)
		r.wantOperation(o, o.State, pasarela.OpApproved)
		r.wantAgreement()
	})
}

// The same while the other node has a reauthorization of that hold to undo: the approval waits, and is not forgotten.
func TestAnApprovalOfWhatWasTakenBackWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		p := r.paid(pasarela.KindAuthorization, 100)
		other := r.otherNode(truly)
		var frozen, undone pasarela.Trace
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			if q.Message == pasarela.MessageReverseCapture {
				undone = q.Original
			}
			if q.Message != pasarela.MessageCapture {
				return pass()
			}
			frozen = q.Trace
			r.takenOver(other)
			r.repeated(other)
			r.wantState(p, pasarela.StateAuthorized)
			r.fault(simulator.FaultNoResponse, simulator.OnAuthorization, 1)
			r.fault(simulator.FaultNoResponse, simulator.OnReversal, 3)
			_, o, err := other.Reauthorize(t.Context(), r.merchant, about(p, 50))
			r.must(err)
			r.wantOperation(o, o.State, pasarela.OpReversed)
			return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00"}
		})
		_, o, err := r.gateway.Capture(t.Context(), r.merchant, about(p, 80))
		r.must(err)
		r.wantOperation(o, o.State, pasarela.OpReversed)
		r.settle()
		r.runDue(0) // looks into what waited
		if undone.RRN != frozen.RRN || undone.STAN != frozen.STAN {
			t.Errorf("what was reversed afterwards is %+v, want the capture, %+v", undone, frozen)
		}
		r.wantState(p, pasarela.StateAuthorized)
		r.wantAgreement()
	})
}
