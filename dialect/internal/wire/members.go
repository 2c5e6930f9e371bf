package wire

import (
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
)

// Text is a string that some senders write as a number, such as a ticket. It keeps the literal.
type Text string

// UnmarshalJSONFrom takes a string, or a number without fraction or exponent.
func (t *Text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case '"', 'n':
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		*t = ""
		if token.Kind() == '"' {
			*t = Text(token.String())
		}
		return nil
	}
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if len(v) > maxDecimal || !digitsOnly(v) {
		return pasarela.Errorf(pasarela.CodeInvalid, "send a string of digits")
	}
	*t = Text(v)
	return nil
}

func digitsOnly(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// Object is a JSON object kept as it was sent, checked to be one.
type Object jsontext.Value

// UnmarshalJSONFrom keeps an object; null is none.
func (o *Object) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*o = nil
	case '{':
		*o = append((*o)[:0], v...)
	default:
		return pasarela.Errorf(pasarela.CodeInvalid, "send an object")
	}
	return nil
}

// MarshalJSONTo writes the object.
func (o Object) MarshalJSONTo(enc *jsontext.Encoder) error { return enc.WriteValue(jsontext.Value(o)) }
