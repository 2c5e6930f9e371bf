package gateway_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/gateway"
	"pasarela/store"
)

// node is another gateway on the same database.
func (r *rig) node() *gateway.Gateway { return gateway.New(r.gateway.Config) }

func (r *rig) change(change func(m *pasarela.Merchant)) pasarela.Merchant {
	r.t.Helper()
	m, err := r.gateway.ChangeMerchant(r.t.Context(), r.merchant.ID, func(m pasarela.Merchant) (pasarela.Merchant, error) { change(&m); return m, nil })
	r.must(err)
	return m
}

// What a merchant is made or changed to is what is read, by every way, and after a restart.
func TestAMerchantIsKeptWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.change(func(m *pasarela.Merchant) {
			m.Commission = pasarela.Commission{Merchant: "20000000000000000001", Name: "Fees", ParentName: "Group", Fixed: usd(30), BasisPoints: 100, TaxBasisPoints: 1500}
			m.Listeners = []pasarela.Listener{{URL: "https://shop.example/events", Events: []pasarela.EventKind{"payment.*"}}}
			m.Webhooks = []pasarela.WebhookEndpoint{{URLs: []string{"https://shop.example/hooks"}}}
			m.Disabled = true
		})
		want, err := r.gateway.RotateWebhookSecrets(t.Context(), r.merchant.ID, time.Hour)
		r.must(err)
		r.stop()
		r.start()
		byID, err := r.gateway.Merchant(t.Context(), want.ID)
		r.must(err)
		byCredential, err := r.gateway.Authenticate(t.Context(), gateway.CredentialKushkiPrivate, want.Kushki.PrivateID)
		r.must(err)
		for _, got := range []pasarela.Merchant{byID, byCredential} {
			if !got.Disabled || got.Commission != want.Commission || len(got.Listeners) != 1 || got.Listeners[0].Events[0] != "payment.*" || len(got.Webhooks) != 1 {
				t.Errorf("read %+v", got)
			}
			if string(got.Signing.Current) != string(want.Signing.Current) || string(got.Signing.Next) != string(want.Signing.Next) || len(want.Signing.Next) == 0 ||
				!got.Signing.Switch.Equal(want.Signing.Switch) || got.Kushki != want.Kushki {
				t.Error("the secrets are not those that were made")
			}
		}
	})
}

// A record from before a merchant had listeners opens as it is, and gets a secret with its first change, which then stays.
func TestAnOldRecordIsRead(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		const id = pasarela.MerchantID("20000000000000000042")
		sealed, err := r.gateway.Vault.SealSecret(id, "merchant/"+string(id), []byte(`{"kushki_public":"old-public","kushki_private":"old-private","webhook_signature":"old-signature","monri_token":"old-token","monri_key":"old-key"}`))
		r.must(err)
		hash := hex.EncodeToString(r.gateway.Vault.Digest("credential/kushki_private", []byte("old-private")))
		r.must(r.store.InsertMerchant(t.Context(), store.MerchantRecord{ID: id, Secrets: sealed, CreatedAt: r.clock.Now(),
			Profile:     []byte(`{"name":"old shop","country":"EC","currencies":["USD"],"model":"aggregator","three_ds":"off"}`),
			Credentials: []store.Credential{{Kind: gateway.CredentialKushkiPrivate, Hash: hash}}}))
		m, err := r.gateway.Authenticate(t.Context(), gateway.CredentialKushkiPrivate, "old-private")
		r.must(err)
		if m.Disabled || m.Commission.Merchant != "" || m.Listeners != nil || m.Signing.Current != nil || m.Kushki.WebhookSignature != "old-signature" {
			t.Errorf("read %+v", m)
		}
		listening := func(m pasarela.Merchant) (pasarela.Merchant, error) {
			m.Listeners = []pasarela.Listener{{URL: "https://shop.example/events"}}
			return m, nil
		}
		first, err := r.gateway.ChangeMerchant(t.Context(), id, listening)
		r.must(err)
		second, err := r.gateway.ChangeMerchant(t.Context(), id, listening)
		r.must(err)
		if len(first.Signing.Current) != 32 || string(first.Signing.Current) != string(second.Signing.Current) {
			t.Errorf("the secret has %d bytes, and after another change it is the same: %v", len(first.Signing.Current), string(first.Signing.Current) == string(second.Signing.Current))
		}
	})
}

// The node that changes a merchant goes by it at once, the others within five seconds.
func TestNodesLearnOfAChange(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		other := r.node()
		for _, g := range []*gateway.Gateway{r.gateway, other} { // both remember it
			_, err := g.Authenticate(t.Context(), gateway.CredentialKushkiPrivate, r.merchant.Kushki.PrivateID)
			r.must(err)
		}
		disabled := func(g *gateway.Gateway) bool {
			byID, err := g.Merchant(t.Context(), r.merchant.ID)
			r.must(err)
			byCredential, err := g.Authenticate(t.Context(), gateway.CredentialKushkiPrivate, r.merchant.Kushki.PrivateID)
			r.must(err)
			if byID.Disabled != byCredential.Disabled {
				t.Errorf("by its id the merchant is disabled: %v, by its credential: %v", byID.Disabled, byCredential.Disabled)
			}
			return byID.Disabled
		}
		r.change(func(m *pasarela.Merchant) { m.Disabled = true })
		if !disabled(r.gateway) {
			t.Error("the node that disabled the merchant still takes its payments")
		}
		time.Sleep(5 * time.Second)
		if !disabled(other) {
			t.Error("another node still takes its payments after five seconds")
		}
	})
}

// Changes that come together, at one node or at two, are all made.
func TestNoChangeIsLost(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		other := r.node()
		var all sync.WaitGroup
		for i := range 8 {
			g := []*gateway.Gateway{r.gateway, other}[i%2]
			all.Go(func() {
				for range 4 {
					_, err := g.ChangeMerchant(t.Context(), r.merchant.ID, func(m pasarela.Merchant) (pasarela.Merchant, error) { m.Name += "x"; return m, nil })
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		m := r.change(func(*pasarela.Merchant) {})
		if want := "shop" + strings.Repeat("x", 32); m.Name != want {
			t.Errorf("after 32 changes the name is %s", m.Name)
		}
	})
}

// A change that fails changes nothing, and what stays as it was created says so.
func TestWhatCannotBeChanged(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		mine := errors.New("mine")
		for name, c := range map[string]struct {
			change func(m *pasarela.Merchant) error
			says   string
		}{
			"its id":       {func(m *pasarela.Merchant) error { m.ID = "20000000000000000042"; return nil }, "merchant_id"},
			"its country":  {func(m *pasarela.Merchant) error { m.Country = "MX"; return nil }, "country"},
			"a credential": {func(m *pasarela.Merchant) error { m.Kushki.PrivateID = "other"; return nil }, "private_merchant_id"},
			"to no name":   {func(m *pasarela.Merchant) error { m.Name = ""; return nil }, "name"},
			"webhooks": {func(m *pasarela.Merchant) error {
				for range 7 {
					m.Webhooks = append(m.Webhooks, pasarela.WebhookEndpoint{URLs: []string{"https://shop.example/a", "https://shop.example/b", "https://shop.example/c"}})
				}
				return nil
			}, "20 urls in all"},
			"a listener": {func(m *pasarela.Merchant) error { m.Listeners = []pasarela.Listener{{URL: "shop.example"}}; return nil }, "listeners"},
			"twice the same": {func(m *pasarela.Merchant) error {
				m.Listeners = []pasarela.Listener{{URL: "https://a.example"}, {URL: "https://a.example"}}
				return nil
			}, "once"},
			"a commission":    {func(m *pasarela.Merchant) error { m.Commission = pasarela.Commission{BasisPoints: 100}; return nil }, "merchant_id"},
			"by a mistake":    {func(m *pasarela.Merchant) error { m.Name = "changed"; return mine }, "mine"},
			"to a far secret": {func(m *pasarela.Merchant) error { m.Signing.Current = []byte("short"); return nil }, "signing_secret"},
		} {
			_, err := r.gateway.ChangeMerchant(t.Context(), r.merchant.ID, func(m pasarela.Merchant) (pasarela.Merchant, error) { err := c.change(&m); return m, err })
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q in it", name, err, c.says)
			}
		}
		m, err := r.node().Merchant(t.Context(), r.merchant.ID)
		r.must(err)
		if m.Name != "shop" || m.Country != "EC" || m.Listeners != nil || m.Kushki != r.merchant.Kushki {
			t.Errorf("the merchant is %+v", m)
		}
		_, err = r.gateway.ChangeMerchant(t.Context(), "20000000000000000042", func(m pasarela.Merchant) (pasarela.Merchant, error) { return m, nil })
		r.wantCode(err, pasarela.CodeNotFound)
	})
}

// A commission that could not be worked out, or that the country does not have, is refused when it is set.
func TestACommissionIsChecked(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		good := pasarela.Commission{Merchant: "20000000000000000001", Name: "Fees", ParentName: "Group", BasisPoints: 100, TaxBasisPoints: 1500}
		for name, c := range map[string]struct {
			country string
			change  func(c *pasarela.Commission)
			says    string
		}{
			"good":                  {"EC", func(*pasarela.Commission) {}, ""},
			"good in Mexico":        {"MX", func(*pasarela.Commission) {}, ""},
			"a fixed one":           {"EC", func(c *pasarela.Commission) { c.BasisPoints, c.Fixed = 0, usd(30) }, ""},
			"Colombia":              {"CO", func(*pasarela.Commission) {}, "EC and MX"},
			"for nobody":            {"EC", func(c *pasarela.Commission) { c.Merchant = "" }, "merchant_id"},
			"without a name":        {"EC", func(c *pasarela.Commission) { c.Name = "" }, "name"},
			"without its parent":    {"EC", func(c *pasarela.Commission) { c.ParentName = "" }, "parent_name"},
			"of nothing":            {"EC", func(c *pasarela.Commission) { c.BasisPoints = 0 }, "basis_points"},
			"more than all":         {"EC", func(c *pasarela.Commission) { c.BasisPoints = 10_001 }, "basis_points"},
			"less than nothing":     {"EC", func(c *pasarela.Commission) { c.BasisPoints = -1 }, "basis_points"},
			"a tax of more":         {"EC", func(c *pasarela.Commission) { c.TaxBasisPoints = 10_001 }, "tax_basis_points"},
			"in a foreign currency": {"EC", func(c *pasarela.Commission) { c.Fixed = pasarela.Money{Minor: 30, Currency: "MXN"} }, "currency"},
			"fixed below zero":      {"EC", func(c *pasarela.Commission) { c.Fixed = usd(-30) }, "negative"},
		} {
			of := good
			c.change(&of)
			_, err := r.gateway.CreateMerchant(t.Context(), pasarela.Merchant{Name: "shop", Country: c.country, Commission: of})
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q in it", name, err, c.says)
			}
		}
	})
}

// A merchant that is disabled may charge nothing, nor store a card; it may still give back.
func TestADisabledMerchantOnlyGivesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		sale, hold := r.paid(pasarela.KindSale, 100), r.paid(pasarela.KindAuthorization, 100)
		request := r.charge(pasarela.KindSale, 100)
		m := r.change(func(m *pasarela.Merchant) { m.Disabled = true })
		_, err := r.gateway.Authorize(t.Context(), m, request)
		r.wantCode(err, pasarela.CodeMerchantDisabled)
		_, _, err = r.gateway.Tokenize(t.Context(), m, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: usd(100)})
		r.wantCode(err, pasarela.CodeMerchantDisabled)
		_, _, err = r.gateway.Capture(t.Context(), m, about(hold, 0))
		r.wantCode(err, pasarela.CodeMerchantDisabled)
		_, _, err = r.gateway.Subscribe(t.Context(), m, gateway.SubscribeRequest{Amount: usd(100)})
		r.wantCode(err, pasarela.CodeMerchantDisabled)
		_, _, err = r.gateway.Void(t.Context(), m, about(hold, 0))
		r.must(err)
		_, _, err = r.gateway.Refund(t.Context(), m, about(sale, 40))
		r.must(err)
		m = r.change(func(m *pasarela.Merchant) { m.Disabled = false })
		if _, err := r.gateway.Authorize(t.Context(), m, request); err != nil {
			t.Errorf("enabled again: %v", err)
		}
	})
}
