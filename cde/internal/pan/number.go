package pan

import (
	"fmt"
	"io"
	"log/slog"

	"pasarela"
)

const (
	minDigits = 12
	maxDigits = 19

	openHead = 6 // digits of the beginning that a mask shows
	openTail = 4 // digits of the end that a mask shows

	longNumber = 16 // from this many digits on
	openLong   = 8  // so many of the beginning may be shown
)

// The errors of reading a number. They never hold what was read.
var (
	errNumber = pasarela.Errorf(pasarela.CodeInvalid, "card number must be a string of 12 to 19 digits")
	errSpaced = pasarela.Errorf(pasarela.CodeInvalid,
		"card number must be a string of 12 to 19 digits, with nothing but single spaces between them")
)

// Number is a card number of 12 to 19 digits. The zero Number is empty. Whatever prints, logs or encodes a
// Number gets its mask. Numbers cannot be compared with ==; use Equal.
type Number struct {
	digits func() *numberDigits // a function, see doc.go; nil in an empty number
}

type numberDigits struct {
	ascii  [maxDigits]byte
	length uint8
}

// Parse reads a number of 12 to 19 digits and nothing else. It does not check the Luhn digit. The error has
// CodeInvalid.
func Parse(s string) (Number, error) { return parse(s, false) }

// ParseBytes is Parse for bytes that the caller wipes afterwards.
func ParseBytes(b []byte) (Number, error) { return parse(b, false) }

// ParseSpaced is Parse that tolerates single spaces between digits, as Monri does.
func ParseSpaced(s string) (Number, error) { return parse(s, true) }

func parse[T ~string | ~[]byte](text T, spaces bool) (Number, error) {
	d, err := new(numberDigits), errNumber
	if spaces {
		err = errSpaced
	}
	for i := range len(text) {
		c := text[i]
		if c == ' ' && spaces && i > 0 && text[i-1] != ' ' && i < len(text)-1 {
			continue
		}
		if c < '0' || c > '9' || d.length == maxDigits {
			clear(d.ascii[:])
			return Number{}, err
		}
		d.ascii[d.length] = c
		d.length++
	}
	if d.length < minDigits {
		clear(d.ascii[:])
		return Number{}, err
	}
	return Number{digits: func() *numberDigits { return d }}, nil
}

// Digits is the number in clear.
func Digits(n Number) string { return string(n.bytes()) }

// AppendDigits appends the number in clear to dst, which the caller wipes.
func AppendDigits(dst []byte, n Number) []byte { return append(dst, n.bytes()...) }

// Equal says whether two numbers have the same digits.
func Equal(a, b Number) bool { return string(a.bytes()) == string(b.bytes()) }

// Luhn says whether the last digit of the number is the right check digit.
func Luhn(n Number) bool { return LuhnDigits(n.bytes()) }

// LuhnDigits is Luhn for ASCII digits. Of no digits at all it says false.
func LuhnDigits(ascii []byte) bool {
	sum := 0
	for i := range ascii {
		d := int(ascii[len(ascii)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(ascii) > 0 && sum%10 == 0
}

// BIN is the first six digits, which everybody may know. Of an empty number it is "".
func BIN(n Number) string {
	b := n.bytes()
	return string(b[:min(openHead, len(b))])
}

// Beginning is as many leading digits as may be shown beside the last four: eight of a number of 16 and more, six of a
// shorter one. Of an empty number it is "".
func Beginning(n Number) string {
	b := n.bytes()
	if len(b) < longNumber {
		return BIN(n)
	}
	return string(b[:openLong])
}

// LastFour is the last four digits, which everybody may know. Of an empty number it is "".
func LastFour(n Number) string {
	b := n.bytes()
	return string(b[max(len(b)-openTail, 0):])
}

// Wipe overwrites the digits of n and of its copies, which are empty afterwards. The caller owns the number:
// nobody may be reading it.
func Wipe(n Number) {
	if n.digits != nil {
		*n.digits() = numberDigits{}
	}
}

func (n Number) bytes() []byte {
	if n.digits == nil {
		return nil
	}
	d := n.digits()
	return d.ascii[:d.length]
}

// Length is how many digits the number has: 12 to 19, or 0 for an empty one.
func (n Number) Length() int { return len(n.bytes()) }

// IsZero says that the number is empty: never set, or wiped.
func (n Number) IsZero() bool { return n.Length() == 0 }

// String is the mask: the first six and the last four digits, the others as asterisks.
func (n Number) String() string {
	b := n.bytes()
	if len(b) == 0 {
		return ""
	}
	mask := make([]byte, len(b))
	copy(mask, b)
	for i := openHead; i < len(b)-openTail; i++ {
		mask[i] = '*'
	}
	return string(mask)
}

// Format writes the mask, whatever the verb and its flags.
func (n Number) Format(f fmt.State, _ rune) { writeMask(f, n.String()) }

// LogValue is the mask.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalJSON writes the mask. What leaves the wall in clear is written field by field, never by an encoder.
func (n Number) MarshalJSON() ([]byte, error) { return []byte(`"` + n.String() + `"`), nil }

// MarshalText writes the mask.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalJSON reads a JSON string of 12 to 19 digits, written plainly. null leaves the number empty.
func (n *Number) UnmarshalJSON(data []byte) error {
	return n.unmarshal(data, false)
}

func (n *Number) unmarshal(data []byte, spaces bool) error {
	if string(data) == "null" {
		*n = Number{}
		return nil
	}
	text, ok := unquote(data)
	if !ok {
		return errNumber
	}
	read, err := parse(text, spaces)
	if err != nil {
		return err
	}
	*n = read
	return nil
}

// SpacedNumber is a Number whose JSON may have single spaces between the digits.
type SpacedNumber struct{ Number }

// UnmarshalJSON reads a JSON string of 12 to 19 digits with single spaces between some of them.
func (n *SpacedNumber) UnmarshalJSON(data []byte) error {
	return n.unmarshal(data, true)
}

// unquote takes the quotes off a JSON string. An escape stays and fails as what is no digit.
func unquote(data []byte) ([]byte, bool) {
	if len(data) < 2 || data[0] != '"' || data[len(data)-1] != '"' {
		return nil, false
	}
	return data[1 : len(data)-1], true
}

// writeMask ignores a failing writer: fmt reports it to whoever asked for the printing.
func writeMask(f fmt.State, mask string) { _, _ = io.WriteString(f, mask) }
