package pan

import (
	"fmt"
	"log/slog"

	"pasarela"
)

const (
	minCVV = 3
	maxCVV = 4
)

var errCVV = pasarela.Errorf(pasarela.CodeInvalid, "cvv must be a string of 3 or 4 digits")

// CVV is a card verification value of three or four digits. The zero CVV is empty. Its mask tells nothing, not
// even the length. CVVs cannot be compared with ==.
type CVV struct {
	digits func() *cvvDigits // a function, see doc.go; nil in an empty value
}

type cvvDigits struct {
	ascii  [maxCVV]byte
	length uint8
}

// ParseCVV reads three or four digits and nothing else. The error has CodeInvalid.
func ParseCVV(s string) (CVV, error) { return parseCVV(s) }

// ParseCVVBytes is ParseCVV for bytes that the caller wipes afterwards.
func ParseCVVBytes(b []byte) (CVV, error) { return parseCVV(b) }

func parseCVV[T ~string | ~[]byte](text T) (CVV, error) {
	if len(text) < minCVV || len(text) > maxCVV {
		return CVV{}, errCVV
	}
	d := &cvvDigits{length: uint8(len(text))}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			clear(d.ascii[:])
			return CVV{}, errCVV
		}
		d.ascii[i] = text[i]
	}
	return CVV{digits: func() *cvvDigits { return d }}, nil
}

// CVVDigits is the value in clear.
func CVVDigits(c CVV) string { return string(c.bytes()) }

// AppendCVVDigits appends the value in clear to dst, which the caller wipes.
func AppendCVVDigits(dst []byte, c CVV) []byte { return append(dst, c.bytes()...) }

// WipeCVV overwrites the digits of c and of its copies, which are empty afterwards. The caller owns the
// value: nobody may be reading it.
func WipeCVV(c CVV) {
	if c.digits != nil {
		*c.digits() = cvvDigits{}
	}
}

func (c CVV) bytes() []byte {
	if c.digits == nil {
		return nil
	}
	d := c.digits()
	return d.ascii[:d.length]
}

// IsZero says that there is no value: never set, or wiped.
func (c CVV) IsZero() bool { return len(c.bytes()) == 0 }

// String is three asterisks, or "" when there is no value.
func (c CVV) String() string {
	if c.IsZero() {
		return ""
	}
	return "***"
}

// Format writes the mask, whatever the verb and its flags.
func (c CVV) Format(f fmt.State, _ rune) { writeMask(f, c.String()) }

// LogValue is the mask.
func (c CVV) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes the mask.
func (c CVV) MarshalJSON() ([]byte, error) { return []byte(`"` + c.String() + `"`), nil }

// MarshalText writes the mask.
func (c CVV) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalJSON reads a JSON string of three or four digits, written plainly. null leaves the value empty.
func (c *CVV) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*c = CVV{}
		return nil
	}
	text, ok := unquote(data)
	if !ok {
		return errCVV
	}
	read, err := parseCVV(text)
	if err != nil {
		return err
	}
	*c = read
	return nil
}
