package iso

import (
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/moov-io/iso8583"
	codec "github.com/moov-io/iso8583/errors"
	"github.com/moov-io/iso8583/field"

	"pasarela"
	"pasarela/cde/internal/pan"
)

// Message is one message. A field that is "" is absent. A Message can be printed: the number, the CVV and the
// authentication value show as masks.
type Message struct {
	MTI            string
	ProcessingCode string
	Amount         string // twelve digits, minor units
	SentAt         string
	STAN           string
	Time           string
	Date           string
	Expiry         string
	MCC            string
	EntryMode      string
	Condition      string
	Acquirer       string
	RRN            string
	ApprovalCode   string
	ResponseCode   string
	Terminal       string
	Merchant       string
	NameLocation   string
	Currency       string // three digits
	Reason         string
	OriginalRRN    string
	Reference      string
	Function       string
	Original       string
	Card           pan.Number // field 2; empty when reading where it is not 12 to 19 digits, such as masked ones
	CVV            pan.CVV    // field 48.92
	Additional                // the rest of field 48
}

// plain lists every field but the card's two, by number.
var plain = []struct {
	id    int
	value func(*Message) *string
}{
	{3, func(m *Message) *string { return &m.ProcessingCode }},
	{4, func(m *Message) *string { return &m.Amount }},
	{7, func(m *Message) *string { return &m.SentAt }},
	{11, func(m *Message) *string { return &m.STAN }},
	{12, func(m *Message) *string { return &m.Time }},
	{13, func(m *Message) *string { return &m.Date }},
	{14, func(m *Message) *string { return &m.Expiry }},
	{18, func(m *Message) *string { return &m.MCC }},
	{22, func(m *Message) *string { return &m.EntryMode }},
	{25, func(m *Message) *string { return &m.Condition }},
	{32, func(m *Message) *string { return &m.Acquirer }},
	{37, func(m *Message) *string { return &m.RRN }},
	{38, func(m *Message) *string { return &m.ApprovalCode }},
	{39, func(m *Message) *string { return &m.ResponseCode }},
	{41, func(m *Message) *string { return &m.Terminal }},
	{42, func(m *Message) *string { return &m.Merchant }},
	{43, func(m *Message) *string { return &m.NameLocation }},
	{49, func(m *Message) *string { return &m.Currency }},
	{60, func(m *Message) *string { return &m.Reason }},
	{61, func(m *Message) *string { return &m.OriginalRRN }},
	{63, func(m *Message) *string { return &m.Reference }},
	{70, func(m *Message) *string { return &m.Function }},
	{90, func(m *Message) *string { return &m.Original }},
}

// Wipe overwrites the card data of a message that has served.
func (m *Message) Wipe() {
	pan.Wipe(m.Card)
	pan.WipeCVV(m.CVV)
}

// SetAmount puts the amount and its currency into fields 4 and 49.
func (m *Message) SetAmount(amount pasarela.Money) {
	m.Amount, m.Currency = Pad(amount.Minor, 12), amount.Currency.Numeric()
}

// Money reads fields 4 and 49.
func (m *Message) Money() (pasarela.Money, error) {
	minor, err := strconv.ParseUint(m.Amount, 10, 63)
	if err != nil {
		return pasarela.Money{}, errors.New("field 4 is not a number")
	}
	c, ok := currencyByNumeric(m.Currency)
	if !ok {
		return pasarela.Money{}, errors.New("field 49 is not an ISO 4217 number")
	}
	return pasarela.NewMoney(int64(minor), c)
}

// Pad writes n with leading zeros; n has at most width digits.
func Pad(n int64, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b)
}

// FieldError says which field could not be written or read, and nothing of what was in it.
type FieldError struct {
	Field  string // number, "" where the codec names none
	Action string // "write" or "read"
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return "could not " + e.Action + " the ISO 8583 message: it does not follow the layout"
	}
	return "could not " + e.Action + " ISO 8583 field " + e.Field + ": it does not follow the layout"
}

// packers are codec messages whose plain fields are overwritten by each use; the card's are taken out after it.
var packers = sync.Pool{New: func() any { return iso8583.NewMessage(Spec) }}

// Pack writes the message, without a header. It returns a FieldError.
func (m *Message) Pack() ([]byte, error) {
	out := packers.Get().(*iso8583.Message)
	defer packers.Put(out)
	defer out.UnsetField(48)
	defer out.UnsetField(2)
	out.MTI(m.MTI)
	for i := range plain {
		id, v := plain[i].id, *plain[i].value(m)
		if v == "" {
			out.UnsetField(id)
		} else if out.Field(id, v) != nil {
			return nil, &FieldError{strconv.Itoa(id), "write"}
		}
	}
	if !m.Card.IsZero() && out.Field(2, pan.Digits(m.Card)) != nil {
		return nil, &FieldError{"2", "write"}
	}
	if m.packAdditional(out) != nil {
		return nil, &FieldError{"48", "write"}
	}
	packed, err := out.Pack()
	if err != nil || len(packed) > MaxMessage {
		return nil, &FieldError{"", "write"}
	}
	return packed, nil
}

func (m *Message) packAdditional(out *iso8583.Message) error {
	for _, p := range parts {
		if v := *p.value(&m.Additional); v != "" {
			if err := out.MarshalPath("48."+p.tag, v); err != nil {
				return err
			}
		}
	}
	if m.CVV.IsZero() {
		return nil
	}
	return out.MarshalPath("48.92", pan.CVVDigits(m.CVV))
}

// Unpack reads a message. Bytes after its last field make it invalid, as does a field that the layout does
// not have. It returns a FieldError, whatever the bytes.
func Unpack(packed []byte) (m Message, err error) {
	// The codec is not ours, and a peer must not be able to stop the process through it.
	defer func() {
		if recover() != nil {
			m, err = Message{}, &FieldError{"", "read"}
		}
	}()
	in := iso8583.NewMessage(Spec)
	if err := in.Unpack(packed); err != nil {
		return Message{}, readError(err)
	}
	if walk(packed, func(int, []byte) {}) != nil {
		return Message{}, &FieldError{"", "read"}
	}
	if m.MTI, err = in.GetMTI(); err != nil {
		return Message{}, &FieldError{"0", "read"}
	}
	for i := range plain {
		if f, ok := in.GetField(plain[i].id).(*field.String); ok {
			*plain[i].value(&m) = f.Value()
		}
	}
	m.readNumber(in)
	if f, ok := in.GetField(48).(*field.Composite); ok {
		m.readAdditional(f.GetSubfields())
	}
	return m, nil
}

// readNumber takes the card's number. What can't be one is nothing that we could use.
func (m *Message) readNumber(in *iso8583.Message) {
	if f, ok := in.GetField(2).(*field.String); ok {
		if number, err := pan.Parse(f.Value()); err == nil {
			m.Card = number
		}
	}
}

// readAdditional takes field 48 apart. What can't be a CVV is dropped as a number would be.
func (m *Message) readAdditional(subfields map[string]field.Field) {
	for _, p := range parts {
		if f, ok := subfields[p.tag].(*field.String); ok {
			*p.value(&m.Additional) = f.Value()
		}
	}
	if f, ok := subfields["92"].(*field.String); ok {
		if cvv, err := pan.ParseCVV(f.Value()); err == nil {
			m.CVV = cvv
		}
	}
}

// readError keeps the number of the field and drops the codec's text, which quotes the message.
func readError(err error) error {
	unpack, ok := errors.AsType[*codec.UnpackError](err)
	if !ok {
		return &FieldError{"", "read"}
	}
	if _, err := strconv.Atoi(unpack.FieldID); err != nil {
		return &FieldError{"", "read"}
	}
	return &FieldError{unpack.FieldID, "read"}
}

// OriginalData is field 90 for a message of type mti sent as trace.
func OriginalData(mti string, trace pasarela.Trace, acquirer string) string {
	acquirer = strings.Repeat("0", max(11-len(acquirer), 0)) + acquirer
	return mti + Pad(int64(trace.STAN), 6) + trace.SentAt.UTC().Format("0102150405") + acquirer + Pad(0, 11)
}
