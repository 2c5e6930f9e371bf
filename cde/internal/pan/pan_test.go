package pan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"pasarela"
)

const (
	clearNumber = "5451951574925480"
	clearMask   = "545195******5480"
	clearCVV    = "7391"
)

// hidden is what of the number no output may show: the digits between the first six and the last four.
const hidden = "157492"

func newCard(t *testing.T) (Number, CVV) {
	t.Helper()
	n, err := Parse(clearNumber)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCVV(clearCVV)
	if err != nil {
		t.Fatal(err)
	}
	return n, c
}

// checkSafe fails when out shows the number or the CVV, as text or as the bytes that fmt prints of text.
func checkSafe(t *testing.T, what, out string) {
	t.Helper()
	for _, secret := range []string{hidden, clearCVV} {
		bytesOf := strings.Trim(fmt.Sprint([]byte(secret)), "[]")
		quoted := fmt.Sprintf("%#v", []byte(secret))
		quoted = quoted[len("[]byte{") : len(quoted)-1]
		for _, form := range []string{secret, bytesOf, quoted, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)} {
			if strings.Contains(out, form) {
				t.Errorf("%s shows card data: %q in %q", what, form, out)
			}
		}
	}
}

type hiddenHolder struct {
	number  Number
	cvv     CVV
	pointer *Number
	nested  struct{ deep []Number }
	any     any
	byName  map[string]CVV
}

type openHolder struct {
	Number  Number
	CVV     *CVV
	Spaced  SpacedNumber
	Numbers []Number
}

func holders(t *testing.T) (hiddenHolder, openHolder) {
	n, c := newCard(t)
	h := hiddenHolder{number: n, cvv: c, pointer: &n, any: n, byName: map[string]CVV{"x": c}}
	h.nested.deep = []Number{n}
	return h, openHolder{Number: n, CVV: &c, Spaced: SpacedNumber{n}, Numbers: []Number{n}}
}

// Rule: card data is never printed, whatever the verb and wherever the value lies.
func TestFmtPrintsOnlyMasks(t *testing.T) {
	t.Parallel()
	h, o := holders(t)
	n, c := newCard(t)
	type renamed Number // loses every method
	values := []any{n, &n, c, &c, h, &h, o, &o, []any{n, c}, map[string]any{"n": n}, renamed(n), []renamed{renamed(n)},
		errors.Join(fmt.Errorf("card %v", n)), reflect.ValueOf(h), struct{ error }{fmt.Errorf("%s", c)}}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%e",
			"%g", "%t", "%p", "%T", "%w", "%z", "%10.3v", "%-40s", "%08d"} {
			checkSafe(t, fmt.Sprintf("%T with %s", v, verb), fmt.Sprintf(verb, v))
		}
		checkSafe(t, "Sprint", fmt.Sprint(v))
		checkSafe(t, "Sprintln", fmt.Sprintln(v, v))
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		clearNumber:           clearMask,
		"411111111111":        "411111**1111",
		"4111111111111111110": "411111*********1110",
	} {
		n, err := Parse(number)
		if err != nil {
			t.Fatal(err)
		}
		if n.String() != want || fmt.Sprintf("%x", n) != want || fmt.Sprintf("%+v", &n) != want {
			t.Errorf("mask is %q, want %q", n.String(), want)
		}
	}
	if _, c := newCard(t); c.String() != "***" {
		t.Errorf("a CVV prints as %q", c.String())
	}
	if got := fmt.Sprint(Number{}, CVV{}); got != " " {
		t.Errorf("empty values print as %q", got)
	}
}

// Rule: an encoder meets masks only.
func TestJSONAndTextWriteMasks(t *testing.T) {
	t.Parallel()
	h, o := holders(t)
	n, c := newCard(t)
	for _, v := range []any{n, &n, c, h, o, &o, map[string]any{"a": n, "b": []CVV{c}}} {
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		checkSafe(t, "json", string(out))
	}
	out, err := json.Marshal(o)
	if want := `{"Number":"` + clearMask + `","CVV":"***","Spaced":"` + clearMask + `","Numbers":["` + clearMask + `"]}`; err != nil || string(out) != want {
		t.Errorf("got %s %v", out, err)
	}
	text, err := n.MarshalText()
	if err != nil || string(text) != clearMask {
		t.Errorf("text is %q %v", text, err)
	}
	if text, err := c.MarshalText(); err != nil || string(text) != "***" {
		t.Errorf("text is %q %v", text, err)
	}
}

// Rule: card data never reaches a log, whichever handler writes it.
func TestSlogWritesMasks(t *testing.T) {
	t.Parallel()
	h, o := holders(t)
	n, c := newCard(t)
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).With("with", n).Info("card", "n", n, "p", &n, "c", c, "hidden", h, "open", o, "ptr", &h,
			slog.Group("g", "n", n, "list", []any{n, c}), "err", fmt.Errorf("bad card %d", n))
	}
	checkSafe(t, "slog", out.String())
	if !strings.Contains(out.String(), `"n":"`+clearMask+`"`) {
		t.Errorf("the log lacks the mask: %s", out.String())
	}
}

// Rule: a crash dump holds no card data.
func TestPanicShowsMasks(t *testing.T) {
	t.Parallel()
	h, o := holders(t)
	n, c := newCard(t)
	for _, v := range []any{n, c, h, o, fmt.Errorf("card %+v", o)} {
		func() {
			defer func() { checkSafe(t, "panic", fmt.Sprintf("%v %+v", recover(), v)) }()
			panic(v)
		}()
	}
}

// Rule: an error about a card never repeats what was wrong.
func TestParseRefusesWithoutRepeating(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "1", "41111111111", "41111111111111111111", "4111-1111-1111-1111", "411111111111111x",
		"4111 1111 1111 1111", "４１１１１１１１１１１１", "\x00411111111111"} {
		_, err := Parse(bad)
		if err == nil || pasarela.CodeOf(err) != pasarela.CodeInvalid {
			t.Errorf("Parse of %d bytes gave %v", len(bad), err)
			continue
		}
		if bad != "1" && bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error repeats its input: %v", err)
		}
	}
	for _, bad := range []string{"", "12", "12345", "12x", " 123"} {
		if _, err := ParseCVV(bad); pasarela.CodeOf(err) != pasarela.CodeInvalid || err == nil {
			t.Errorf("ParseCVV of %d bytes gave %v", len(bad), err)
		}
	}
}

func TestParseSpaced(t *testing.T) {
	t.Parallel()
	n, err := ParseSpaced("5451 9515 7492 5480")
	if err != nil || Digits(n) != clearNumber {
		t.Errorf("got %v %v", n, err)
	}
	for _, bad := range []string{" 5451951574925480", "5451951574925480 ", "5451  951574925480", "5451\t951574925480", "5451 95 15 74 9"} {
		if _, err := ParseSpaced(bad); err == nil {
			t.Errorf("a badly spaced number of %d bytes was taken", len(bad))
		}
	}
}

func TestUnmarshalJSON(t *testing.T) {
	t.Parallel()
	var in struct {
		Number Number       `json:"number"`
		Spaced SpacedNumber `json:"spaced"`
		CVV    CVV          `json:"cvv"`
		None   Number       `json:"none"`
	}
	body := `{"number":"5451951574925480","spaced":"5451 9515 7492 5480","cvv":"7391","none":null}`
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	if Digits(in.Number) != clearNumber || !Equal(in.Number, in.Spaced.Number) || CVVDigits(in.CVV) != clearCVV || !in.None.IsZero() {
		t.Errorf("decoded %+v", in)
	}
	for _, bad := range []string{`{"number":5451951574925480}`, `{"number":"5451 9515 7492 5480"}`, `{"number":["5451951574925480"]}`,
		`{"number":"545195157492548012345"}`, `{"number":"\u0035451951574925480"}`, `{"cvv":7391}`, `{"cvv":"739157492"}`, `{"cvv":true}`,
		`{"spaced":" 5451951574925480"}`, `{"spaced":5451951574925480}`} {
		err := json.Unmarshal([]byte(bad), &in)
		if err == nil {
			t.Errorf("took a bad value: %d bytes", len(bad))
			continue
		}
		checkSafe(t, "decoder's error", err.Error())
	}
}

func TestWipeReachesCopies(t *testing.T) {
	t.Parallel()
	n, c := newCard(t)
	number, cvv := n, c
	Wipe(n)
	WipeCVV(c)
	if !number.IsZero() || !cvv.IsZero() || Digits(number) != "" || CVVDigits(cvv) != "" || Luhn(number) {
		t.Error("digits survived Wipe")
	}
	Wipe(Number{})
	WipeCVV(CVV{})
}

func TestLuhn(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"4111111111111111": true, "4111111111111112": false, "370438747213977": true, "4051885600446623": true,
		"6769064219992611": true, "5451951574925480": true, "1000000000000000": false,
	} {
		n, err := Parse(number)
		if err != nil {
			t.Fatal(err)
		}
		if Luhn(n) != want {
			t.Errorf("Luhn of %v is not %v", n, want)
		}
	}
	if LuhnDigits(nil) {
		t.Error("nothing passed the check")
	}
}

// Rule: secrets cannot be compared with ==, by the compiler's word.
func TestTypesAreNotComparable(t *testing.T) {
	t.Parallel()
	for _, v := range []any{Number{}, CVV{}, SpacedNumber{}} {
		if reflect.TypeOf(v).Comparable() {
			t.Errorf("%T can be compared with ==", v)
		}
	}
}

// Rule: no walk by reflection (a debugger's dump, a comparing test) arrives at digits.
func TestReflectionEndsAtFunctions(t *testing.T) {
	t.Parallel()
	for _, v := range []any{Number{}, CVV{}, SpacedNumber{}.Number} {
		for field := range reflect.TypeOf(v).Fields() {
			if field.Type.Kind() != reflect.Func {
				t.Errorf("%T has a field of kind %s, which can be walked into", v, field.Type.Kind())
			}
		}
	}
}

// Rule: no method returns digits.
func TestMethodsReturnNoDigits(t *testing.T) {
	t.Parallel()
	n, c := newCard(t)
	for _, v := range []any{&n, &c} {
		value := reflect.ValueOf(v)
		for i := range value.NumMethod() {
			if value.Method(i).Type().NumIn() > 0 {
				continue
			}
			for _, out := range value.Method(i).Call(nil) {
				checkSafe(t, value.Type().Method(i).Name, fmt.Sprintf("%s %v", out.Interface(), out.Interface()))
			}
		}
	}
}

func FuzzUnmarshalJSON(f *testing.F) {
	for _, seed := range []string{`"5451951574925480"`, `"5451 9515 7492 5480"`, `5451951574925480`, `"7391"`, `null`, `""`, `"`,
		`"\u0035451951574925480"`, `{"a":1}`, `"545195157492"`, `"5451951574925480123456"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var n Number
		var s SpacedNumber
		var c CVV
		strict, spaced, cvv := n.UnmarshalJSON(data), s.UnmarshalJSON(data), c.UnmarshalJSON(data)
		if strict == nil && (spaced != nil || !Equal(n, s.Number)) {
			t.Error("the tolerant type refuses what the strict one takes")
		}
		for _, err := range []error{strict, spaced, cvv} {
			if err != nil && err != error(errNumber) && err != error(errSpaced) && err != error(errCVV) {
				t.Errorf("an error of another text: %v", err)
			}
		}
		if l := n.Length(); l != 0 && (l < minDigits || l > maxDigits || strings.Trim(Digits(n), "0123456789") != "") {
			t.Errorf("read a number of %d digits", l)
		}
	})
}

// Rule: eight leading digits are shown of a number that has at least four hidden ones between them and the last four.
func TestBeginning(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"5451951574925480": "54519515", "6304939304310009610": "63049393", "370438747213977": "370438", "400000000001": "400000",
	} {
		n, err := Parse(text)
		if err != nil || Beginning(n) != want {
			t.Errorf("%v begins with %q (%v), want %q", n, Beginning(n), err, want)
		}
	}
	if Beginning(Number{}) != "" {
		t.Error("an empty number begins with something")
	}
}
