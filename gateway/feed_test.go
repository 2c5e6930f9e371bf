package gateway_test

import (
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/gateway"
)

// walk reads a feed from its beginning, three events at a time, until what is read after done was closed has an end.
func walk(t *testing.T, g *gateway.Gateway, m pasarela.MerchantID, done <-chan struct{}) (read []pasarela.Event) {
	after := int64(0)
	for {
		var ended bool
		select {
		case <-done:
			ended = true
		default:
		}
		page, err := g.Events(t.Context(), m, after, 3)
		if err != nil {
			t.Error(err)
			return read
		}
		for _, e := range page {
			if e.Place <= after {
				t.Errorf("place %d comes after %d", e.Place, after)
			}
			read, after = append(read, e), e.Place
		}
		if ended && len(page) == 0 {
			return read
		}
		if len(page) == 0 {
			time.Sleep(time.Millisecond) // of the bubble: others go on meanwhile
		}
	}
}

// Who walks the feed while payments are made, by two nodes and for two merchants, misses none of the merchant's, meets none
// twice, none of another's, and those about one payment in their order.
func TestAWalkOverTheFeedMissesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		second, err := r.gateway.CreateMerchant(t.Context(), pasarela.Merchant{Name: "other shop", Country: "EC"})
		r.must(err)
		merchants := []pasarela.Merchant{r.merchant, second}
		done := make(chan struct{})
		var reading, paying sync.WaitGroup
		var read [2][]pasarela.Event
		for i, m := range merchants {
			reading.Go(func() { read[i] = walk(t, r.gateway, m.ID, done) })
		}
		var mu sync.Mutex
		made := map[pasarela.MerchantID]map[pasarela.PaymentID]bool{r.merchant.ID: {}, second.ID: {}}
		for i := range 8 {
			m, g := merchants[i%2], []*gateway.Gateway{r.gateway, r.node()}[i/2%2]
			paying.Go(func() {
				for range 5 {
					p, err := r.holdAndCapture(g, m)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					made[m.ID][p] = true
					mu.Unlock()
				}
			})
		}
		paying.Wait()
		close(done)
		reading.Wait()
		for i, m := range merchants {
			wantHeldThenCaptured(t, read[i], made[m.ID])
		}
	})
}

// holdAndCapture pays in two steps, at a node.
func (r *rig) holdAndCapture(g *gateway.Gateway, m pasarela.Merchant) (pasarela.PaymentID, error) {
	number, err := vault.ParseNumber(creditCard)
	if err != nil {
		return "", err
	}
	token, _, err := g.Tokenize(r.t.Context(), m, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: usd(100), Card: vault.Card{Number: number, Expiry: "4912"}})
	if err != nil {
		return "", err
	}
	p, err := g.Authorize(r.t.Context(), m, r.chargeOf(token.ID, pasarela.KindAuthorization, 100))
	if err != nil {
		return "", err
	}
	_, _, err = g.Capture(r.t.Context(), m, about(p, 0))
	return p.ID, err
}

// wantHeldThenCaptured holds what was read against the payments that were made.
func wantHeldThenCaptured(t *testing.T, read []pasarela.Event, made map[pasarela.PaymentID]bool) {
	t.Helper()
	of := map[pasarela.PaymentID][]pasarela.EventKind{}
	for _, e := range read {
		of[e.Payment] = append(of[e.Payment], e.Kind)
	}
	if len(of) != len(made) || len(made) != 20 {
		t.Errorf("the feed tells of %d payments, %d were made", len(of), len(made))
	}
	for id := range made {
		kinds := of[id]
		if len(kinds) != 2 || kinds[0] != pasarela.EventPaymentAuthorized || kinds[1] != pasarela.EventPaymentCaptured {
			t.Errorf("of payment %s the feed tells %v", id, kinds)
		}
	}
}
