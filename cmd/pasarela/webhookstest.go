package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/events"
	"pasarela/webhook"
)

type webhooksTest struct {
	operated
	Merchant pasarela.MerchantID `required:"" help:"Whose addresses." placeholder:"ID"`
	URL      string              `name:"url" help:"Only this address; one that is not registered is tested like Kushki's." placeholder:"URL"`
}

// Run implements the command: exit status 1 when an address did not answer 2xx.
func (c *webhooksTest) Run(ctx context.Context) (err error) {
	g, err := c.openBeside(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Store.Close()) }()
	m, err := g.Merchant(ctx, c.Merchant)
	if err != nil {
		return unknownMerchant(c.Merchant, err)
	}
	all := c.addresses(m)
	if len(all) == 0 {
		return fmt.Errorf("merchant %s has registered no address: name one with --url", m.ID)
	}
	clock, inSandbox, err := c.clock(c.place)
	if err != nil {
		return err
	}
	sender := newSender(inSandbox, "", vault.MaskBytes) // {} is no request, so that it makes no circle
	defer sender.Close()
	good := true
	for _, d := range all {
		d.Event = g.IDs.Event(clock.Now())
		ok, err := try(ctx, sender, m, d, clock.Now())
		if err != nil {
			return err
		}
		good = good && ok
	}
	if !good {
		return exit(1)
	}
	return nil
}

// addresses are what to send, once to each address.
func (c *webhooksTest) addresses(m pasarela.Merchant) (all []pasarela.Delivery) {
	add := func(d pasarela.Delivery) {
		known := slices.ContainsFunc(all, func(e pasarela.Delivery) bool { return e.URL == d.URL && e.Format == d.Format })
		if !known && (c.URL == "" || c.URL == d.URL) {
			d.Merchant, d.Body = m.ID, []byte("{}")
			all = append(all, d)
		}
	}
	for _, w := range m.Webhooks {
		for _, url := range w.URLs {
			add(pasarela.Delivery{Format: "kushki", URL: url, Headers: w.Headers})
		}
	}
	for _, l := range m.Listeners {
		add(pasarela.Delivery{Format: events.Format, URL: l.URL})
	}
	if len(all) == 0 && c.URL != "" {
		add(pasarela.Delivery{Format: "kushki", URL: c.URL})
	}
	return all
}

// try sends one and prints what came of it.
func try(ctx context.Context, s *webhook.Sender, m pasarela.Merchant, d pasarela.Delivery, now time.Time) (ok bool, err error) {
	signed, err := signers[d.Format].Headers(m, d, now)
	if err != nil {
		return false, err
	}
	a := s.Send(ctx, d, signed)
	said := a.Error
	if a.Status != 0 {
		said = fmt.Sprintf("%d %q", a.Status, a.Body)
	}
	fmt.Printf("%-9s %s  %s  %s\n", d.Format, d.URL, a.Took.Round(time.Millisecond), said)
	return a.Outcome == webhook.OutcomeDelivered, nil
}
