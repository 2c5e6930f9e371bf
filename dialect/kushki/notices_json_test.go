package kushki_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pasarela"
)

// stringify is what the published receiver makes of a body: JSON.stringify(JSON.parse(body)) of JavaScript.
func stringify(t testing.TB, body []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var out strings.Builder
	if err := writeValue(d, &out); err != nil || d.More() {
		t.Fatalf("body is no JSON: %v: %s", err, body)
	}
	return out.String()
}

func writeValue(d *json.Decoder, out *strings.Builder) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return writeObject(d, out)
		}
		return writeArray(d, out)
	case string:
		writeString(v, out)
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if math.IsInf(f, 0) {
			out.WriteString("null")
			return nil
		}
		if err != nil {
			return err
		}
		out.WriteString(ecmaNumber(f))
	case bool:
		out.WriteString(strconv.FormatBool(v))
	default:
		out.WriteString("null")
	}
	return nil
}

func writeArray(d *json.Decoder, out *strings.Builder) error {
	out.WriteByte('[')
	for first := true; d.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		if err := writeValue(d, out); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	_, err := d.Token()
	return err
}

// writeObject puts names that are array indices first, by number, and the others after them as they came.
func writeObject(d *json.Decoder, out *strings.Builder) error {
	type member struct {
		name, value string
		index       uint64
		isIndex     bool
	}
	var members []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value strings.Builder
		if err := writeValue(d, &value); err != nil {
			return err
		}
		m := member{name: name.(string), value: value.String()}
		n, err := strconv.ParseUint(m.name, 10, 64)
		m.index, m.isIndex = n, err == nil && strconv.FormatUint(n, 10) == m.name && n < math.MaxUint32
		members = append(members, m)
	}
	slices.SortStableFunc(members, func(a, b member) int {
		switch {
		case a.isIndex && b.isIndex:
			return int(int64(a.index) - int64(b.index))
		case a.isIndex:
			return -1
		case b.isIndex:
			return 1
		default:
			return 0
		}
	})
	out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			out.WriteByte(',')
		}
		writeString(m.name, out)
		out.WriteByte(':')
		out.WriteString(m.value)
	}
	out.WriteByte('}')
	_, err := d.Token()
	return err
}

// writeString escapes what ECMA-262 (QuoteJSONString) escapes.
func writeString(s string, out *strings.Builder) {
	escapes := map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}
	out.WriteByte('"')
	for _, r := range s {
		switch short := escapes[r]; {
		case short != "":
			out.WriteString(short)
		case r < ' ':
			out.WriteString(`\u00` + string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15]))
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

// ecmaNumber is Number::toString of ECMA-262.
func ecmaNumber(f float64) string {
	if f == 0 {
		return "0"
	}
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	digits := strings.Replace(mantissa, ".", "", 1)
	e, err := strconv.Atoi(exponent)
	if err != nil {
		panic(err)
	}
	switch k, n := len(digits), e+1; {
	case k <= n && n <= 21:
		return sign + digits + strings.Repeat("0", n-k)
	case 0 < n && n <= 21:
		return sign + digits[:n] + "." + digits[n:]
	case -6 < n && n <= 0:
		return sign + "0." + strings.Repeat("0", -n) + digits
	default:
		text := digits[:1]
		if k > 1 {
			text += "." + digits[1:]
		}
		if n-1 > 0 {
			text += "e+"
		} else {
			text += "e"
		}
		return sign + text + strconv.Itoa(n-1)
	}
}

// The receiver of these tests writes as JavaScript does (Node.js was asked for each of these).
func TestReceiverWritesAsJavaScriptDoes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":20.00,"b":1e3,"c":1E400,"d":-0,"e":0.0000001,"f":12345678901234567890}`: `{"a":20,"b":1000,"c":null,"d":0,"e":1e-7,"f":12345678901234567000}`,
		`[1e21,123456789012345680000,0.000001,-1.5e-9,5e-324]`:                        `[1e+21,123456789012345680000,0.000001,-1.5e-9,5e-324]`,
		`{"b":1,"10":2,"a":3,"2":4,"01":5,"-1":6,"4294967294":7,"4294967295":8}`:      `{"2":4,"10":2,"4294967294":7,"b":1,"a":3,"01":5,"-1":6,"4294967295":8}`,
		`"\u003c\u2028\/\u0007\u007f\n\ud83d\ude00é"`:                                 "\"<\u2028/\\u0007\u007f\\n😀é\"",
	} {
		if got := stringify(t, []byte(in)); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

// Whatever a merchant sends as metadata, the published receiver, which signs what it writes again from what it has read,
// gets the signature's bytes.
func TestReserializedBodiesAreTheBytesThatWereSigned(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		p := sale(`{"amount":{"subtotalIva":0,"subtotalIva0":20,"ice":0,"iva":0,"currency":"PEN"},"metadata":` + object(3).Draw(r, "metadata") + `}`)
		p.Facts.Holder = rapid.StringOfN(rapid.RuneFrom([]rune("Ñ<>&\u2028\"\\ ab\t")), 0, 8, -1).Draw(r, "holder")
		all := noticesOf(t, toldMerchant(toAll), change(pasarela.EventPaymentCaptured, &p, nil, nil))
		if len(all) != 1 {
			r.Fatalf("%d notices", len(all))
		}
		body := all[0].Body
		if !bytes.Contains(body, []byte(`"metadata":`)) {
			r.Fatalf("metadata is missing: %s", body)
		}
		if again := stringify(t, body); again != string(body) {
			r.Fatalf("written again it is\n%s\nnot\n%s", again, body)
		}
	})
}

// object is the text of a JSON object, with all that JSON allows and JavaScript would write otherwise.
func object(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(r *rapid.T) string {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "Ñ", "1", "10", "2", "01", "-1", "1.5", "4294967294", "4294967295", "__proto__", "toJSON", "", "<", "\\n"}),
			0, 6, rapid.ID).Draw(r, "names")
		var members []string
		for _, name := range names {
			members = append(members, `"`+name+`" : `+value(depth-1).Draw(r, "value"))
		}
		return "{" + strings.Join(members, " ,\n") + "}"
	})
}

func value(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(r *rapid.T) string {
		kinds := []string{"null", "true", "0", "-0", "-0.0", "20.00", "1e3", "1E+2", "12345678901234567890", "0.0000001", "1e400", "-1e400", "1e21", "123456789.123456789123",
			`"plain"`, `"\u003ca\u003e \/ \u00f1 \u2028"`, `"\ud83d\ude00"`, `"\b\f\n\r\t\u0001\u001f\u007f"`, `"\"\\"`, `[]`, "number", "array", "object"}
		switch kind := rapid.SampledFrom(kinds).Draw(r, "kind"); {
		case kind == "number":
			return strconv.FormatFloat(rapid.Float64().Draw(r, "number"), 'g', -1, 64)
		case kind == "array" && depth > 0:
			return "[" + value(depth-1).Draw(r, "first") + ", " + value(depth-1).Draw(r, "second") + "]"
		case kind == "object" && depth > 0:
			return object(depth).Draw(r, "object")
		case kind == "array" || kind == "object":
			return "{}"
		default:
			return kind
		}
	})
}
