package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"pasarela"
	"pasarela/gateway"
	"pasarela/store"
)

type billingCommand struct {
	Status billingStatus `cmd:"" help:"Print how far the charges of subscriptions are that begin on a day, also while the gateway runs. Example: pasarela billing status --data ./pasarela-data --date 2031-03-03"`
}

type billingStatus struct {
	place
	asSandbox
	Date     string `help:"Day of the daily run, YYYY-MM-DD, five hours behind UTC; default: today, by the sandbox's clock where there is one." placeholder:"DATE"`
	Merchant string `help:"Id of one merchant; default: all." placeholder:"ID"`
	JSON     bool   `name:"json" help:"Print the counts as JSON."`
}

// progress is what the command prints.
type progress struct {
	Date     pasarela.Date       `json:"date"`
	AsOf     time.Time           `json:"as_of"`
	Merchant pasarela.MerchantID `json:"merchant,omitempty"`
	Due      int                 `json:"due"`
	Charging int                 `json:"charging"`
	Retrying int                 `json:"retrying"`
	Paid     int                 `json:"paid"`
	Failed   int                 `json:"failed"`
	Skipped  int                 `json:"skipped"`
}

// Run implements the command.
func (c *billingStatus) Run(ctx context.Context) (err error) {
	now, err := c.now()
	if err != nil {
		return err
	}
	day := pasarela.BillingDate(now)
	if c.Date != "" {
		if day, err = pasarela.ParseDate(c.Date); err != nil {
			return fmt.Errorf("--date: %w", err)
		}
	}
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	n, err := c.count(ctx, s, day, now)
	if err != nil {
		return err
	}
	p := progress{day, now, pasarela.MerchantID(c.Merchant), n.Due, n.Charging, n.Retrying, n.Paid, n.Failed, n.Skipped}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		return out.Encode(p)
	}
	p.print()
	return nil
}

// now is the time by which a gateway in this place bills.
func (c *billingStatus) now() (time.Time, error) {
	clock, _, err := c.clock(c.place)
	if err != nil {
		return time.Time{}, err
	}
	return clock.Now(), nil
}

func (c *billingStatus) count(ctx context.Context, s store.Store, day pasarela.Date, now time.Time) (store.BillingCounts, error) {
	if c.Merchant == "" {
		return gateway.BillingProgress(ctx, s, day, now)
	}
	m := pasarela.MerchantID(c.Merchant)
	switch _, err := s.Merchant(ctx, m); {
	case errors.Is(err, store.ErrNotFound):
		return store.BillingCounts{}, fmt.Errorf("--merchant %s: there is no such merchant; its id is in the answer that created it", m)
	case err != nil:
		return store.BillingCounts{}, err
	}
	return s.Billing(ctx, m, day, now)
}

func (p progress) print() {
	fmt.Printf("Charges of subscriptions on %s, as of %s, %s:\n", p.Date, p.AsOf.Format("2006-01-02 15:04:05 UTC"),
		cmp.Or(string(p.Merchant), "all merchants"))
	for _, line := range []struct {
		label     string
		n         int
		unit, why string
	}{
		{"due now", p.Due, "subscription", ""},
		{"being charged", p.Charging, "period", ", whenever they began"},
		{"waiting to be tried again", p.Retrying, "period", ", whenever they began"},
		{"paid", p.Paid, "period", " of the day"},
		{"failed for good", p.Failed, "period", " of the day"},
		{"not to be charged", p.Skipped, "period", " of the day"},
	} {
		unit := line.unit
		if line.n != 1 {
			unit += "s"
		}
		fmt.Printf("  %-26s %7d %s%s\n", line.label, line.n, unit, line.why)
	}
}

// bill charges what is due of subscriptions. What the end of the process breaks off, the next one goes on with.
func (n *node) bill(ctx, running context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(running, cancel)()
	if _, err := n.gateway.Bill(ctx); err != nil && running.Err() == nil {
		return err
	}
	return nil
}

// tellBilling keeps the gauges of subscriptions up to date.
func (n *node) tellBilling(ctx context.Context) {
	now := n.clock.Now()
	c, err := gateway.BillingProgress(ctx, n.store, pasarela.BillingDate(now), now)
	if err != nil {
		return // the store's own metrics and readiness say so
	}
	n.metrics.Billing(c.Due, map[string]int{"charging": c.Charging, "retrying": c.Retrying, "paid": c.Paid, "failed": c.Failed, "skipped": c.Skipped})
}
