package main

import (
	"context"
	"log/slog"
	"time"

	"pasarela/jobs"
)

// work is what recurs: on SQLite this process does it, on PostgreSQL whichever node River chooses. What may take long ends
// with running.
func (n *node) work(running context.Context) []jobs.Work {
	return []jobs.Work{
		{Name: "sweep", Every: time.Second, Do: func(ctx context.Context) error { _, err := n.gateway.Sweep(ctx); return err }},
		{Name: "purge", Every: time.Minute, Do: func(ctx context.Context) error { _, err := n.gateway.Purge(ctx); return err }},
		{Name: "billing", Every: 5 * time.Second, Do: func(ctx context.Context) error { return n.bill(ctx, running) }},
		{Name: "roll_up", Every: time.Minute, Do: n.gateway.RollUp},
	}
}

// keepTelling keeps the gauges of pending payments and of subscriptions, the vault's keys and the card ranges up to date.
func (n *node) keepTelling(ctx context.Context) {
	for pause(ctx, 10*time.Second) == nil {
		if err := n.vault.Refresh(ctx); err != nil && ctx.Err() == nil {
			n.log.LogAttrs(ctx, slog.LevelError, "keys could not be refreshed", slog.Any("error", err))
		}
		if err := n.refreshBINs(ctx); err != nil && ctx.Err() == nil {
			n.log.LogAttrs(ctx, slog.LevelError, "card ranges could not be refreshed; those before stay in use", slog.Any("error", err))
		}
		pending, err := n.gateway.Pending(ctx)
		if err != nil {
			continue // the store's own metrics and readiness say so
		}
		n.metrics.Pending(pending)
		n.tellBilling(ctx)
	}
}
