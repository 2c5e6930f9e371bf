package gateway_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/gateway"
	"pasarela/store"
)

// A merchant's turn in a sweep, and how long it takes where no message is answered.
const (
	turnSize   = 256
	silentTurn = turnSize / 16 * timeout
)

// unacknowledged puts payments into a merchant's books of which a reversal is owed.
func (r *rig) unacknowledged(m pasarela.MerchantID, count int) {
	r.t.Helper()
	now := r.clock.Now()
	r.must(r.store.Update(r.t.Context(), m, func(tx store.Tx) error {
		for n := range count {
			p := pasarela.Payment{Merchant: m, ID: pasarela.PaymentID(fmt.Sprintf("%s-%d", m, n)),
				Ticket: pasarela.Ticket(fmt.Sprintf("%s%05d", m, n)), Kind: pasarela.KindSale, State: pasarela.StateReversing,
				Amount: usd(100), Trace: r.link.NextTrace(), Follow: r.link.NextTrace(), DueAt: now, Dialect: "kushki",
				Order: []byte("{}"), CreatedAt: now, UpdatedAt: now}
			if err := tx.InsertPayment(p); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Merchants whose issuer is silent, more of them than have their turn at once and each with more due than a turn,
// delay another merchant by the one turn that all of them have before; and what was due is done when RunDue returns.
func TestMerchantsWithASilentIssuerDelayOthersByOneTurn(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const silent, each = 5, turnSize + 4
		merchants := []pasarela.MerchantID{r.merchant.ID}
		for range silent {
			m, err := r.gateway.CreateMerchant(t.Context(), pasarela.Merchant{Name: "shop", Country: "EC"})
			r.must(err)
			merchants = append(merchants, m.ID)
		}
		last := merchants[0]
		for _, m := range merchants {
			r.unacknowledged(m, each)
			last = max(last, m)
		}
		var mu sync.Mutex
		sent, repeated := map[pasarela.MerchantID]int{}, map[pasarela.PaymentID]bool{}
		began, waited := time.Now(), time.Duration(0)
		r.interpose(func(q pasarela.NetworkRequest, _ func() pasarela.NetworkAnswer) pasarela.NetworkAnswer {
			mu.Lock()
			if !repeated[q.Reference] {
				sent[q.Merchant]++
			}
			repeated[q.Reference] = true
			if q.Merchant == last && sent[last] == turnSize {
				waited = time.Since(began) // by the bubble's clock
			}
			mu.Unlock()
			if q.Merchant == last {
				return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00"}
			}
			time.Sleep(timeout) // of the bubble's clock
			return pasarela.NetworkAnswer{Outcome: pasarela.OutcomeUnknown}
		})
		r.runDue(0)
		for _, m := range merchants {
			if sent[m] != each {
				t.Errorf("merchant %s has sent messages about %d payments when RunDue returns, want %d", m, sent[m], each)
			}
		}
		if waited > silentTurn {
			t.Errorf("the last merchant has had its turn after %s, want it after %s", waited, silentTurn)
		}
		r.rebuild(func(c *gateway.Config) { c.Acquirer = r.link })
	})
}
