package gateway

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

// Kinds of credential, as the store keeps them.
const (
	CredentialKushkiPublic  = "kushki_public"
	CredentialKushkiPrivate = "kushki_private"
	CredentialMonri         = "monri"
)

// directoryTTL is how long a merchant is taken from memory: how late a node learns of a changed profile.
const directoryTTL = 30 * time.Second

// directory remembers merchants by what they authenticate with. Unknown credentials are not remembered.
type directory struct {
	mu   sync.RWMutex
	byID map[pasarela.MerchantID]remembered // guarded by mu
	byCr map[credential]remembered          // guarded by mu
}

type credential struct{ kind, value string }

type remembered struct {
	merchant pasarela.Merchant
	until    time.Time // of the machine, not of the gateway: a moved sandbox clock must not matter
}

func (d *directory) init() {
	d.byID, d.byCr = map[pasarela.MerchantID]remembered{}, map[credential]remembered{}
}

func (d *directory) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.byID)
	clear(d.byCr)
}

func (d *directory) keep(c credential, m pasarela.Merchant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := remembered{merchant: m, until: time.Now().Add(directoryTTL)}
	d.byID[m.ID] = r
	if c.value != "" {
		d.byCr[c] = r
	}
}

// profile is a merchant without its secrets, as JSON in the store.
type profile struct {
	Name        string                     `json:"name"`
	Country     string                     `json:"country"`
	Currencies  []pasarela.Currency        `json:"currencies"`
	Model       pasarela.Model             `json:"model"`
	ThreeDS     pasarela.ThreeDSMode       `json:"three_ds"`
	Rules       *threeDSRules              `json:"three_ds_rules,omitempty"`
	OTP         bool                       `json:"otp,omitempty"`
	Webhooks    []pasarela.WebhookEndpoint `json:"webhooks,omitempty"`
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

// secrets are sealed before they reach the store.
type secrets struct {
	KushkiPublic     string `json:"kushki_public"`
	KushkiPrivate    string `json:"kushki_private"`
	WebhookSignature string `json:"webhook_signature"`
	MonriToken       string `json:"monri_token"`
	MonriKey         string `json:"monri_key"`
}

// maxCredential bounds a credential of a merchant's own choosing, in bytes.
const maxCredential = 64

// CreateMerchant imports a merchant, with credentials of its own or made up where they are missing. It
// returns CodeInvalid for a profile that cannot be, and CodeWrongState where a credential is taken.
func (g *Gateway) CreateMerchant(ctx context.Context, m pasarela.Merchant) (pasarela.Merchant, error) {
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

// complete checks a merchant and fills in what was left out.
func (g *Gateway) complete(m pasarela.Merchant) (pasarela.Merchant, error) {
	country, ok := pasarela.CountryByCode(m.Country)
	switch {
	case m.Name == "" || len(m.Name) > 100:
		return m, pasarela.Errorf(pasarela.CodeInvalid, "name: send 1 to 100 characters")
	case !ok:
		return m, pasarela.Errorf(pasarela.CodeInvalid, "country %q: send a two-letter code such as EC", m.Country)
	}
	if len(m.Currencies) == 0 {
		m.Currencies = country.Currencies
	}
	for _, c := range m.Currencies {
		if _, err := pasarela.ParseCurrency(string(c)); err != nil {
			return m, err
		}
	}
	if err := completeModel(&m, country); err != nil {
		return m, err
	}
	switch m.ThreeDS {
	case "":
		m.ThreeDS = pasarela.ThreeDSOn
	case pasarela.ThreeDSOff, pasarela.ThreeDSOn, pasarela.ThreeDSAlways:
	default:
		return m, pasarela.Errorf(pasarela.CodeInvalid, "three_ds %q: send off, on or always", m.ThreeDS)
	}
	if err := checkThreeDSRules(m); err != nil {
		return m, err
	}
	for _, w := range m.Webhooks {
		if err := checkWebhook(w); err != nil {
			return m, err
		}
	}
	if m.ID == "" {
		m.ID = g.IDs.Merchant()
	}
	m.CreatedAt = g.now()
	return g.withCredentials(m)
}

// completeModel checks the model, or takes the country's.
func completeModel(m *pasarela.Merchant, country pasarela.Country) error {
	switch m.Model {
	case "":
		m.Model = country.Model
	case pasarela.ModelAggregator:
	case pasarela.ModelAcquirer:
		if country.Model != pasarela.ModelAcquirer {
			return pasarela.Errorf(pasarela.CodeInvalid, "model: merchants of %s are aggregator's: send aggregator, or leave it out", country.Name)
		}
	default:
		return pasarela.Errorf(pasarela.CodeInvalid, "model %q: send acquirer or aggregator", m.Model)
	}
	return nil
}

// checkThreeDSRules refuses rules that could never say anything.
func checkThreeDSRules(m pasarela.Merchant) error {
	r := m.ThreeDSRules
	if r.IsZero() {
		return nil
	}
	if m.ThreeDS != pasarela.ThreeDSOn {
		return pasarela.Errorf(pasarela.CodeInvalid, "three_ds_rules: only three_ds \"on\" has rules")
	}
	if r.From.Currency != "" {
		if _, err := pasarela.NewMoney(r.From.Minor, r.From.Currency); err != nil {
			return err
		}
		if !m.Allows(r.From.Currency) {
			return pasarela.Errorf(pasarela.CodeInvalid, "three_ds_rules: currency %q is not among the merchant's", r.From.Currency)
		}
	}
	for _, code := range r.BINCountries {
		if len(code) != 2 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return pasarela.Errorf(pasarela.CodeInvalid, "three_ds_rules: bin_countries: send two-letter codes such as EC")
		}
	}
	return nil
}

// checkWebhook holds an endpoint to what the reference asks (kushki-card, "webhooks": events and urls are
// required, and addresses begin with http or https).
func checkWebhook(w pasarela.WebhookEndpoint) error {
	if len(w.Events) == 0 || len(w.URLs) == 0 {
		return pasarela.Errorf(pasarela.CodeInvalid, "webhooks: each needs events and urls")
	}
	for _, address := range w.URLs {
		if u, err := url.Parse(address); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return pasarela.Errorf(pasarela.CodeInvalid, "webhooks: send urls that begin with http:// or https://")
		}
	}
	return nil
}

func (g *Gateway) withCredentials(m pasarela.Merchant) (pasarela.Merchant, error) {
	for _, c := range []struct {
		name  string
		value *string
		make  func() string
	}{
		{"public_merchant_id", &m.Kushki.PublicID, g.IDs.Credential},
		{"private_merchant_id", &m.Kushki.PrivateID, g.IDs.Credential},
		{"webhook_signature", &m.Kushki.WebhookSignature, g.IDs.Credential},
		{"authenticity_token", &m.Monri.AuthenticityToken, g.IDs.AuthenticityToken},
		{"merchant_key", &m.Monri.Key, g.IDs.Credential},
	} {
		if *c.value == "" {
			*c.value = c.make()
		}
		if len(*c.value) > maxCredential || !printable(*c.value) {
			return m, pasarela.Errorf(pasarela.CodeInvalid, "%s: send 1 to %d printable ASCII characters without a space at either end", c.name, maxCredential)
		}
	}
	if m.Kushki.PublicID == m.Kushki.PrivateID {
		return m, pasarela.Errorf(pasarela.CodeInvalid, "public_merchant_id and private_merchant_id must differ")
	}
	return m, nil
}

// printable says whether s can travel in a header as it is: printable ASCII without a space at either end.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == strings.TrimSpace(s)
}

func (g *Gateway) record(m pasarela.Merchant) (store.MerchantRecord, error) {
	clear, err := json.Marshal(profile{m.Name, m.Country, m.Currencies, m.Model, m.ThreeDS, storedRules(m.ThreeDSRules), m.OTP, m.Webhooks,
		m.Monri.SuccessURL, m.Monri.CancelURL, m.Monri.CallbackURL})
	if err != nil {
		return store.MerchantRecord{}, pasarela.Wrap(pasarela.CodeInternal, err, "merchant's profile cannot be encoded")
	}
	hidden, err := json.Marshal(secrets{m.Kushki.PublicID, m.Kushki.PrivateID, m.Kushki.WebhookSignature,
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

// Authenticate finds the merchant that value belongs to. It returns CodeUnauthorized for one it does not
// know.
func (g *Gateway) Authenticate(ctx context.Context, kind, value string) (pasarela.Merchant, error) {
	c := credential{kind, value}
	g.directory.mu.RLock()
	known, ok := g.directory.byCr[c]
	g.directory.mu.RUnlock()
	if ok && time.Now().Before(known.until) {
		return known.merchant, nil
	}
	if value == "" || len(value) > maxCredential || !printable(value) {
		return pasarela.Merchant{}, pasarela.Errorf(pasarela.CodeUnauthorized, "no usable %s credential was sent", kind)
	}
	record, err := g.Store.MerchantByCredential(ctx, g.hashed(c))
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return pasarela.Merchant{}, pasarela.Errorf(pasarela.CodeUnauthorized, "unknown %s credential", kind)
	}
	if err != nil {
		return pasarela.Merchant{}, err
	}
	return g.open(c, record)
}

// Merchant finds a merchant by its id.
func (g *Gateway) Merchant(ctx context.Context, id pasarela.MerchantID) (pasarela.Merchant, error) {
	g.directory.mu.RLock()
	known, ok := g.directory.byID[id]
	g.directory.mu.RUnlock()
	if ok && time.Now().Before(known.until) {
		return known.merchant, nil
	}
	record, err := g.Store.Merchant(ctx, id)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	return g.open(credential{}, record)
}

// ForgetMerchants empties the memory of the directory, for a sandbox that was reset.
func (g *Gateway) ForgetMerchants() { g.directory.forget() }

func (g *Gateway) open(c credential, r store.MerchantRecord) (pasarela.Merchant, error) {
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
	m := pasarela.Merchant{ID: r.ID, Name: clear.Name, Country: clear.Country, Currencies: clear.Currencies,
		Model: clear.Model, ThreeDS: clear.ThreeDS, ThreeDSRules: clear.Rules.rules(), OTP: clear.OTP, Webhooks: clear.Webhooks, CreatedAt: r.CreatedAt,
		Kushki: pasarela.KushkiCredentials{PublicID: hidden.KushkiPublic, PrivateID: hidden.KushkiPrivate,
			WebhookSignature: hidden.WebhookSignature},
		Monri: pasarela.MonriCredentials{AuthenticityToken: hidden.MonriToken, Key: hidden.MonriKey,
			SuccessURL: clear.SuccessURL, CancelURL: clear.CancelURL, CallbackURL: clear.CallbackURL}}
	g.directory.keep(c, m)
	return m, nil
}
