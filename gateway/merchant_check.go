package gateway

import (
	"slices"
	"strings"

	"pasarela"
)

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
	for _, check := range []func(pasarela.Merchant) error{checkThreeDSRules, checkCommission, checkWebhooks, checkListeners} {
		if err := check(m); err != nil {
			return m, err
		}
	}
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

// commissionCountries are where payments are split (Kushki, "Commissions").
var commissionCountries = []string{"EC", "MX"}

// maxBasisPoints is all of an amount.
const maxBasisPoints = 10_000

// checkCommission refuses a commission that nobody gets, or that nobody could work out.
func checkCommission(m pasarela.Merchant) error {
	c := m.Commission
	if c == (pasarela.Commission{}) {
		return nil
	}
	refuse := func(text string) error { return pasarela.Errorf(pasarela.CodeInvalid, "commission: %s", text) }
	switch {
	case !slices.Contains(commissionCountries, m.Country):
		return refuse("merchants of EC and MX have one")
	case c.Merchant == "" || len(c.Merchant) > maxCredential || !printable(string(c.Merchant)):
		return refuse("merchant_id: send the number of the merchant that receives it")
	case c.Name == "" || len(c.Name) > 100 || c.ParentName == "" || len(c.ParentName) > 100:
		return refuse("name, parent_name: send 1 to 100 characters each")
	case min(c.BasisPoints, c.TaxBasisPoints) < 0 || max(c.BasisPoints, c.TaxBasisPoints) > maxBasisPoints:
		return refuse("basis_points, tax_basis_points: send 0 to 10000, hundredths of a percent")
	case c.BasisPoints == 0 && c.Fixed.Minor == 0:
		return refuse("send basis_points, or fixed_minor and currency, or all of them")
	case c.Fixed.Currency == "":
		return nil
	case !m.Allows(c.Fixed.Currency):
		return refuse("currency is not among the merchant's")
	}
	_, err := pasarela.NewMoney(c.Fixed.Minor, c.Fixed.Currency)
	return err
}

// maxAddresses bounds what one payment makes.
const maxAddresses = 20

func checkWebhooks(m pasarela.Merchant) error {
	addresses := 0
	for _, w := range m.Webhooks {
		if err := w.Check(); err != nil {
			return err
		}
		addresses += len(w.URLs)
	}
	if addresses > maxAddresses {
		return pasarela.Errorf(pasarela.CodeInvalid, "webhooks: send at most %d urls in all", maxAddresses)
	}
	return nil
}

// maxListeners bounds what one event makes.
const maxListeners = 10

// checkListeners refuses, besides listeners that cannot be, one that would be told of everything twice.
func checkListeners(m pasarela.Merchant) error {
	if len(m.Listeners) > maxListeners {
		return pasarela.Errorf(pasarela.CodeInvalid, "listeners: send at most %d", maxListeners)
	}
	for i, l := range m.Listeners {
		if err := l.Check(); err != nil {
			return err
		}
		if slices.ContainsFunc(m.Listeners[:i], func(other pasarela.Listener) bool { return other.URL == l.URL }) {
			return pasarela.Errorf(pasarela.CodeInvalid, "listeners: send each url once")
		}
	}
	return nil
}

// maxCredential bounds a credential of a merchant's own choosing, in bytes.
const maxCredential = 64

// How long a key of Standard Webhooks may be, in bytes.
const (
	leastSigning = 24
	mostSigning  = 64
)

// withCredentials checks what the merchant has, and makes up what is missing.
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
	if len(m.Signing.Current) == 0 {
		m.Signing.Current = g.IDs.Secret()
	}
	if n := len(m.Signing.Current); n < leastSigning || n > mostSigning {
		return m, pasarela.Errorf(pasarela.CodeInvalid, "signing_secret: send whsec_ and the base64 of %d to %d bytes", leastSigning, mostSigning)
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

// checkKept refuses a change of what a merchant keeps for good.
func checkKept(old, m pasarela.Merchant) error {
	for _, c := range []struct {
		name   string
		differ bool
	}{
		{"merchant_id", old.ID != m.ID},
		{"country", old.Country != m.Country},
		{"public_merchant_id", old.Kushki.PublicID != m.Kushki.PublicID},
		{"private_merchant_id", old.Kushki.PrivateID != m.Kushki.PrivateID},
		{"authenticity_token", old.Monri.AuthenticityToken != m.Monri.AuthenticityToken},
		{"merchant_key", old.Monri.Key != m.Monri.Key},
	} {
		if c.differ {
			return pasarela.Errorf(pasarela.CodeInvalid, "%s: it stays as it was created", c.name)
		}
	}
	return nil
}
