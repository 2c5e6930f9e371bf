package sandbox

import (
	"net/http"
	"slices"

	strict "github.com/go-json-experiment/json"

	"pasarela"
)

// MerchantJSON is a merchant as the controls and `pasarela merchant create` take and answer it.
type MerchantJSON struct {
	MerchantID        string                     `json:"merchant_id,omitempty"`
	Name              string                     `json:"name"`
	Country           string                     `json:"country"`
	Currency          string                     `json:"currency,omitempty"`
	Currencies        []string                   `json:"currencies,omitempty"`
	Model             pasarela.Model             `json:"model,omitempty"`
	PublicMerchantID  Credential                 `json:"public_merchant_id,omitempty"`
	PrivateMerchantID Credential                 `json:"private_merchant_id,omitempty"`
	WebhookSignature  string                     `json:"webhook_signature,omitempty"`
	SigningSecret     string                     `json:"signing_secret,omitempty"` // of what listeners are told: whsec_ and base64
	Disabled          bool                       `json:"disabled,omitempty"`
	ThreeDS           string                     `json:"three_ds,omitempty"`
	ThreeDSRules      *ThreeDSRulesJSON          `json:"three_ds_rules,omitempty"`
	OTP               bool                       `json:"otp,omitempty"`
	Webhooks          []pasarela.WebhookEndpoint `json:"webhooks,omitempty"`
	Listeners         []pasarela.Listener        `json:"listeners,omitempty"`
	Commission        *CommissionJSON            `json:"commission,omitempty"`
	Monri             *MonriJSON                 `json:"monri,omitempty"`
}

// ThreeDSRulesJSON says for which payments a merchant with three_ds "on" asks; any rule that fits is enough.
type ThreeDSRulesJSON struct {
	FromMinor    *int64   `json:"from_minor,omitempty"` // with Currency: this amount and above, and every amount in another currency
	Currency     string   `json:"currency,omitempty"`
	BINCountries []string `json:"bin_countries,omitempty"`
}

func (r *ThreeDSRulesJSON) rules() (rules pasarela.ThreeDSRules, err error) {
	if r == nil {
		return rules, nil
	}
	rules.BINCountries = r.BINCountries
	if (r.FromMinor == nil) != (r.Currency == "") {
		return rules, pasarela.Errorf(pasarela.CodeInvalid, "three_ds_rules: from_minor and currency come together")
	}
	if r.FromMinor != nil {
		rules.From = pasarela.Money{Minor: *r.FromMinor, Currency: currency(r.Currency)}
	}
	return rules, nil
}

func rulesJSON(r pasarela.ThreeDSRules) *ThreeDSRulesJSON {
	if r.IsZero() {
		return nil
	}
	j := &ThreeDSRulesJSON{BINCountries: r.BINCountries}
	if r.From.Currency != "" {
		j.FromMinor, j.Currency = &r.From.Minor, code(r.From.Currency)
	}
	return j
}

// MonriJSON is the Monri side of a merchant.
type MonriJSON struct {
	AuthenticityToken Credential `json:"authenticity_token,omitempty"`
	MerchantKey       Credential `json:"merchant_key,omitempty"`
	SuccessURL        string     `json:"success_url,omitempty"`
	CancelURL         string     `json:"cancel_url,omitempty"`
	CallbackURL       string     `json:"callback_url,omitempty"`
}

// Credential is a credential of the caller's choosing. Left out it is made up; sent empty it is a mistake, such as
// a variable that was not set.
type Credential string

// UnmarshalJSON implements json.Unmarshaler. It returns CodeInvalid for an empty text.
func (c *Credential) UnmarshalJSON(text []byte) error {
	var value string
	if err := strict.Unmarshal(text, &value); err != nil {
		return err
	}
	if string(text) == `""` {
		return pasarela.Errorf(pasarela.CodeInvalid, "send 1 to 64 printable characters, or leave it out to have one made up")
	}
	*c = Credential(value)
	return nil
}

// DecodeMerchant reads one merchant and refuses, by name, members that it does not know and credentials that
// are empty. Errors have CodeInvalid.
func DecodeMerchant(raw []byte) (MerchantJSON, error) {
	var j MerchantJSON
	if err := decodeStrictly(raw, &j); err != nil {
		return MerchantJSON{}, err
	}
	return j, nil
}

// Merchant is what the JSON asks for. UF is Kushki's name for CLF.
func (j MerchantJSON) Merchant() (pasarela.Merchant, error) {
	rules, err := j.ThreeDSRules.rules()
	if err != nil {
		return pasarela.Merchant{}, err
	}
	fee, err := j.Commission.commission()
	if err != nil {
		return pasarela.Merchant{}, err
	}
	signing, err := signingKey(j.SigningSecret)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	m := pasarela.Merchant{
		Name: j.Name, Country: j.Country, Model: j.Model, ThreeDS: pasarela.ThreeDSMode(j.ThreeDS), ThreeDSRules: rules, OTP: j.OTP,
		Disabled: j.Disabled, Commission: fee, Webhooks: j.Webhooks, Listeners: j.Listeners, Signing: pasarela.SigningSecrets{Current: signing},
		Kushki: pasarela.KushkiCredentials{PublicID: string(j.PublicMerchantID), PrivateID: string(j.PrivateMerchantID),
			WebhookSignature: j.WebhookSignature},
	}
	if j.Monri != nil {
		m.Monri = pasarela.MonriCredentials{AuthenticityToken: string(j.Monri.AuthenticityToken), Key: string(j.Monri.MerchantKey),
			SuccessURL: j.Monri.SuccessURL, CancelURL: j.Monri.CancelURL, CallbackURL: j.Monri.CallbackURL}
	}
	for _, code := range j.Currencies {
		m.Currencies = append(m.Currencies, currency(code))
	}
	if j.Currency == "" {
		return m, nil
	}
	first := currency(j.Currency)
	if len(m.Currencies) == 0 {
		country, _ := pasarela.CountryByCode(j.Country)
		m.Currencies = slices.Clone(country.Currencies)
	}
	if !slices.Contains(m.Currencies, first) && len(j.Currencies) > 0 {
		return m, pasarela.Errorf(pasarela.CodeInvalid, "currency %q is not among the currencies", j.Currency)
	}
	m.Currencies = append([]pasarela.Currency{first}, slices.DeleteFunc(m.Currencies, func(c pasarela.Currency) bool { return c == first })...)
	return m, nil
}

func currency(code string) pasarela.Currency {
	if code == "UF" {
		return "CLF"
	}
	return pasarela.Currency(code)
}

// code is currency's opposite: the name that the merchant's calls take.
func code(c pasarela.Currency) string {
	if c == "CLF" {
		return "UF"
	}
	return string(c)
}

// FromMerchant is the JSON of a merchant with all its credentials.
func FromMerchant(m pasarela.Merchant) MerchantJSON {
	j := MerchantJSON{
		MerchantID: string(m.ID), Name: m.Name, Country: m.Country, Currency: code(m.Currencies[0]), Model: m.Model,
		PublicMerchantID: Credential(m.Kushki.PublicID), PrivateMerchantID: Credential(m.Kushki.PrivateID),
		WebhookSignature: m.Kushki.WebhookSignature, SigningSecret: SigningSecret(m.Signing.Current), Disabled: m.Disabled,
		ThreeDS: string(m.ThreeDS), ThreeDSRules: rulesJSON(m.ThreeDSRules), OTP: m.OTP,
		Webhooks: withEvents(m.Webhooks), Listeners: m.Listeners, Commission: commissionJSON(m.Commission),
		Monri: &MonriJSON{AuthenticityToken: Credential(m.Monri.AuthenticityToken), MerchantKey: Credential(m.Monri.Key),
			SuccessURL: m.Monri.SuccessURL, CancelURL: m.Monri.CancelURL, CallbackURL: m.Monri.CallbackURL},
	}
	for _, c := range m.Currencies {
		j.Currencies = append(j.Currencies, code(c))
	}
	return j
}

// withEvents writes no events as an empty list, which is how the member says all of them.
func withEvents(all []pasarela.WebhookEndpoint) []pasarela.WebhookEndpoint {
	all = slices.Clone(all)
	for i := range all {
		if all[i].Events == nil {
			all[i].Events = []string{}
		}
	}
	return all
}

func (c *Controls) addMerchant(r *http.Request) (any, error) {
	raw, err := body(r)
	if err != nil {
		return nil, err
	}
	j, err := DecodeMerchant(raw)
	if err != nil {
		return nil, err
	}
	if j.MerchantID != "" || j.WebhookSignature != "" || j.SigningSecret != "" {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "merchant_id, webhook_signature and signing_secret are answered, not sent")
	}
	m, err := j.Merchant()
	if err != nil {
		return nil, err
	}
	if m, err = c.Gateway.CreateMerchant(r.Context(), m); err != nil {
		return nil, err
	}
	return FromMerchant(m), nil
}
