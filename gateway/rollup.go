package gateway

import (
	"context"
	"strconv"
	"time"

	"pasarela"
)

// rollUpAge is how old a posting must be to be folded into a balance: older than any unit of work that
// could still commit one with a smaller id.
const rollUpAge = 5 * time.Minute

// RollUp folds old postings into the merchants' balances, so that reading one stays short.
func (g *Gateway) RollUp(ctx context.Context) error {
	upTo := pasarela.PostingID(strconv.FormatInt(g.now().Add(-rollUpAge).UnixMicro()*100, 10))
	return eachMerchant(ctx, g.Store.MerchantIDs, func(m pasarela.MerchantID) error { return g.Store.RollUp(ctx, m, upTo) })
}

// Pending counts the payments, of all merchants, that have a message under way or owed.
func (g *Gateway) Pending(ctx context.Context) (int, error) {
	total := 0
	err := eachMerchant(ctx, g.Store.MerchantIDs, func(m pasarela.MerchantID) error {
		n, err := g.Store.PendingPayments(ctx, m)
		total += n
		return err
	})
	return total, err
}
