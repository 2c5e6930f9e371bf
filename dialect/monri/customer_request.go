package monri

import (
	"net/http"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// customerRequest is the body of POST /v2/customers and POST /v2/customers/{uuid}: what is left out stays as it is.
type customerRequest struct {
	MerchantCustomerID optional `json:"merchant_customer_id"`
	Description        optional `json:"description"`
	Email              optional `json:"email"`
	Name               optional `json:"name"`
	Phone              optional `json:"phone"`
	ZipCode            optional `json:"zip_code"`
	City               optional `json:"city"`
	Address            optional `json:"address"`
	Country            optional `json:"country"`
	Metadata           object   `json:"metadata"`
}

// optional is a text that may be left out. null is the empty text.
type optional struct {
	sent bool
	text string
}

// UnmarshalJSONFrom takes a string or null.
func (o *optional) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case '"':
		*o = optional{true, token.String()}
	case 'n':
		*o = optional{sent: true}
	default:
		return pasarela.Errorf(pasarela.CodeInvalid, "send a string")
	}
	return nil
}

// object is one of the merchant's own that may be left out. null is none.
type object struct {
	sent bool
	raw  wire.Object
}

// UnmarshalJSONFrom takes an object or null.
func (o *object) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	o.sent = true
	return o.raw.UnmarshalJSONFrom(dec)
}

// customerText is a member of the request, what it is stored as, and how many characters it may have.
type customerText struct {
	name    string
	from    *optional
	to      *string
	longest int
}

func (q *customerRequest) texts(d *pasarela.CustomerDetails) []customerText {
	return []customerText{
		{"merchant_customer_id", &q.MerchantCustomerID, &d.Reference, 255}, {"description", &q.Description, &d.Description, 1000},
		{"email", &q.Email, &d.Email, 255}, {"name", &q.Name, &d.Name, 255}, {"phone", &q.Phone, &d.Phone, 64},
		{"zip_code", &q.ZipCode, &d.ZipCode, 32}, {"city", &q.City, &d.City, 255}, {"address", &q.Address, &d.Address, 255},
		{"country", &q.Country, &d.Country, 64},
	}
}

// applied is what the customer is from now on.
func (q *customerRequest) applied(d pasarela.CustomerDetails) pasarela.CustomerDetails {
	for _, t := range q.texts(&d) {
		if t.from.sent {
			*t.to = t.from.text
		}
	}
	if q.Metadata.sent {
		d.Metadata = q.Metadata.raw
	}
	return d
}

// customerRequest reads the body, checked and masked, and how its answer is to be remembered.
func (c *call) customerRequest() (*customerRequest, gateway.CustomerAnswer, error) {
	a := gateway.CustomerAnswer{Answer: func(c pasarela.Customer) gateway.Answer { return encode(http.StatusOK, renderCustomer(c)) }}
	var err error
	if a.Remember, err = c.remember(); err != nil {
		return nil, a, err
	}
	q := &customerRequest{}
	if err := wire.Decode(c.body, q); err != nil {
		return nil, a, err
	}
	if err := c.clean(q); err != nil {
		return nil, a, err
	}
	return q, a, nil
}

// clean checks the members and masks what looks like a card number in them. The merchant's own id is not changed: it could
// not be found again. Its errors have CodeInvalid and name the member.
func (h *Handler) clean(q *customerRequest) error {
	for _, t := range q.texts(&pasarela.CustomerDetails{}) {
		if utf8.RuneCountInString(t.from.text) > t.longest {
			return pasarela.Errorf(pasarela.CodeInvalid, "%s: send at most %d characters", t.name, t.longest)
		}
		masked, err := h.masked(t.from.text)
		if err != nil {
			return err
		}
		if t.from == &q.MerchantCustomerID && masked != t.from.text {
			return pasarela.Errorf(pasarela.CodeInvalid, "%s: send an id of your own: this one looks like a card number", t.name)
		}
		t.from.text = masked
	}
	if len(q.Metadata.raw) == 0 {
		return nil
	}
	raw := jsontext.Value(q.Metadata.raw)
	if err := raw.Format(); err != nil { // without white space, and so that no escape hides a digit
		return pasarela.Errorf(pasarela.CodeInvalid, "metadata: send an object")
	}
	if len(raw) > maxMetadata {
		return pasarela.Errorf(pasarela.CodeInvalid, "metadata: send at most %d bytes", maxMetadata)
	}
	if raw = h.opts.Mask(raw); !raw.IsValid() { // of two names one is left
		return pasarela.Errorf(pasarela.CodeInvalid, "metadata: send no names that look like card numbers")
	}
	q.Metadata.raw = wire.Object(raw)
	return nil
}

// masked hides what looks like a card number in a text. It goes through JSON, where a text of digits alone is not taken for
// a number.
func (h *Handler) masked(text string) (string, error) {
	quoted, err := jsontext.AppendQuote(nil, text)
	if err == nil {
		quoted, err = jsontext.AppendUnquote(nil, h.opts.Mask(quoted))
	}
	if err != nil { // a body that was decoded is UTF-8
		return "", pasarela.Errorf(pasarela.CodeInvalid, "send text in UTF-8")
	}
	return string(quoted), nil
}
