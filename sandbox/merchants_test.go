package sandbox_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/sandbox"
)

// A merchant is answered as it was asked for, with the secrets that were made for it, and kept so.
func TestListenersAndCommissionOfAMerchant(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		var m sandbox.MerchantJSON
		r.ok("POST", "merchants", `{"name":"Tienda","country":"MX","disabled":true,
			"webhooks":[{"events":[],"urls":["https://shop.example/hooks"]}],
			"listeners":[{"url":"https://shop.example/a"},{"url":"https://shop.example/b","events":["payment.*","subscription.charged"]}],
			"commission":{"merchant_id":"20000000000000000009","name":"Fees","parent_name":"Group","fixed_minor":30,"currency":"MXN","basis_points":100,"tax_basis_points":1600}}`, &m)
		kept, err := r.gateway.Merchant(t.Context(), pasarela.MerchantID(m.MerchantID))
		r.must(err)
		want := pasarela.Commission{Merchant: "20000000000000000009", Name: "Fees", ParentName: "Group",
			Fixed: pasarela.Money{Minor: 30, Currency: "MXN"}, BasisPoints: 100, TaxBasisPoints: 1600}
		if !kept.Disabled || kept.Commission != want || len(kept.Listeners) != 2 || kept.Listeners[1].Events[1] != pasarela.EventSubscriptionCharged {
			t.Errorf("kept is %+v", kept)
		}
		if !m.Disabled || len(m.Listeners) != 2 || *m.Commission.FixedMinor != 30 || m.Webhooks[0].Events == nil {
			t.Errorf("answered is %+v", m)
		}
		if !strings.HasPrefix(m.SigningSecret, "whsec_") || m.SigningSecret != sandbox.SigningSecret(kept.Signing.Current) || len(kept.Signing.Current) != 32 {
			t.Errorf("the signing secret is %q", m.SigningSecret)
		}
		for body, says := range map[string]string{
			`"listeners":[{"url":"shop.example"}]`:                                "listeners",
			`"listeners":[{"url":"https://a.example","events":["payment.paid"]}]`: "payment.paid",
			`"listeners":[{"url":"https://a.example","colour":"red"}]`:            "colour",
			`"commission":{}`: "commission",
			`"commission":{"merchant_id":"2","name":"a","parent_name":"b","fixed_minor":30}`:      "come together",
			`"commission":{"merchant_id":"2","name":"a","parent_name":"b","basis_points":1.5}`:    "basis_points",
			`"commission":{"merchant_id":"2","name":"a","parent_name":"b","basis_points":100000}`: "basis_points",
			`"signing_secret":"whsec_UGFzYXJlbGEgdGVzdCBrZXksIDMyIGJ5dGVzIGxvbmc="`:               "answered, not sent",
		} {
			r.refused("POST", "merchants", `{"name":"Otra","country":"MX",`+body+`}`, 400, says)
		}
	})
}

// shop is a merchant with something of everything.
func shop() pasarela.Merchant {
	return pasarela.Merchant{ID: "20000000000000000001", Name: "Tienda", Country: "PE", Currencies: []pasarela.Currency{"PEN", "USD"}, Model: pasarela.ModelAcquirer,
		ThreeDS: pasarela.ThreeDSOn, ThreeDSRules: pasarela.ThreeDSRules{From: pasarela.Money{Minor: 500, Currency: "PEN"}, BINCountries: []string{"PE"}},
		OTP:       true,
		Webhooks:  []pasarela.WebhookEndpoint{{Events: []string{"approvedTransaction"}, Headers: []pasarela.WebhookHeader{{Label: "X-Shop", Value: "881"}}, URLs: []string{"https://shop.example/hooks"}}},
		Listeners: []pasarela.Listener{{URL: "https://shop.example/a", Events: []pasarela.EventKind{"payment.*"}}},
		Signing:   pasarela.SigningSecrets{Current: []byte("Pasarela test key, 32 bytes long"), Next: []byte("Another test key, 32 bytes long."), Switch: time.Unix(1900000000, 0).UTC()},
		Kushki:    pasarela.KushkiCredentials{PublicID: "public", PrivateID: "private", WebhookSignature: "signature", NextSignature: "next", SignatureSwitch: time.Unix(1900000000, 0).UTC()},
		Monri:     pasarela.MonriCredentials{AuthenticityToken: "token", Key: "key", SuccessURL: "https://shop.example/thanks", CallbackURL: "https://shop.example/back"},
		CreatedAt: time.Unix(1800000000, 0).UTC()}
}

// A change touches what it names: members that are left out stay, of an object too, lists are replaced, null takes away.
func TestAChangeTouchesWhatItNames(t *testing.T) {
	t.Parallel()
	for patch, change := range map[string]func(m *pasarela.Merchant){
		`{}`:                  func(*pasarela.Merchant) {},
		`{"name":"Otra"}`:     func(m *pasarela.Merchant) { m.Name = "Otra" },
		`{"disabled":true}`:   func(m *pasarela.Merchant) { m.Disabled = true },
		`{"otp":false}`:       func(m *pasarela.Merchant) { m.OTP = false },
		`{"listeners":[]}`:    func(m *pasarela.Merchant) { m.Listeners = nil },
		`{"listeners":null}`:  func(m *pasarela.Merchant) { m.Listeners = nil },
		`{"currency":"USD"}`:  func(m *pasarela.Merchant) { m.Currencies = []pasarela.Currency{"USD", "PEN"} },
		`{"three_ds":"on"}`:   func(*pasarela.Merchant) {},
		`{"commission":null}`: func(*pasarela.Merchant) {},
		`{"listeners":[{"url":"https://shop.example/b"}]}`: func(m *pasarela.Merchant) {
			m.Listeners = []pasarela.Listener{{URL: "https://shop.example/b"}}
		},
		`{"webhooks":[{"events":[],"urls":["https://shop.example/b"]}]}`: func(m *pasarela.Merchant) {
			m.Webhooks = []pasarela.WebhookEndpoint{{Events: []string{}, URLs: []string{"https://shop.example/b"}}}
		},
		`{"currencies":["USD"]}`:                         func(m *pasarela.Merchant) { m.Currencies = []pasarela.Currency{"USD"} },
		`{"three_ds_rules":null}`:                        func(m *pasarela.Merchant) { m.ThreeDSRules = pasarela.ThreeDSRules{} },
		`{"three_ds_rules":{"from_minor":900}}`:          func(m *pasarela.Merchant) { m.ThreeDSRules.From.Minor = 900 },
		`{"monri":{"success_url":"https://a.example"}}`:  func(m *pasarela.Merchant) { m.Monri.SuccessURL = "https://a.example" },
		`{"public_merchant_id":"public","country":"PE"}`: func(*pasarela.Merchant) {},
		`{"merchant_id":"20000000000000000001"}`:         func(*pasarela.Merchant) {},
		`{"public_merchant_id":null}`:                    func(m *pasarela.Merchant) { m.Kushki.PublicID = "" }, // the gateway refuses it
	} {
		want := shop()
		change(&want)
		before := shop()
		got, err := sandbox.ChangeMerchant(before, []byte(patch))
		if err != nil || !same(got, want) {
			t.Errorf("%s makes %+v (%v), want %+v", patch, got, err, want)
		}
		if !reflect.DeepEqual(before, shop()) {
			t.Errorf("%s changed the merchant that it was given", patch)
		}
	}
}

// same compares merchants; a list without elements is none.
func same(a, b pasarela.Merchant) bool {
	left, errLeft := json.Marshal(sandbox.FromMerchant(a))
	right, errRight := json.Marshal(sandbox.FromMerchant(b))
	a.Listeners, a.Webhooks, b.Listeners, b.Webhooks = nil, nil, nil, nil
	return errLeft == nil && errRight == nil && string(left) == string(right) && reflect.DeepEqual(a, b)
}

// What a change cannot mean is refused by name.
func TestAChangeThatMeansNothing(t *testing.T) {
	t.Parallel()
	for patch, says := range map[string]string{
		`{"colour":"red"}`:                       `"colour"`,
		`[]`:                                     "JSON object",
		`{"name":"a","name":"b"}`:                "twice",
		`{"merchant_id":"20000000000000000002"}`: "merchant_id",
		`{"webhook_signature":"mine"}`:           "pasarela webhooks rotate",
		`{"signing_secret":"whsec_bWluZQ=="}`:    "pasarela webhooks rotate",
		`{"currency":"EUR"}`:                     "currency",
		`{"webhooks":[{"urls":["https://shop.example"],"headers":[{"label":"X-Shop","value":"…"}]}]}`: "send the value",
		`{"public_merchant_id":""}`:                           "public_merchant_id",
		`{"commission":{"merchant_id":"2","currency":"PEN"}}`: "come together",
	} {
		if _, err := sandbox.ChangeMerchant(shop(), []byte(patch)); pasarela.CodeOf(err) != pasarela.CodeInvalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q in it", patch, err, says)
		}
	}
}

// What is shown to anybody who runs the gateway has no secret in it.
func TestSecretsAreLeftOut(t *testing.T) {
	t.Parallel()
	m := shop()
	m.Webhooks[0].Headers = append(m.Webhooks[0].Headers, pasarela.WebhookHeader{Label: "Authorization", Value: "Bearer hidden"})
	shown, err := json.Marshal(sandbox.FromMerchant(m).WithoutSecrets())
	if err != nil {
		t.Fatal(err)
	}
	if m.Webhooks[0].Headers[1].Value != "Bearer hidden" {
		t.Error("the merchant itself has lost its header's value")
	}
	for _, secret := range []string{"private", "signature", "whsec_", `"key"`, "hidden", "881"} {
		if strings.Contains(string(shown), secret) {
			t.Errorf("%s is shown in %s", secret, shown)
		}
	}
	if !strings.Contains(string(shown), "public") || !strings.Contains(string(shown), "token") || !strings.Contains(string(shown), `{"label":"Authorization","value":"…"}`) {
		t.Errorf("what is no secret is missing in %s", shown)
	}
}

// A command beside a sandbox goes by the sandbox's clock, without touching it; one on another database's has no such clock.
func TestTheClockBesideASandbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if c, found, err := sandbox.ClockBeside(dir, "sqlite"); err != nil || found {
		t.Errorf("without a sandbox the clock is %v (%v)", c, err)
	}
	file := filepath.Join(dir, "clock.json")
	stands := []byte(`{"now":"2031-01-01T00:00:00Z","database":"postgres"}`)
	if err := os.WriteFile(file, stands, 0o600); err != nil {
		t.Fatal(err)
	}
	if c, found, err := sandbox.ClockBeside(dir, "postgres"); err != nil || !found || c.Now().Year() != 2031 {
		t.Errorf("beside a sandbox the clock is %v (%v)", c, err)
	}
	if c, found, err := sandbox.ClockBeside(dir, "sqlite"); err != nil || found {
		t.Errorf("beside another's sandbox the clock is %v (%v)", c, err)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(stands) {
		t.Errorf("the clock's file became %s (%v)", after, err)
	}
}
