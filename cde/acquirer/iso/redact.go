package iso

import "strconv"

// hidden stands in for a digit that the traffic log must not show.
const hidden = '*'

// shape is how long a field is: prefixDigits of length first, or none and length bytes.
type shape struct{ prefixDigits, length int }

// shapes is Spec in the form that walk needs, so that there is still one layout only.
var shapes = func() (s [129]shape) {
	for id, f := range Spec.Fields {
		if id >= 2 {
			s[id] = shapeOf(f.Spec())
		}
	}
	return s
}()

// walk calls visit with each field's value, a part of packed. It fails on bytes that end early, go on after
// the last field, or have a field that the layout does not have.
func walk(packed []byte, visit func(id int, value []byte)) error {
	bad := &FieldError{"", "read"}
	if len(packed) < 12 {
		return bad
	}
	bits, at := packed[4:12], 12
	if bits[0]&0x80 != 0 {
		if len(packed) < 20 {
			return bad
		}
		bits, at = packed[4:20], 20
		if bits[8]&0x80 != 0 { // a third bitmap: the layout ends at field 128
			return bad
		}
	}
	for id := 2; id <= len(bits)*8; id++ {
		if bits[(id-1)/8]&(0x80>>((id-1)%8)) == 0 {
			continue
		}
		start, end, ok := shapes[id].bounds(packed, at)
		if !ok {
			return bad
		}
		visit(id, packed[start:end])
		at = end
	}
	if at != len(packed) {
		return bad
	}
	return nil
}

// bounds finds where the value begins and ends whose prefix, if any, is at from.
func (s shape) bounds(packed []byte, from int) (start, end int, ok bool) {
	if s.length == 0 || from+s.prefixDigits > len(packed) {
		return 0, 0, false
	}
	n := s.length
	if s.prefixDigits > 0 {
		n = 0
		for _, c := range packed[from : from+s.prefixDigits] {
			if c < '0' || c > '9' {
				return 0, 0, false
			}
			n = n*10 + int(c-'0')
		}
	}
	start = from + s.prefixDigits
	return start, start + n, n <= s.length && start+n <= len(packed)
}

// AppendRedacted appends packed to dst[:0] with the middle of field 2 and all of the CVV hidden, and 3-D Secure's
// authentication value, which is no card data but could serve somebody else. The result is as long as packed and
// can be read by Fields. It is nil where packed is not a message of the layout.
func AppendRedacted(dst, packed []byte) []byte {
	dst = append(dst[:0], packed...)
	err := walk(dst, func(id int, value []byte) {
		switch id {
		case 2:
			hide(value)
		case 48:
			if !subfields(value, func(tag string, v []byte) {
				if tag == "92" || tag == "43" {
					fill(v)
				}
			}) {
				fill(value)
			}
		}
	})
	if err != nil {
		clear(dst)
		return nil
	}
	return dst
}

func hide(number []byte) {
	if len(number) < 12 {
		fill(number)
		return
	}
	fill(number[6 : len(number)-4])
}

func fill(b []byte) {
	for i := range b {
		b[i] = hidden
	}
}

// subfields calls visit for each part of field 48 and says whether it was well formed to its end.
func subfields(value []byte, visit func(tag string, v []byte)) bool {
	for len(value) > 0 {
		if len(value) < 4 {
			return false
		}
		n, err := strconv.Atoi(string(value[2:4]))
		if err != nil || n < 0 || 4+n > len(value) {
			return false
		}
		visit(string(value[:2]), value[4:4+n])
		value = value[4+n:]
	}
	return true
}

// Fields lists what AppendRedacted left to see, by field number; the CVV's subfield is left out, and field
// 48 with it where there was nothing else.
func Fields(redacted []byte) map[string]string {
	fields := make(map[string]string, 24)
	// What AppendRedacted returned is a message of the layout.
	_ = walk(redacted, func(id int, value []byte) {
		if id == 48 {
			value = withoutCVV(value)
		}
		if len(value) > 0 {
			fields[strconv.Itoa(id)] = string(value)
		}
	})
	return fields
}

func withoutCVV(value []byte) []byte {
	var kept []byte
	subfields(value, func(tag string, v []byte) {
		if tag != "92" {
			kept = append(append(kept, tag...), Pad(int64(len(v)), 2)...)
			kept = append(kept, v...)
		}
	})
	return kept
}
