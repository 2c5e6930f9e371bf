package gateway_test

import (
	"cmp"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/gateway"
)

// A skipped period stays so, and a charge of a disabled merchant's buyer is not to be undone: neither rests on what a node
// remembers of the merchant's profile.
func TestBillingKnowsWhatAnotherNodeMadeOfTheMerchant(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		id := r.subscribe(nil)
		other := r.otherNode(truly)
		for _, c := range []struct {
			day      pasarela.Date
			disabled bool
			want     pasarela.PeriodState
		}{{"2026-01-31", false, pasarela.PeriodPaid}, {"2026-02-28", true, pasarela.PeriodSkipped}} {
			r.disable(!c.disabled)
			other.ForgetMerchants()
			m, err := other.Merchant(t.Context(), r.merchant.ID)
			if err != nil || m.Disabled == c.disabled {
				t.Fatalf("the other node has it disabled: %t, %v", m.Disabled, err)
			}
			r.disable(c.disabled)
			r.clock.jump(at(c.day, "06:00").Sub(r.clock.Now()))
			_, err = other.Bill(t.Context())
			r.must(err)
			if all := r.periods(id); len(all) == 0 || all[len(all)-1].Date != c.day || all[len(all)-1].State != c.want {
				t.Errorf("disabled %t: the period is %+v, want it %s", c.disabled, all, c.want)
			}
		}
		r.wantChargedOnce(id)
	})
}

// Once a merchant is disabled, on whatever node, no further charge of the run that is under way is sent.
func TestAMerchantIsDisabledInTheMidstOfARun(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const count = 20
		var ids []pasarela.SubscriptionID
		for range count {
			ids = append(ids, r.subscribe(nil))
		}
		r.rebuild(func(c *gateway.Config) { c.BillingRate = 10 })
		other := r.node()
		for _, run := range []struct {
			day pasarela.Date
			by  func() *gateway.Gateway
		}{
			{"2026-01-31", func() *gateway.Gateway { return r.gateway }}, {"2026-02-28", func() *gateway.Gateway { return other }},
		} {
			r.disable(false)
			var sales, after atomic.Int64
			var disabled atomic.Bool
			r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
				if disabled.Load() {
					after.Add(1)
				}
				if sales.Add(1) == 2 {
					_, err := run.by().ChangeMerchant(t.Context(), q.Merchant, func(m pasarela.Merchant) (pasarela.Merchant, error) {
						m.Disabled = true
						return m, nil
					})
					r.must(err)
					disabled.Store(true)
				}
				return pass()
			})
			r.clock.jump(at(run.day, "06:00").Sub(r.clock.Now()))
			n, err := r.gateway.Bill(t.Context())
			if err != nil || n != count || after.Load() > 0 {
				t.Errorf("%s: the run did %d things, %v, and sent %d charges of a disabled merchant", run.day, n, err, after.Load())
			}
		}
		r.wantChargedOnce(ids...)
	})
}

// A merchant whose issuer is silent takes a share of the payments under way; the others' go on beside it, those too that
// fall due only when an earlier one has ended.
func TestASilentIssuerHoldsUpNoOtherMerchantsCharges(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const of = 40 // more than the slots of a run
		second, err := r.gateway.CreateMerchant(t.Context(), pasarela.Merchant{Name: "shop", Country: "EC"})
		r.must(err)
		merchants := []pasarela.Merchant{r.merchant, second}
		slices.SortFunc(merchants, func(a, b pasarela.Merchant) int { return cmp.Compare(a.ID, b.ID) })
		silent, other := merchants[0], merchants[1] // whose turn comes first
		for _, r.merchant = range merchants {
			for range of {
				r.subscribe(daily("2026-01-31"))
			}
		}
		var paid, waited, most, under atomic.Int64
		began := time.Now()
		r.interpose(func(q pasarela.NetworkRequest, pass func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			switch {
			case q.Merchant == other.ID:
				if paid.Add(1) == 2*of {
					waited.Store(int64(time.Since(began)))
				}
				return pass()
			case q.Message == pasarela.MessageSale:
				if n := under.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(timeout) // of the bubble's clock
				under.Add(-1)
				return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeUnknown}
			default:
				return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00"}
			}
		})
		r.clock.jump(at("2026-02-01", "06:00").Sub(r.clock.Now()))
		began = time.Now()
		_, err = r.gateway.Bill(t.Context())
		r.must(err)
		if w := time.Duration(waited.Load()); w == 0 || w >= timeout {
			t.Errorf("the last of the other merchant's %d payments went after %s", paid.Load(), w)
		}
		if n := most.Load(); n < 2 || n > 16 {
			t.Errorf("%d payments of the silent merchant were under way at once", n)
		}
		r.merchant = silent
		r.rebuild(func(c *gateway.Config) { c.Acquirer = r.link })
		r.settle()
	})
}
