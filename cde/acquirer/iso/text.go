package iso

import (
	"errors"

	"github.com/moov-io/iso8583/field"
)

// The errors of text quote nothing.
var (
	errNotText = errors.New("not printable ASCII")
	errLength  = errors.New("not as long as the layout says")
)

// text writes and reads the layout's fields: printable ASCII behind its length's digits. It does what the
// codec's own ASCII encoding does, without a copy for each byte appended, and takes no control characters.
type text struct{}

// Pack implements field.Packer. The codec hands over a slice of its own making.
func (text) Pack(value []byte, spec *field.Spec) ([]byte, error) {
	s := shapeOf(spec)
	switch {
	case !printable(value):
		return nil, errNotText
	case len(value) > s.length || (s.prefixDigits == 0 && len(value) < s.length):
		return nil, errLength
	case s.prefixDigits == 0:
		return value, nil
	}
	packed := make([]byte, s.prefixDigits+len(value))
	for i, n := s.prefixDigits-1, len(value); i >= 0; i, n = i-1, n/10 {
		packed[i] = byte('0' + n%10)
	}
	copy(packed[s.prefixDigits:], value)
	return packed, nil
}

// Unpack implements field.Unpacker. The codec copies what it is given.
func (text) Unpack(packed []byte, spec *field.Spec) ([]byte, int, error) {
	start, end, ok := shapeOf(spec).bounds(packed, 0)
	if !ok {
		return nil, 0, errLength
	}
	if !printable(packed[start:end]) {
		return nil, 0, errNotText
	}
	return packed[start:end], end, nil
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func shapeOf(spec *field.Spec) shape {
	switch spec.Pref {
	case ll:
		return shape{2, spec.Length}
	case lll:
		return shape{3, spec.Length}
	default:
		return shape{0, spec.Length}
	}
}
