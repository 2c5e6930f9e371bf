package kushki

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A notification is signed as it is sent. The published receiver signs what JSON.stringify makes of what it has parsed,
// so a body is written as that would write it: no spaces, no escape that is not needed, numbers in their shortest form,
// and members whose names are array indices first.

// restated writes a value of the merchant's own as JSON.stringify would. What is no JSON is left out.
func restated(v jsontext.Value) jsontext.Value {
	if len(v) == 0 {
		return nil
	}
	v = v.Clone()
	if v.Format(jsontext.CanonicalizeRawInts(true), jsontext.CanonicalizeRawFloats(true)) != nil {
		return nil
	}
	if !slices.ContainsFunc(v, isDigit) { // no name can be an index
		return v
	}
	d := jsontext.NewDecoder(bytes.NewReader(v))
	out, err := indicesFirst(d, nil)
	if err != nil {
		return nil
	}
	return out
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// member is one of an object, both parts as they are written.
type member struct {
	index int64 // of an array, or noIndex
	text  []byte
}

// indicesFirst appends the next value, the members of each of its objects in the order in which JavaScript keeps them.
func indicesFirst(d *jsontext.Decoder, out []byte) ([]byte, error) {
	switch d.PeekKind() {
	case '{':
		return objectInOrder(d, out)
	case '[':
		return arrayInOrder(d, out)
	default:
		v, err := d.ReadValue()
		return append(out, v...), err
	}
}

func arrayInOrder(d *jsontext.Decoder, out []byte) ([]byte, error) {
	if _, err := d.ReadToken(); err != nil {
		return out, err
	}
	out = append(out, '[')
	for n := 0; d.PeekKind() != ']'; n++ {
		if n > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = indicesFirst(d, out); err != nil {
			return out, err
		}
	}
	_, err := d.ReadToken()
	return append(out, ']'), err
}

func objectInOrder(d *jsontext.Decoder, out []byte) ([]byte, error) {
	if _, err := d.ReadToken(); err != nil {
		return out, err
	}
	var members []member
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return out, err
		}
		m := member{index: arrayIndex(name), text: append(name.Clone(), ':')}
		if m.text, err = indicesFirst(d, m.text); err != nil {
			return out, err
		}
		members = append(members, m)
	}
	slices.SortStableFunc(members, func(a, b member) int { return cmp.Compare(a.index, b.index) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, m.text...)
	}
	_, err := d.ReadToken()
	return append(out, '}'), err
}

// The last index that a JavaScript array can have, and what comes behind all.
const (
	maxIndex = 1<<32 - 2
	noIndex  = maxIndex + 1
)

// arrayIndex is the index that a quoted name writes, or noIndex.
func arrayIndex(quoted []byte) int64 {
	text := string(quoted[1 : len(quoted)-1])
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxIndex || strconv.FormatInt(n, 10) != text {
		return noIndex
	}
	return n
}
