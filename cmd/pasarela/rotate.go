package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pasarela"
	"pasarela/sandbox"
)

type webhooksRotate struct {
	operated
	Merchant pasarela.MerchantID `required:"" help:"The merchant's number, as merchant list shows it." placeholder:"ID"`
	Overlap  time.Duration       `help:"How long the old secrets stay valid beside the new ones; 0 ends them at once, for one that was given away." default:"24h"`
	JSON     bool                `name:"json" help:"Print them as JSON."`
}

// rotated is what a receiver has to be told: it takes both until the old ones end.
type rotated struct {
	MerchantID       string    `json:"merchant_id"`
	WebhookSignature string    `json:"webhook_signature"` // new key of Kushki's notifications
	SigningSecret    string    `json:"signing_secret"`    // new key of Standard Webhooks
	OldValidUntil    time.Time `json:"old_valid_until"`
}

// Run implements the command.
func (c *webhooksRotate) Run(ctx context.Context) (err error) {
	g, err := c.openBeside(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Store.Close()) }()
	m, err := g.RotateWebhookSecrets(ctx, c.Merchant, c.Overlap)
	if err != nil {
		return unknownMerchant(c.Merchant, err)
	}
	r := rotated{string(m.ID), m.Kushki.NextSignature, sandbox.SigningSecret(m.Signing.Next), m.Kushki.SignatureSwitch}
	if r.WebhookSignature == "" {
		r.WebhookSignature, r.OldValidUntil = m.Kushki.WebhookSignature, g.Clock.Now()
	}
	if r.SigningSecret == "" {
		r.SigningSecret = sandbox.SigningSecret(m.Signing.Current)
	}
	if c.JSON {
		return printJSON(r)
	}
	fmt.Printf("New webhook signature (X-Kushki-Signature): %s\nNew signing secret (Standard Webhooks):      %s\n%s\n",
		r.WebhookSignature, r.SigningSecret, c.until(r.OldValidUntil))
	return nil
}

func (c *webhooksRotate) until(at time.Time) string {
	if c.Overlap == 0 {
		return "The old ones are no longer valid; gateways that run learn of it within five seconds."
	}
	return "The old ones stay valid until " + at.Format(time.RFC3339) + ": have receivers take both until then."
}
