package pasarela

import (
	"slices"
	"time"
)

// Model is a merchant's affiliation (Kushki, "Merchant models").
type Model string

// The models.
const (
	ModelAcquirer   Model = "acquirer"
	ModelAggregator Model = "aggregator"
)

// ThreeDSMode says when a merchant asks for 3-D Secure.
type ThreeDSMode string

// The modes.
const (
	ThreeDSOff    ThreeDSMode = "off"
	ThreeDSOn     ThreeDSMode = "on" // where the card wants it
	ThreeDSAlways ThreeDSMode = "always"
)

// ThreeDSRules say for which payments a merchant with ThreeDSOn asks. Where none is set it asks for all.
type ThreeDSRules struct {
	From         Money    // this amount and above, and all of another currency; zero value for no such rule
	BINCountries []string // cards of these countries, ISO 3166-1 alpha-2
}

// IsZero says whether no rule is set.
func (r ThreeDSRules) IsZero() bool { return r.From.Currency == "" && len(r.BINCountries) == 0 }

// Demands says whether the merchant asks for 3-D Secure on a payment. Any rule that fits is enough.
func (m Merchant) Demands(total Money, binCountry string) bool {
	r := m.ThreeDSRules
	switch {
	case m.ThreeDS == ThreeDSOff:
		return false
	case m.ThreeDS == ThreeDSAlways, r.IsZero():
		return true
	case r.From.Currency != "" && (total.Currency != r.From.Currency || total.Minor >= r.From.Minor):
		return true
	default:
		return slices.Contains(r.BINCountries, binCountry)
	}
}

// Country is one that a merchant can be in, with what its rules need.
type Country struct {
	Code       string // ISO 3166-1 alpha-2
	Name       string // English, as answers print it
	Currencies []Currency
	TimeZone   string // IANA
	Model      Model  // of a merchant that names none
}

// Countries lists where merchants can be: Kushki's five (kushki-card, "Currencies by country"), then
// Monri's, whose public documentation names BAM, HRK, EUR, USD and CHF without tying them to countries.
var Countries = []Country{
	{"EC", "Ecuador", []Currency{"USD"}, "America/Guayaquil", ModelAggregator},
	{"CO", "Colombia", []Currency{"COP"}, "America/Bogota", ModelAcquirer},
	{"MX", "Mexico", []Currency{"MXN"}, "America/Mexico_City", ModelAcquirer},
	{"PE", "Peru", []Currency{"PEN", "USD"}, "America/Lima", ModelAcquirer},
	{"CL", "Chile", []Currency{"CLP", "CLF"}, "America/Santiago", ModelAcquirer},
	{"BA", "Bosnia and Herzegovina", []Currency{"BAM", "EUR", "USD", "CHF"}, "Europe/Sarajevo", ModelAcquirer},
	{"HR", "Croatia", []Currency{"EUR", "HRK", "USD", "CHF"}, "Europe/Zagreb", ModelAcquirer},
	{"RS", "Serbia", []Currency{"RSD", "EUR"}, "Europe/Belgrade", ModelAcquirer},
	{"SI", "Slovenia", []Currency{"EUR"}, "Europe/Ljubljana", ModelAcquirer},
	{"ME", "Montenegro", []Currency{"EUR"}, "Europe/Podgorica", ModelAcquirer},
	{"MK", "North Macedonia", []Currency{"MKD", "EUR"}, "Europe/Skopje", ModelAcquirer},
}

// CountryByCode finds a country a merchant can be in.
func CountryByCode(code string) (Country, bool) {
	i := slices.IndexFunc(Countries, func(c Country) bool { return c.Code == code })
	if i < 0 {
		return Country{}, false
	}
	return Countries[i], true
}

// Merchant is a shop that takes cards, in either dialect or in both.
type Merchant struct {
	ID           MerchantID
	Name         string
	Country      string
	Currencies   []Currency // what it may charge in; the first is the default
	Model        Model
	ThreeDS      ThreeDSMode
	ThreeDSRules ThreeDSRules // of ThreeDSOn
	OTP          bool         // every card is to be confirmed by a one-time password
	Disabled     bool         // it may charge nothing, and its subscriptions' periods are skipped
	Commission   Commission
	Webhooks     []WebhookEndpoint // told in the form of Kushki's notifications
	Listeners    []Listener        // told of our own events
	Signing      SigningSecrets    // of what Listeners are told
	Kushki       KushkiCredentials
	Monri        MonriCredentials
	CreatedAt    time.Time
}

// Commission is what another merchant gets of each sale (Kushki, "Commissions"). With none, Merchant is "".
type Commission struct {
	Merchant       MerchantID // who receives it
	Name           string
	ParentName     string
	Fixed          Money // of each sale; zero value for none
	BasisPoints    int64 // hundredths of a percent of each sale
	TaxBasisPoints int64 // tax on the commission itself, in hundredths of a percent
}

// Of is the commission on a sale, and the tax on the commission. It returns CodeNotFound where none is due in the sale's
// currency, and ErrOverflow.
func (c Commission) Of(sale Money) (fee, tax Money, err error) {
	if c.Merchant == "" || c.Fixed.Currency != "" && c.Fixed.Currency != sale.Currency {
		return fee, tax, Errorf(CodeNotFound, "no commission is due on a sale in %s", sale.Currency)
	}
	fee, err = sale.BasisPoints(uint64(c.BasisPoints)).Add(Money{Minor: c.Fixed.Minor, Currency: sale.Currency})
	return fee, fee.BasisPoints(uint64(c.TaxBasisPoints)), err
}

// Listener is where a merchant wants to be told of our own events, as Standard Webhooks.
type Listener struct {
	URL    string      `json:"url"`
	Events []EventKind `json:"events,omitempty"` // none for all; "payment.*" and "subscription.*" for all of a kind
}

// Check returns CodeInvalid for a listener that could not be told, and for one that waits for an event there is not.
func (l Listener) Check() error {
	if !webAddress(l.URL) {
		return Errorf(CodeInvalid, "listeners: url: send an absolute http or https URL of at most %d bytes, without user and password", maxWebhookURL)
	}
	for _, e := range l.Events {
		one := Listener{Events: []EventKind{e}}
		if !slices.ContainsFunc(EventKinds, one.Hears) {
			return Errorf(CodeInvalid, "listeners: there is no event %q: send kinds such as payment.captured, or payment.* for all about payments", clip(string(e), 40))
		}
	}
	return nil
}

// Hears says whether the listener is told of a kind.
func (l Listener) Hears(k EventKind) bool {
	return len(l.Events) == 0 || slices.Contains(l.Events, k) || slices.Contains(l.Events, EventKind(k.About()+".*"))
}

// SigningSecrets are what notifications are signed with. While they are exchanged two are valid: receivers know the new
// one already, and the old one still stands until Switch.
type SigningSecrets struct {
	Current []byte
	Next    []byte    // empty unless it is being exchanged
	Switch  time.Time // when Next takes the place of Current
}

// At is how the secrets stand at a time.
func (s SigningSecrets) At(now time.Time) SigningSecrets {
	if len(s.Next) > 0 && !now.Before(s.Switch) {
		return SigningSecrets{Current: s.Next}
	}
	return s
}

// KushkiCredentials are what a merchant's Kushki integration carries.
type KushkiCredentials struct {
	PublicID         string // safe in a browser
	PrivateID        string // secret
	WebhookSignature string // secret: key of the webhooks' HMAC
	NextSignature    string // that takes its place at SignatureSwitch, "" for none
	SignatureSwitch  time.Time
}

// Signatures are the keys of the webhooks' HMAC as they stand at a time: the current one, and the next, "" for none.
func (k KushkiCredentials) Signatures(now time.Time) (current, next string) {
	if k.NextSignature != "" && !now.Before(k.SignatureSwitch) {
		return k.NextSignature, ""
	}
	return k.WebhookSignature, k.NextSignature
}

// MonriCredentials are what a merchant's Monri integration carries, and its profile's addresses.
type MonriCredentials struct {
	AuthenticityToken string // safe in a browser
	Key               string // secret: goes into every digest
	SuccessURL        string
	CancelURL         string
	CallbackURL       string
}

// WebhookEndpoint is where a merchant wants to be told of what.
type WebhookEndpoint struct {
	Events  []string        `json:"events"`
	Headers []WebhookHeader `json:"headers,omitempty"`
	URLs    []string        `json:"urls"`
}

// WebhookHeader is a header of the merchant's own on its notifications.
type WebhookHeader struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Allows says whether the merchant may charge in c.
func (m Merchant) Allows(c Currency) bool { return slices.Contains(m.Currencies, c) }

// MayCharge returns CodeMerchantDisabled for a merchant that is, and CodeCurrencyNotAllowed for one that may not
// charge in c.
func (m Merchant) MayCharge(c Currency) error {
	switch {
	case m.Disabled:
		return Errorf(CodeMerchantDisabled, "merchant is disabled")
	case !m.Allows(c):
		return Errorf(CodeCurrencyNotAllowed, "merchant may not charge in %s", c)
	default:
		return nil
	}
}
