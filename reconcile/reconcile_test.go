package reconcile_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/gateway"
	"pasarela/ledger"
	"pasarela/reconcile"
	"pasarela/store"
)

func TestBooksAgreeAfterAMixedDay(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.mixedDay()
		report := r.run()
		if len(report.Differences) != 0 || report.Payments < 8 || report.Merchants != 1 || report.Issuer < 6 || report.Pending != 0 {
			t.Fatalf("report is %+v", report)
		}
	})
}

// disagreements are the ways in which the books can be made to differ, each with what the report says of it.
var disagreements = []struct {
	name string
	do   func(r *rig, p pasarela.Payment)
	want []string // each in one difference
}{
	{"issuer forgets a sale", func(r *rig, p pasarela.Payment) {
		r.must(r.bank.Tamper(p.Trace.RRN, true, nil))
	}, []string{"the issuer does not know it"}},
	{"issuer has another amount", func(r *rig, p pasarela.Payment) {
		one := int64(1)
		r.must(r.bank.Tamper(p.Trace.RRN, false, &one))
	}, []string{"amount is 1000 USD, the issuer has 1 USD", "captured is 1000, the issuer has 1"}},
	{"a posting too many", func(r *rig, p pasarela.Payment) {
		r.post(ledger.OnRefunded(p, 5))
	}, []string{"postings add up to"}},
	{"postings of a payment that does not exist", func(r *rig, p pasarela.Payment) {
		p.ID = "00000000-0000-4000-8000-000000000000"
		r.post(ledger.OnApproved(p))
	}, []string{"balances in USD are"}},
	{"a refund the gateway does not know of", func(r *rig, p pasarela.Payment) {
		r.behindItsBack(p, pasarela.MessageRefund)
	}, []string{"refunded is 0, the issuer has 1000", "should have it captured but has it refunded"}},
	{"a reversal the gateway does not know of", func(r *rig, p pasarela.Payment) {
		r.behindItsBack(p, pasarela.MessageReverse)
	}, []string{"should have it captured but has it reversed", "captured is 1000, the issuer has 0"}},
	{"a hold that no merchant has", func(r *rig, p pasarela.Payment) {
		p.ID = "00000000-0000-4000-8000-000000000000"
		r.behindItsBack(p, pasarela.MessageAuthorize)
	}, []string{"the issuer has it held with 1000 USD, but the gateway does not know it"}},
	{"a reauthorization the gateway does not know of", func(r *rig, _ pasarela.Payment) {
		r.behindItsBack(r.pay(r.request(pasarela.KindAuthorization, 700)), pasarela.MessageReauthorize)
	}, []string{"amount is 700 USD, the issuer has 1400 USD"}},
	{"a reauthorization the issuer does not know of", func(r *rig, _ pasarela.Payment) {
		r.reauthorized(r.pay(r.request(pasarela.KindAuthorization, 700)), 300)
	}, []string{"amount is 1000 USD, the issuer has 700 USD"}},
	{"a reauthorization without its posting", func(r *rig, _ pasarela.Payment) {
		p := r.pay(r.request(pasarela.KindAuthorization, 700))
		r.behindItsBack(p, pasarela.MessageReauthorize)
		r.rewrite(p, func(p *pasarela.Payment) { p.Reauthorized = 700 })
	}, []string{"postings add up to"}},
	{"a payment that was lost after it was reversed", func(r *rig, p pasarela.Payment) {
		r.rewrite(p, func(p *pasarela.Payment) { p.State, p.Captured = pasarela.StateReversed, 0 })
	}, []string{"payment is reversed, but the issuer has it captured", "postings add up to"}},
}

// The exit status of `pasarela reconcile` rests on this: what disagrees is named.
func TestDifferencesAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range disagreements {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.mixedDay()
				p := r.sell(1000)
				c.do(r, p)
				found := r.run().Differences
				if len(found) != len(c.want) {
					t.Errorf("%d differences, want %d", len(found), len(c.want))
				}
				for _, want := range c.want {
					if !slices.ContainsFunc(found, func(d reconcile.Difference) bool { return strings.Contains(d.What, want) }) {
						t.Errorf("no difference says %q: %v", want, found)
					}
				}
			})
		})
	}
}

// What is held after reauthorizations is one sum in both books, captured or not.
func TestReauthorizedPaymentsAgree(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		p := r.pay(r.request(pasarela.KindAuthorization, 700))
		r.behindItsBack(p, pasarela.MessageReauthorize)
		r.reauthorized(p, 700)
		if report := r.run(); len(report.Differences) != 0 {
			t.Fatalf("reauthorized: %+v", report)
		}
		ceiling := pasarela.Money{Minor: 1540, Currency: "USD"}
		done, _, err := r.gateway.Capture(t.Context(), r.merchant,
			gateway.OperationRequest{Ticket: p.Ticket, Amount: &ceiling, Order: []byte("{}")})
		r.must(err)
		if report := r.run(); len(report.Differences) != 0 || done.Captured != 1540 {
			t.Fatalf("captured %d: %+v", done.Captured, report)
		}
	})
}

// A payment under way is counted and left alone, whatever the issuer already has.
func TestWhatIsInFlightIsNoDifference(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		p := r.sell(1000)
		r.must(r.bank.AddFault(simulator.Fault{Kind: simulator.FaultLateResponse, On: simulator.OnAny, Count: 2, DelayMS: 10_000}))
		fresh := r.request(pasarela.KindAuthorization, 500)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := r.gateway.Authorize(t.Context(), r.merchant, fresh); err != nil {
				t.Error(err)
			}
		})
		waiting.Go(func() {
			if _, _, err := r.gateway.Refund(t.Context(), r.merchant, gateway.OperationRequest{Ticket: p.Ticket}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // the issuer has booked both, and will say so in ten seconds
		if report := r.run(); len(report.Differences) != 0 || report.Pending != 2 {
			t.Fatalf("while two payments are under way: %+v", report)
		}
		waiting.Wait()
		if report := r.run(); len(report.Differences) != 0 || report.Pending != 0 {
			t.Fatalf("afterwards: %+v", report)
		}
	})
}

// Between reading the issuer's books and ours a payment may move: what is gone at the next look does not count.
func TestADifferenceMustLast(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		before, err := r.entries()
		r.must(err)
		r.sell(1000)
		looks := 0
		books := r.books()
		books.Issuer = func() ([]reconcile.IssuerEntry, error) {
			if looks++; looks == 1 {
				return before, nil
			}
			return r.entries()
		}
		report, err := books.Run(t.Context())
		r.must(err)
		if len(report.Differences) != 0 || looks < 2 {
			t.Fatalf("after %d looks: %+v", looks, report)
		}
	})
}

// Without the issuer's books the gateway's own are still held against each other.
func TestWithoutAnIssuer(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		p := r.sell(1000)
		r.must(r.bank.Tamper(p.Trace.RRN, true, nil))
		books := reconcile.Books{Store: r.store}
		report, err := books.Run(t.Context())
		r.must(err)
		if len(report.Differences) != 0 {
			t.Fatalf("report is %+v", report)
		}
		r.post(ledger.OnVoided(p))
		report, err = books.Run(t.Context())
		r.must(err)
		if len(report.Differences) != 1 {
			t.Fatalf("report is %+v, want the posting that does not fit", report)
		}
	})
}

// Rolled-up balances count like the postings they were made of.
func TestRollUpChangesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.mixedDay()
		r.must(r.store.RollUp(t.Context(), r.merchant.ID, "999999999999999999"))
		r.sell(700)
		if report := r.run(); len(report.Differences) != 0 {
			t.Fatalf("report is %+v", report)
		}
	})
}

// post appends postings outside any verb.
func (r *rig) post(postings []ledger.Posting) {
	r.t.Helper()
	for i := range postings {
		postings[i].ID = r.ids.Posting(r.clock.Now())
	}
	r.must(r.store.Update(r.t.Context(), r.merchant.ID, func(tx store.Tx) error { return tx.Post(postings) }))
}

// rewrite changes a payment outside any verb.
func (r *rig) rewrite(p pasarela.Payment, change func(*pasarela.Payment)) {
	r.t.Helper()
	r.must(r.store.Update(r.t.Context(), r.merchant.ID, func(tx store.Tx) error {
		q, err := tx.Payment(p.ID)
		if err != nil {
			return err
		}
		change(&q)
		return tx.PutPayment(q)
	}))
}

// reauthorized has the gateway believe in a reauthorization by so many minor units.
func (r *rig) reauthorized(p pasarela.Payment, minor int64) {
	r.t.Helper()
	r.rewrite(p, func(p *pasarela.Payment) { p.Reauthorized += minor })
	r.post(ledger.OnReauthorized(p, minor))
}

// behindItsBack sends the issuer a message that the gateway does not know of.
func (r *rig) behindItsBack(p pasarela.Payment, m pasarela.Message) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), timeout)
	defer cancel()
	a := r.link.Send(ctx, pasarela.NetworkRequest{Message: m, Attempt: 1, Reference: p.ID, Trace: r.link.NextTrace(), Original: p.Trace,
		Amount: p.Amount, Merchant: p.Merchant, Name: "shop", Country: "EC", Card: p.Card, Facts: p.Facts})
	if a.Outcome != pasarela.OutcomeApproved {
		r.t.Fatalf("issuer answers %+v", a)
	}
}
