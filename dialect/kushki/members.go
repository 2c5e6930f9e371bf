package kushki

import (
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// shape is the generation of answer that fullResponse asks for.
type shape uint8

const (
	short  shape = iota
	legacy       // true
	v2           // "v2"
)

// UnmarshalJSONFrom reads "v2", true or "true"; false, "false", "" and null ask for the short answer.
func (s *shape) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case 'n', 'f':
		*s = short
		return nil
	case 't':
		*s = legacy
		return nil
	case '"':
		switch token.String() {
		case "v2":
			*s = v2
			return nil
		case "true":
			*s = legacy
			return nil
		case "", "false":
			*s = short
			return nil
		}
	}
	return pasarela.Errorf(pasarela.CodeInvalid, `fullResponse: send "v2", or true`)
}

// flag is a boolean that some callers write as a string.
type flag bool

// UnmarshalJSONFrom reads true, false, "true", "false" or null.
func (f *flag) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	switch k := token.Kind(); {
	case k == 't' || k == '"' && token.String() == "true":
		*f = true
	case k == 'f' || k == 'n' || k == '"' && token.String() == "false":
		*f = false
	default:
		return pasarela.Errorf(pasarela.CodeInvalid, "send true or false")
	}
	return nil
}

// shaped is a struct that knows what else must hold of its members.
type shaped interface{ check() error }

// kept is an object that was checked against T and is stored as it was sent.
type kept[T shaped] struct{ raw jsontext.Value }

// IsZero says that none was sent.
func (k kept[T]) IsZero() bool { return len(k.raw) == 0 }

// UnmarshalJSONFrom checks and keeps a value; null is none.
func (k *kept[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	k.raw = nil
	if v.Kind() == 'n' {
		return nil
	}
	var t T
	if err := json.Unmarshal(v, &t); err != nil {
		return pasarela.Errorf(pasarela.CodeInvalid, "a member has the wrong type")
	}
	if err := t.check(); err != nil {
		return err
	}
	k.raw = v.Clone()
	return nil
}

// MarshalJSONTo writes the value.
func (k kept[T]) MarshalJSONTo(e *jsontext.Encoder) error { return e.WriteValue(k.raw) }

// contact is the buyer (ContactDetails).
type contact struct {
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName"`
	SecondLastName string `json:"secondLastName"`
	Email          string `json:"email"`
	DocumentType   string `json:"documentType"`
	DocumentNumber string `json:"documentNumber"`
	PhoneNumber    string `json:"phoneNumber"`
}

var documentTypes = []string{"", "CC", "NIT", "CE", "TI", "PP", "PAS", "RUC", "CURP", "RFC", "RUT", "DNI", "CI", "DE"}

func (c contact) check() error { return oneOf("documentType", c.DocumentType, documentTypes...) }

// orderDetails is where goods and bill go.
type orderDetails struct {
	SiteDomain string  `json:"siteDomain"`
	Shipping   address `json:"shippingDetails"`
	Billing    address `json:"billingDetails"`
}

func (orderDetails) check() error { return nil }

// address has both spellings that the published pages use.
type address struct {
	Name             string `json:"name"`
	Phone            string `json:"phone"`
	Address          string `json:"address"`
	Address1         string `json:"address1"`
	Address2         string `json:"address2"`
	SecondaryAddress string `json:"secondaryAddress"`
	City             string `json:"city"`
	Region           string `json:"region"`
	Country          string `json:"country"`
	Zipcode          string `json:"zipcode"`
	ZipCode          string `json:"zipCode"`
	UserEmail        string `json:"userEmail"`
}

// productDetails is the cart.
type productDetails struct {
	Product []struct {
		ID       string       `json:"id"`
		Title    string       `json:"title"`
		Price    wire.Decimal `json:"price"`
		SKU      string       `json:"sku"`
		Quantity wire.Decimal `json:"quantity"`
		Category string       `json:"category"`
		Tags     []string     `json:"tags"`
	} `json:"product"`
}

func (productDetails) check() error { return nil }

// subMerchant is the payment facilitator's merchant.
type subMerchant struct {
	Address        string `json:"address"`
	City           string `json:"city"`
	CityCode       string `json:"cityCode"`
	Code           string `json:"code"`
	CountryAns     string `json:"countryAns"`
	IDAffiliation  string `json:"idAffiliation"`
	MCC            string `json:"mcc"`
	SocialReason   string `json:"socialReason"`
	SoftDescriptor string `json:"softDescriptor"`
	ZipCode        string `json:"zipCode"`
}

func (subMerchant) check() error { return nil }

// hooks are a transaction's own notifications: an array, an object, or an array in an object of the same name.
type hooks []pasarela.WebhookEndpoint

// disputeHooks are the same for what becomes of a dispute about it.
type disputeHooks []pasarela.WebhookEndpoint

// hooksObject is one registration, or several under the name of the member.
type hooksObject struct {
	pasarela.WebhookEndpoint
	Webhooks   []pasarela.WebhookEndpoint `json:"webhooks"`
	Chargeback []pasarela.WebhookEndpoint `json:"webhooksChargeback"`
	AlsoNamed  []pasarela.WebhookEndpoint `json:"webhookChargeback"`
}

// UnmarshalJSONFrom reads the three spellings.
func (h *hooks) UnmarshalJSONFrom(d *jsontext.Decoder) (err error) {
	*h, err = readHooks(d, func(o hooksObject) []pasarela.WebhookEndpoint { return o.Webhooks })
	return err
}

// UnmarshalJSONFrom reads the three spellings.
func (h *disputeHooks) UnmarshalJSONFrom(d *jsontext.Decoder) (err error) {
	*h, err = readHooks(d, func(o hooksObject) []pasarela.WebhookEndpoint { return append(o.Chargeback, o.AlsoNamed...) })
	return err
}

func readHooks(d *jsontext.Decoder, inner func(hooksObject) []pasarela.WebhookEndpoint) (all []pasarela.WebhookEndpoint, err error) {
	if d.PeekKind() != '{' {
		err = json.UnmarshalDecode(d, &all)
		return all, err
	}
	var one hooksObject
	if err := json.UnmarshalDecode(d, &one); err != nil {
		return nil, err
	}
	all = inner(one)
	if len(one.URLs) > 0 {
		all = append(all, one.WebhookEndpoint)
	}
	return all, nil
}

// maxHooks is how many addresses a transaction may have of its own, in all its registrations: each gets a copy of the
// notification.
const maxHooks = 10

func (h hooks) check() error {
	addresses := 0
	for _, one := range h {
		if err := one.Check(); err != nil {
			return err
		}
		addresses += len(one.URLs)
	}
	if addresses > maxHooks {
		return pasarela.Errorf(pasarela.CodeInvalid, "webhooks: send at most %d urls in all", maxHooks)
	}
	return nil
}

func (h disputeHooks) check() error { return hooks(h).check() }

// absoluteURL refuses user-info too: https://shop@evil.example reads like the shop's address, and leads elsewhere.
func absoluteURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") || len(text) > 2048 {
		return pasarela.Errorf(pasarela.CodeInvalid, "%s: send an absolute http or https URL without user and password", name)
	}
	return nil
}

func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return pasarela.Errorf(pasarela.CodeInvalid, "%s: send one of %s", name, strings.TrimSpace(strings.Join(allowed, " ")))
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
