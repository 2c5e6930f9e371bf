package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"pasarela"
	"pasarela/dialect/events"
	"pasarela/dialect/kushki"
	"pasarela/webhook"
)

// signers are the formats of deliveries.
var signers = map[string]webhook.Signer{"kushki": kushki.Signer{}, events.Format: events.Signer{}}

// newSender sends what a gateway has to tell. In a sandbox receivers are on this machine, and inboxes in the gateway itself;
// elsewhere nothing is sent to ownHost.
func newSender(inSandbox bool, ownHost string, mask func([]byte) []byte) *webhook.Sender {
	if inSandbox {
		ownHost = ""
	}
	return webhook.NewSender(webhook.SenderConfig{AllowPrivate: inSandbox, OwnHost: ownHost, UserAgent: "pasarela/" + strings.Trim(version(), "()"), Mask: mask})
}

// openWebhooks makes the dispatcher, which runs from start on. It is made before the gateway, which wakes it.
func (n *node) openWebhooks(context.Context) error {
	own, err := url.Parse(n.PublicURL)
	if err != nil {
		return fmt.Errorf("--public-url: %w", err)
	}
	sender := newSender(n.sandbox, own.Hostname(), n.vault.MaskBytes)
	n.onClose(func() error { sender.Close(); return nil })
	n.webhooks = webhook.New(webhook.Config{
		Store: n.store, Signers: signers, Sender: sender, Clock: n.clock, Log: n.log, Observer: n.metrics,
		Merchant: func(ctx context.Context, id pasarela.MerchantID) (pasarela.Merchant, error) {
			return n.gateway.Merchant(ctx, id)
		},
		Alone: !n.onPostgres(), // the folder's lock says so
	})
	return nil
}

// runDue does everything that has fallen due, and then tells of it: what a sandbox does after moving its clock.
func (n *node) runDue(ctx context.Context) error {
	if n.live.Load() {
		n.recovering.Wait() // what the last process left is to be charged anew, too
	}
	return errors.Join(n.gateway.RunDue(ctx), n.webhooks.RunDue(ctx))
}
