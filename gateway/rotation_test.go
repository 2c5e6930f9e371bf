package gateway_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/gateway"
	"pasarela/store"
)

// secretsOf is what a merchant's notifications are signed with at the rig's time: the current secrets, then the next.
func (r *rig) secretsOf(m pasarela.Merchant) [4]string {
	signing := m.Signing.At(r.clock.Now())
	current, next := m.Kushki.Signatures(r.clock.Now())
	return [4]string{current, string(signing.Current), next, string(signing.Next)}
}

// While secrets are exchanged, old and new are both valid; after the overlap the new ones stand alone, whether or not the
// merchant was changed since, and its next change keeps them only.
func TestSecretsAreExchanged(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		old := r.secretsOf(r.merchant)
		if old[0] == "" || old[1] == "" || old[2]+old[3] != "" {
			t.Fatal("a new merchant has not one secret of each kind")
		}
		m, err := r.gateway.RotateWebhookSecrets(t.Context(), r.merchant.ID, 24*time.Hour)
		r.must(err)
		both := r.secretsOf(m)
		if both[0] != old[0] || both[1] != old[1] || both[2] == "" || both[2] == old[0] || both[3] == "" || both[3] == old[1] {
			t.Error("in an exchange the old secrets are not beside new ones")
		}
		r.clock.jump(24*time.Hour - time.Second)
		if m, err = r.gateway.Merchant(t.Context(), m.ID); err != nil || r.secretsOf(m) != both {
			t.Errorf("a second before its end the exchange is over (%v)", err)
		}
		r.clock.jump(time.Second)
		alone := [4]string{both[2], both[3]}
		if r.secretsOf(m) != alone {
			t.Error("at its end the new secrets do not stand alone")
		}
		m = r.change(func(m *pasarela.Merchant) { m.Name = "renamed" })
		if m.Kushki.WebhookSignature != alone[0] || string(m.Signing.Current) != alone[1] || m.Kushki.NextSignature != "" || m.Signing.Next != nil ||
			!m.Kushki.SignatureSwitch.IsZero() || !m.Signing.Switch.IsZero() {
			t.Error("after a change something of the exchange is left")
		}
		m, err = r.gateway.RotateWebhookSecrets(t.Context(), m.ID, time.Hour)
		r.must(err)
		if again := r.secretsOf(m); again[0] != alone[0] || again[2] == "" || again[2] == old[0] {
			t.Error("a second exchange does not begin with the secrets of the first")
		}
	})
}

// In the midst of an exchange another one has to wait, which two callers at once meet too; one without an overlap ends
// the secrets that were given away at once.
func TestAnExchangeIsNotBrokenByAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		nodes := make(chan *gateway.Gateway, callers)
		for i := range callers {
			nodes <- []*gateway.Gateway{r.gateway, r.node()}[i%2]
		}
		codes := together(func() error {
			_, err := (<-nodes).RotateWebhookSecrets(t.Context(), r.merchant.ID, time.Hour)
			return err
		})
		if codes[""] != 1 || codes[pasarela.CodeWrongState] != callers-1 {
			t.Errorf("%d exchanges at once came to %v", callers, codes)
		}
		_, err := r.gateway.RotateWebhookSecrets(t.Context(), r.merchant.ID, time.Hour)
		if r.wantCode(err, pasarela.CodeWrongState); !strings.Contains(err.Error(), "until 20") {
			t.Errorf("does not say until when: %v", err)
		}
		before := r.secretsOf(r.change(func(*pasarela.Merchant) {}))
		m, err := r.gateway.RotateWebhookSecrets(t.Context(), r.merchant.ID, 0)
		r.must(err)
		now := r.secretsOf(m)
		if now[0] == before[0] || now[0] == before[2] || now[1] == before[1] || now[1] == before[3] || now[2]+now[3] != "" {
			t.Error("without an overlap old secrets are still valid")
		}
	})
}

// An overlap that makes no sense is refused.
func TestAnOverlapHasItsLimits(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, overlap := range []time.Duration{-time.Second, 91 * 24 * time.Hour} {
			_, err := r.gateway.RotateWebhookSecrets(t.Context(), r.merchant.ID, overlap)
			r.wantCode(err, pasarela.CodeInvalid)
		}
	})
}

// deaf is a store that changes a merchant and says that it did not: the connection broke during COMMIT.
type deaf struct{ store.Store }

func (s deaf) PutMerchant(ctx context.Context, old, renewed store.MerchantRecord) error {
	return acknowledgementLost(func() error { return s.Store.PutMerchant(ctx, old, renewed) })
}

// Secrets that were committed are answered, whatever became of the commit's acknowledgement: nobody else has them.
func TestSecretsThatWereCommittedAreAnswered(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.rebuild(func(c *gateway.Config) { c.Store = deaf{r.store} })
		m, err := r.gateway.RotateWebhookSecrets(t.Context(), r.merchant.ID, 0)
		if err != nil {
			t.Fatalf("the merchant is told %v", err)
		}
		stands, err := r.node().Merchant(t.Context(), m.ID)
		if err != nil || r.secretsOf(stands) != r.secretsOf(m) || r.secretsOf(m) == r.secretsOf(r.merchant) {
			t.Errorf("what was answered is not what stands (%v)", err)
		}
	})
}
