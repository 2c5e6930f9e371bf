package gateway_test

import (
	"context"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
)

// verb is a capture, void or refund.
type verb func(*gateway.Gateway, context.Context, pasarela.Merchant, gateway.OperationRequest) (pasarela.Payment, pasarela.Operation, error)

// Invariant 7, when the node that was asked could not store what came of it and the sweeper did: the key stands
// for what was done, and nothing is done twice under it.
func TestAKeyWhoseOutcomeTheSweeperCommitted(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			name            string
			open            pasarela.PaymentKind
			do              verb
			amount          int64
			state           pasarela.PaymentState
			issuer          simulator.State
			taken, returned int64
		}{
			{"refund in part", pasarela.KindSale, (*gateway.Gateway).Refund, 30, pasarela.StateCaptured, simulator.StateCaptured, 100, 30},
			{"void of a sale", pasarela.KindSale, (*gateway.Gateway).Void, 0, pasarela.StateVoided, simulator.StateReversed, 0, 0},
			{"void of a hold", pasarela.KindAuthorization, (*gateway.Gateway).Void, 0, pasarela.StateReleased, simulator.StateReleased, 0, 0},
			// The sweeper took this one back: it came to nothing, and runs anew.
			{"capture", pasarela.KindAuthorization, (*gateway.Gateway).Capture, 60, pasarela.StateCaptured, simulator.StateCaptured, 60, 0},
		} {
			p := r.paid(c.open, 100)
			request := about(p, c.amount)
			request.Remember = key(c.name, true)
			do := func() (string, error) {
				return answeredFollow(c.do(r.gateway, t.Context(), r.merchant, request))
			}
			disk := r.breakable()
			disk.after.Store(1) // the promise
			_, err := do()
			r.wantCode(err, pasarela.CodeInternal)
			disk.after.Store(-1)
			r.settle()
			first, err := do()
			if err != nil {
				t.Fatalf("%s: repeated under its key it is answered %v", c.name, err)
			}
			again, err := do()
			r.must(err)
			if again != first {
				t.Errorf("%s: answered %q first and %q later", c.name, first, again)
			}
			request.Remember.Digest = []byte("another body")
			_, err = do()
			r.wantCode(err, pasarela.CodeKeyReused)
			r.wantState(p, c.state)
			r.wantIssuer(p, c.issuer, c.taken, c.returned)
			r.wantAgreement()
			r.rebuild(func(c *gateway.Config) { c.Store = r.store })
		}
	})
}

// giveBacks are what is promised to a merchant and repeated until the issuer answers.
var giveBacks = []struct {
	name            string
	open            pasarela.PaymentKind
	do              verb
	amount          int64
	on              simulator.FaultOn
	state           pasarela.PaymentState
	issuer          simulator.State
	taken, returned int64
}{
	{"refund in part", pasarela.KindSale, (*gateway.Gateway).Refund, 30, simulator.OnRefund, pasarela.StateCaptured, simulator.StateCaptured, 100, 30},
	{"void of a sale", pasarela.KindSale, (*gateway.Gateway).Void, 0, simulator.OnReversal, pasarela.StateVoided, simulator.StateReversed, 0, 0},
	{"void of a hold", pasarela.KindAuthorization, (*gateway.Gateway).Void, 0, simulator.OnReversal, pasarela.StateReleased, simulator.StateReleased, 0, 0},
}

// What the issuer says to a repetition is about the repetition: a duplicate has been done, and who could not
// look has decided nothing. What was asked once is paid once.
func TestAnAnswerToARepetition(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		code := ""
		r.interpose(func(_ pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			if code != "" {
				return said(code)
			}
			return pass()
		})
		for _, c := range giveBacks {
			for _, answer := range []struct {
				code  string
				after pasarela.OperationState
			}{
				{"94", pasarela.OpApproved}, {"91", pasarela.OpPending}, {"96", pasarela.OpPending}, {"68", pasarela.OpPending},
			} {
				p := r.paid(c.open, 100)
				r.fault(simulator.FaultNoResponse, c.on, 1)
				_, o, err := c.do(r.gateway, t.Context(), r.merchant, about(p, c.amount))
				r.must(err)
				r.wantOperation(o, o.State, pasarela.OpPending)
				code = answer.code
				r.runDue(5 * time.Second)
				if got := r.operation(o).State; got != answer.after {
					t.Fatalf("%s, repeated, answered %s: it is %s, want %s", c.name, code, got, answer.after)
				}
				code = ""
				if answer.after == pasarela.OpPending {
					_, _, err = c.do(r.gateway, t.Context(), r.merchant, about(p, c.amount))
					if err == nil {
						t.Fatalf("%s, repeated, answered %s: it can be asked for a second time", c.name, answer.code)
					}
				}
				r.settle()
				r.wantOperation(o, r.operation(o).State, pasarela.OpApproved)
				r.wantState(p, c.state)
				r.wantIssuer(p, c.issuer, c.taken, c.returned)
			}
		}
		r.wantAgreement()
	})
}

func (r *rig) operation(o pasarela.Operation) pasarela.Operation {
	r.t.Helper()
	o, err := r.store.Operation(r.t.Context(), r.merchant.ID, o.ID)
	r.must(err)
	return o
}

// What the issuer says to the first message is about what was asked. A no to a refund, or to a void of money
// that was taken, is final, and the merchant may ask again.
func TestADeclineOfTheFirstAttemptIsFinal(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, c := range giveBacks[:2] {
			for _, code := range []string{"05", "25", "57", "91", "94", "96"} {
				p := r.paid(c.open, 100)
				r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultDecline, On: c.on, ResponseCode: code}))
				q, o, err := c.do(r.gateway, t.Context(), r.merchant, about(p, c.amount))
				r.must(err)
				if o.State != pasarela.OpDeclined || o.ResponseCode != code || q.State != pasarela.StateCaptured || q.Refunded != 0 {
					t.Fatalf("%s answered %s is %s (%s), payment %s with %d refunded: want it declined", c.name, code, o.State, o.ResponseCode, q.State, q.Refunded)
				}
				r.wantIssuer(p, simulator.StateCaptured, 100, 0)
				_, o, err = c.do(r.gateway, t.Context(), r.merchant, about(p, c.amount))
				r.must(err)
				r.wantOperation(o, o.State, pasarela.OpApproved)
				r.wantIssuer(p, c.issuer, c.taken, c.returned)
			}
		}
		r.wantAgreement()
	})
}

// An issuer that answered too late for its own acquirer (68) may hold the money.
func TestAnAuthorizationAnsweredTooLateIsReversed(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, kind := range kinds {
			r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnAuthorization, ResponseCode: "68"}))
			p, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(kind, 100))
			r.must(err)
			if p.State != pasarela.StateReversing {
				t.Fatalf("%s answered 68 is %s (%s), want it reversing", kind, p.State, p.ResponseCode)
			}
			r.runDue(0)
			r.wantState(p, pasarela.StateReversed)
		}
		r.wantAgreement()
	})
}

// 25, "unable to locate the record": money that was taken is still taken, so a void is declined.
func TestAVoidThatTheIssuerCannotLocateIsNotBooked(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		sale, captured := r.paid(pasarela.KindSale, 100), r.paid(pasarela.KindAuthorization, 100)
		_, _, err := r.gateway.Capture(t.Context(), r.merchant, about(captured, 0))
		r.must(err)
		for _, p := range []pasarela.Payment{sale, captured} {
			r.unplug.Store(true)
			r.cut()
			_, o, err := r.gateway.Void(t.Context(), r.merchant, about(p, 0)) // does not leave: the sweeper will send it
			r.must(err)
			r.wantOperation(o, o.State, pasarela.OpPending)
			for range 3 {
				r.runDue(time.Hour) // nor does it now
			}
			r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnReversal, ResponseCode: "25"}))
			r.unplug.Store(false)
			r.settle()
			r.wantOperation(o, r.operation(o).State, pasarela.OpDeclined)
			r.wantState(p, pasarela.StateCaptured)
			r.wantIssuer(p, simulator.StateCaptured, 100, 0)
		}
		r.wantAgreement()
	})
}

// 25 to what gives back a hold, or what may never have been held, says that nothing is held: it is done.
func TestAReleaseOrReversalThatTheIssuerCannotLocateIsDone(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		var carriedOut bool
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			switch {
			case q.Message == pasarela.MessageRelease && !carriedOut:
				pass() // its answer is lost on the way
				carriedOut = true
				return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeUnknown}
			case q.Message == pasarela.MessageSale: // is lost on the way
				return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeUnknown}
			case q.Message == pasarela.MessageRelease || q.Message == pasarela.MessageReverse:
				return said("25")
			}
			return pass()
		})
		held := r.paid(pasarela.KindAuthorization, 100)
		_, o, err := r.gateway.Void(t.Context(), r.merchant, about(held, 0))
		r.must(err)
		r.runDue(5 * time.Second)
		r.wantOperation(o, r.operation(o).State, pasarela.OpApproved)
		r.wantState(held, pasarela.StateReleased)
		r.wantIssuer(held, simulator.StateReleased, 0, 0)
		lost, err := r.gateway.Authorize(t.Context(), r.merchant, r.charge(pasarela.KindSale, 100))
		r.must(err)
		r.settle()
		r.wantState(lost, pasarela.StateReversed)
		r.wantAgreement()
	})
}

// What gives money back has one trace however often it is sent. An issuer that does not locate the payment any more
// has given it back; only where no copy can have left before, it has refused.
func TestARepetitionThatTheIssuerCannotLocateWasCarriedOut(t *testing.T) {
	for name, lose := range map[string]func(disk *tapped) pasarela.NetworkAnswer{
		"answer was lost": func(*tapped) pasarela.NetworkAnswer {
			return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeUnknown}
		},
		"outcome was not stored": func(disk *tapped) pasarela.NetworkAnswer {
			disk.on(1, func(func() error) error { return pasarela.Wrap(pasarela.CodeInternal, errStore, "not stored") })
			return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, r *rig) {
				disk := r.tap()
				first := map[pasarela.PaymentID]bool{}
				r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
					switch {
					case q.Message != pasarela.MessageVoid && q.Message != pasarela.MessageRefund:
						return pass()
					case first[q.Reference]:
						return said("25")
					}
					first[q.Reference] = true
					pass()
					return lose(disk)
				})
				voided, refunded := r.paid(pasarela.KindSale, 100), r.paid(pasarela.KindSale, 100)
				_, _, _ = r.gateway.Void(t.Context(), r.merchant, about(voided, 0)) // the books say what became of it
				_, _, _ = r.gateway.Refund(t.Context(), r.merchant, about(refunded, 0))
				r.wantState(voided, pasarela.StateVoiding)
				r.wantState(refunded, pasarela.StateRefunding)
				r.settle()
				r.wantState(voided, pasarela.StateVoided)
				r.wantState(refunded, pasarela.StateRefunded)
				r.wantIssuer(voided, simulator.StateReversed, 0, 0)
				r.wantIssuer(refunded, simulator.StateRefunded, 100, 100)
				r.wantAgreement()
			})
		})
	}
}
