package gateway

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"pasarela"
	"pasarela/store"
)

// profile is a merchant without its secrets, as JSON in the store. A member that is missing, as in what an older version
// wrote, is a zero value.
type profile struct {
	Name        string                     `json:"name"`
	Country     string                     `json:"country"`
	Currencies  []pasarela.Currency        `json:"currencies"`
	Model       pasarela.Model             `json:"model"`
	ThreeDS     pasarela.ThreeDSMode       `json:"three_ds"`
	Rules       *threeDSRules              `json:"three_ds_rules,omitempty"`
	OTP         bool                       `json:"otp,omitempty"`
	Disabled    bool                       `json:"disabled,omitempty"`
	Commission  *commission                `json:"commission,omitempty"`
	Webhooks    []pasarela.WebhookEndpoint `json:"webhooks,omitempty"`
	Listeners   []pasarela.Listener        `json:"listeners,omitempty"`
	SuccessURL  string                     `json:"success_url,omitempty"`
	CancelURL   string                     `json:"cancel_url,omitempty"`
	CallbackURL string                     `json:"callback_url,omitempty"`
}

// threeDSRules are pasarela.ThreeDSRules as JSON in the store.
type threeDSRules struct {
	FromMinor    int64             `json:"from_minor,omitempty"`
	Currency     pasarela.Currency `json:"currency,omitempty"` // of FromMinor, "" where there is none
	BINCountries []string          `json:"bin_countries,omitempty"`
}

func storedRules(r pasarela.ThreeDSRules) *threeDSRules {
	if r.IsZero() {
		return nil
	}
	return &threeDSRules{r.From.Minor, r.From.Currency, r.BINCountries}
}

func (r *threeDSRules) rules() pasarela.ThreeDSRules {
	if r == nil {
		return pasarela.ThreeDSRules{}
	}
	return pasarela.ThreeDSRules{From: pasarela.Money{Minor: r.FromMinor, Currency: r.Currency}, BINCountries: r.BINCountries}
}

// commission is a pasarela.Commission as JSON in the store.
type commission struct {
	Merchant       pasarela.MerchantID `json:"merchant"`
	Name           string              `json:"name"`
	ParentName     string              `json:"parent_name"`
	FixedMinor     int64               `json:"fixed_minor,omitempty"`
	Currency       pasarela.Currency   `json:"currency,omitempty"` // of FixedMinor, "" where there is none
	BasisPoints    int64               `json:"basis_points,omitempty"`
	TaxBasisPoints int64               `json:"tax_basis_points,omitempty"`
}

func storedCommission(c pasarela.Commission) *commission {
	if c.Merchant == "" {
		return nil
	}
	return &commission{c.Merchant, c.Name, c.ParentName, c.Fixed.Minor, c.Fixed.Currency, c.BasisPoints, c.TaxBasisPoints}
}

func (c *commission) commission() pasarela.Commission {
	if c == nil {
		return pasarela.Commission{}
	}
	return pasarela.Commission{Merchant: c.Merchant, Name: c.Name, ParentName: c.ParentName,
		Fixed: pasarela.Money{Minor: c.FixedMinor, Currency: c.Currency}, BasisPoints: c.BasisPoints, TaxBasisPoints: c.TaxBasisPoints}
}

// secrets are sealed before they reach the store.
type secrets struct {
	KushkiPublic     string    `json:"kushki_public"`
	KushkiPrivate    string    `json:"kushki_private"`
	WebhookSignature string    `json:"webhook_signature"`
	NextSignature    string    `json:"next_signature,omitempty"`
	SignatureSwitch  time.Time `json:"signature_switch,omitzero"`
	Signing          []byte    `json:"signing,omitempty"`
	NextSigning      []byte    `json:"next_signing,omitempty"`
	SigningSwitch    time.Time `json:"signing_switch,omitzero"`
	MonriToken       string    `json:"monri_token"`
	MonriKey         string    `json:"monri_key"`
}

// record is what the store keeps of a merchant.
func (g *Gateway) record(m pasarela.Merchant) (store.MerchantRecord, error) {
	clear, err := json.Marshal(profile{m.Name, m.Country, m.Currencies, m.Model, m.ThreeDS, storedRules(m.ThreeDSRules), m.OTP,
		m.Disabled, storedCommission(m.Commission), m.Webhooks, m.Listeners, m.Monri.SuccessURL, m.Monri.CancelURL, m.Monri.CallbackURL})
	if err != nil {
		return store.MerchantRecord{}, pasarela.Wrap(pasarela.CodeInternal, err, "merchant's profile cannot be encoded")
	}
	hidden, err := json.Marshal(secrets{m.Kushki.PublicID, m.Kushki.PrivateID, m.Kushki.WebhookSignature,
		m.Kushki.NextSignature, m.Kushki.SignatureSwitch, m.Signing.Current, m.Signing.Next, m.Signing.Switch,
		m.Monri.AuthenticityToken, m.Monri.Key})
	if err != nil {
		return store.MerchantRecord{}, pasarela.Wrap(pasarela.CodeInternal, err, "merchant's secrets cannot be encoded")
	}
	sealed, err := g.Vault.SealSecret(m.ID, "merchant/"+string(m.ID), hidden)
	if err != nil {
		return store.MerchantRecord{}, err
	}
	return store.MerchantRecord{ID: m.ID, Profile: clear, Secrets: sealed, CreatedAt: m.CreatedAt,
		Credentials: []store.Credential{
			g.hashed(credential{CredentialKushkiPublic, m.Kushki.PublicID}),
			g.hashed(credential{CredentialKushkiPrivate, m.Kushki.PrivateID}),
			g.hashed(credential{CredentialMonri, m.Monri.AuthenticityToken}),
		}}, nil
}

// hashed is how the store knows a credential: keyed, so that its file gives none away.
func (g *Gateway) hashed(c credential) store.Credential {
	return store.Credential{Kind: c.kind, Hash: hex.EncodeToString(g.Vault.Digest("credential/"+c.kind, []byte(c.value)))}
}

// open is the merchant of a record.
func (g *Gateway) open(r store.MerchantRecord) (pasarela.Merchant, error) {
	var clear profile
	if err := json.Unmarshal(r.Profile, &clear); err != nil {
		return pasarela.Merchant{}, pasarela.Wrap(pasarela.CodeInternal, err, "merchant's profile cannot be read")
	}
	plain, err := g.Vault.OpenSecret(r.ID, r.Secrets)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	var hidden secrets
	if err := json.Unmarshal(plain, &hidden); err != nil {
		return pasarela.Merchant{}, pasarela.Errorf(pasarela.CodeInternal, "merchant's secrets cannot be read")
	}
	return pasarela.Merchant{ID: r.ID, Name: clear.Name, Country: clear.Country, Currencies: clear.Currencies, Model: clear.Model,
		ThreeDS: clear.ThreeDS, ThreeDSRules: clear.Rules.rules(), OTP: clear.OTP, Disabled: clear.Disabled,
		Commission: clear.Commission.commission(), Webhooks: clear.Webhooks, Listeners: clear.Listeners, CreatedAt: r.CreatedAt,
		Signing: pasarela.SigningSecrets{Current: hidden.Signing, Next: hidden.NextSigning, Switch: hidden.SigningSwitch},
		Kushki: pasarela.KushkiCredentials{PublicID: hidden.KushkiPublic, PrivateID: hidden.KushkiPrivate,
			WebhookSignature: hidden.WebhookSignature, NextSignature: hidden.NextSignature, SignatureSwitch: hidden.SignatureSwitch},
		Monri: pasarela.MonriCredentials{AuthenticityToken: hidden.MonriToken, Key: hidden.MonriKey,
			SuccessURL: clear.SuccessURL, CancelURL: clear.CancelURL, CallbackURL: clear.CallbackURL}}, nil
}
