package gateway

import (
	"context"

	"pasarela"
)

// Events is a part of a merchant's feed: what happened after a place, in order, at most limit events. The feed has no
// gap that is filled later, so whoever goes on from the last place has missed nothing.
func (g *Gateway) Events(ctx context.Context, m pasarela.MerchantID, after int64, limit int) ([]pasarela.Event, error) {
	return g.Store.Events(ctx, m, after, limit)
}
