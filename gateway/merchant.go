package gateway

import (
	"bytes"
	"context"
	"errors"
	"time"

	"pasarela"
	"pasarela/store"
)

// CreateMerchant imports a merchant, with credentials of its own or made up where they are missing. It
// returns CodeInvalid for a profile that cannot be, and CodeWrongState where a credential is taken.
func (g *Gateway) CreateMerchant(ctx context.Context, m pasarela.Merchant) (pasarela.Merchant, error) {
	if m.ID == "" {
		m.ID = g.IDs.Merchant()
	}
	m.CreatedAt = g.now()
	m, err := g.complete(m)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	record, err := g.record(m)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	if err := g.Store.InsertMerchant(ctx, record); err != nil {
		return pasarela.Merchant{}, err
	}
	return m, nil
}

// maxOvertaken bounds how often a change is tried that others got ahead of.
const maxOvertaken = 100

// ChangeMerchant replaces a merchant by what change makes of it, and answers it. change may run more than once: each time
// with the merchant as it stands, whose exchanges of secrets that have ended are done with. This process goes by the
// change at once, other nodes within five seconds.
//
// It returns what change returns, CodeNotFound, CodeInvalid for a profile that cannot be and for what stays as it was
// created (id, country, credentials), and CodeBusy where others change the merchant all the time.
func (g *Gateway) ChangeMerchant(ctx context.Context, id pasarela.MerchantID, change func(pasarela.Merchant) (pasarela.Merchant, error)) (pasarela.Merchant, error) {
	g.directory.changing.Lock()
	defer g.directory.changing.Unlock()
	defer g.directory.forget(id) // also where the outcome of a commit is not known
	for range maxOvertaken {
		m, err := g.changeOnce(ctx, id, change)
		if !errors.Is(err, errOvertaken) {
			return m, err
		}
	}
	return pasarela.Merchant{}, errOvertaken
}

// errOvertaken says that the merchant was changed between the reading and the writing.
var errOvertaken = pasarela.Errorf(pasarela.CodeBusy, "others change the merchant at the same time: repeat this later")

func (g *Gateway) changeOnce(ctx context.Context, id pasarela.MerchantID, change func(pasarela.Merchant) (pasarela.Merchant, error)) (pasarela.Merchant, error) {
	stands, err := g.Store.Merchant(ctx, id)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	old, err := g.open(stands)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	m, err := change(exchanged(old, g.now()))
	if err != nil {
		return pasarela.Merchant{}, err
	}
	if err := checkKept(old, m); err != nil {
		return pasarela.Merchant{}, err
	}
	if m, err = g.complete(m); err != nil {
		return pasarela.Merchant{}, err
	}
	renewed, err := g.record(m)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	err = g.Store.PutMerchant(ctx, stands, renewed)
	if err != nil && g.merchantStands(ctx, renewed) {
		return m, nil // the commit's failure was that of its acknowledgement
	}
	if err != nil && pasarela.CodeOf(err) == store.ErrDuplicate.Code {
		return pasarela.Merchant{}, errOvertaken
	}
	return m, err
}

// merchantStands says whether a merchant stands in the store as it was to be put. No two seal their secrets to the same
// bytes.
func (g *Gateway) merchantStands(ctx context.Context, r store.MerchantRecord) bool {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	now, err := g.Store.Merchant(ctx, r.ID)
	return err == nil && bytes.Equal(now.Profile, r.Profile) && now.Secrets.Record == r.Secrets.Record && bytes.Equal(now.Secrets.Bytes, r.Secrets.Bytes)
}

// exchanged puts secrets in their place whose time has come.
func exchanged(m pasarela.Merchant, now time.Time) pasarela.Merchant {
	m.Signing = m.Signing.At(now)
	if m.Kushki.WebhookSignature, m.Kushki.NextSignature = m.Kushki.Signatures(now); m.Kushki.NextSignature == "" {
		m.Kushki.SignatureSwitch = time.Time{}
	}
	return m
}

// maxOverlap bounds how long two secrets are valid.
const maxOverlap = 90 * 24 * time.Hour

// RotateWebhookSecrets makes the secrets anew that notifications are signed with, of Kushki's webhooks and of our own
// events, and answers the merchant. For as long as overlap says, old and new are both valid; with an overlap of 0 the new
// ones stand at once, also in the midst of an exchange.
//
// It returns CodeNotFound, CodeInvalid for an overlap below 0 or above 90 days, CodeWrongState in the midst of an
// exchange, and CodeBusy.
func (g *Gateway) RotateWebhookSecrets(ctx context.Context, id pasarela.MerchantID, overlap time.Duration) (pasarela.Merchant, error) {
	if overlap < 0 || overlap > maxOverlap {
		return pasarela.Merchant{}, pasarela.Errorf(pasarela.CodeInvalid, "overlap: at least 0, which ends the old secrets at once, and at most %d days", maxOverlap/(24*time.Hour))
	}
	signature, signing := g.IDs.Credential(), g.IDs.Secret()
	return g.ChangeMerchant(ctx, id, func(m pasarela.Merchant) (pasarela.Merchant, error) {
		if overlap == 0 {
			m.Kushki.WebhookSignature, m.Kushki.NextSignature, m.Kushki.SignatureSwitch = signature, "", time.Time{}
			m.Signing = pasarela.SigningSecrets{Current: signing}
			return m, nil
		}
		if m.Kushki.NextSignature != "" || len(m.Signing.Next) > 0 {
			return m, pasarela.Errorf(pasarela.CodeWrongState,
				"secrets are being exchanged until %s: wait, or end what was valid before with an overlap of 0", laterOf(m).Format(time.RFC3339))
		}
		until := g.now().Add(overlap)
		m.Kushki.NextSignature, m.Kushki.SignatureSwitch = signature, until
		if len(m.Signing.Current) == 0 { // of a merchant from before there were listeners
			m.Signing.Current = signing
			return m, nil
		}
		m.Signing.Next, m.Signing.Switch = signing, until
		return m, nil
	})
}

// laterOf is when the merchant's exchange of secrets ends.
func laterOf(m pasarela.Merchant) time.Time {
	if m.Kushki.SignatureSwitch.After(m.Signing.Switch) {
		return m.Kushki.SignatureSwitch
	}
	return m.Signing.Switch
}
