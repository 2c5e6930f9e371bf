package gateway

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

const (
	// tokenMemory is how long an expired token is still known as expired, without its card.
	tokenMemory = 24 * time.Hour
	// deliveryMemory is how long a delivery that has ended can be looked up and replayed.
	deliveryMemory = 30 * 24 * time.Hour
	purgeBatch     = 500
)

// Purge deletes the card data of tokens that expired, and the values of proofs that waited for them; tokens, redirect
// payments and authentications that came to nothing long ago; idempotency keys that ran out; and deliveries that ended
// long ago. It returns how many rows it touched.
func (g *Gateway) Purge(ctx context.Context) (int, error) {
	total := 0
	err := eachMerchant(ctx, g.Store.MerchantIDs, func(m pasarela.MerchantID) error {
		for {
			n, err := g.purgeOnce(ctx, m)
			total += n
			if err != nil || n < purgeBatch {
				return err
			}
		}
	})
	return total, err
}

func (g *Gateway) purgeOnce(ctx context.Context, m pasarela.MerchantID) (n int, err error) {
	now := g.now()
	err = g.Store.Update(ctx, m, func(tx store.Tx) error {
		tokens, err := tx.ForgetTokens(now, now.Add(-tokenMemory), purgeBatch)
		if err != nil {
			return err
		}
		keys, err := tx.ForgetKeys(now, purgeBatch)
		if err != nil {
			return err
		}
		authentications, err := tx.ForgetAuthentications(now.Add(-pasarela.TokenLife), now.Add(-tokenMemory), purgeBatch)
		if err != nil {
			return err
		}
		redirects, err := tx.ForgetRedirects(now.Add(-tokenMemory), purgeBatch)
		if err != nil {
			return err
		}
		deliveries, err := tx.ForgetDeliveries(now.Add(-deliveryMemory), purgeBatch)
		n = max(tokens, keys, authentications, redirects, deliveries)
		return err
	})
	return n, err
}
