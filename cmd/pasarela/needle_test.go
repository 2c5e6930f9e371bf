package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// needles are the secrets to look for in a haystack, in every form in which a program lets one slip.
type needles struct {
	plain map[string]string // what to look for in a text without separators, by what it is
	exact map[string]string // what to look for as it is
	cvvs  []string          // short: only where they stand alone
}

// separators are passed over: what is left of "4111 1111-1111.1111" is the number.
var separators = [256]bool{' ': true, '-': true, '.': true, '_': true, '/': true, ',': true, ':': true, ';': true,
	'\'': true, '"': true, '\t': true, '\\': true, '+': true}

// newNeedles looks for card numbers and for CVVs.
func newNeedles(numbers, cvvs []string) needles {
	n := needles{plain: map[string]string{}, exact: map[string]string{}, cvvs: cvvs}
	for _, d := range numbers {
		n.plain["digits "+d] = d
		if len(d) >= 15 {
			n.plain["middle of "+d] = d[4 : len(d)-2] // a mask leaves six and four
		}
		for shift := range 3 {
			n.exact[fmt.Sprintf("base64 of %s, shift %d", d, shift)] = base64At(d, shift)
		}
		reversed := []byte(d)
		for i := range len(d) / 2 {
			reversed[i], reversed[len(d)-1-i] = reversed[len(d)-1-i], reversed[i]
		}
		n.exact["reversed "+d] = string(reversed)
		n.exact["hex of "+d] = hex.EncodeToString([]byte(d))
		n.exact["UTF-16 of "+d] = strings.Join(strings.Split(d, ""), "\x00")
		n.exact["escapes of "+d] = regexp.MustCompile(`.`).ReplaceAllString(d, `\u003$0`)
		n.exact["percent of "+d] = regexp.MustCompile(`.`).ReplaceAllString(d, `%3$0`)
		n.exact["packed "+d] = packed(d)
		n.binary(d)
	}
	return n
}

// base64At is the part of the base64 of a text that holds d at a position of shift modulo three, whatever
// stands around it.
func base64At(d string, shift int) string {
	encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + d))
	first := (8*shift + 5) / 6 // the first character that d alone decides
	return encoded[first : 8*(shift+len(d))/6]
}

// packed is two digits a byte, as ISO 8583 has them.
func packed(d string) string {
	if len(d)%2 == 1 {
		d = "0" + d
	}
	b, err := hex.DecodeString(d)
	if err != nil {
		panic(err) // a number of these tests has digits only
	}
	return string(b)
}

// binary adds the number as an integer and as a float.
func (n *needles) binary(d string) {
	integer, ok := new(big.Int).SetString(d, 10)
	if !ok || !integer.IsInt64() {
		return
	}
	n.exact["integer "+d] = string(integer.Bytes())
	n.exact["float "+d] = string(binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(integer.Int64()))))
	n.exact["exponent "+d] = strconv.FormatFloat(float64(integer.Int64()), 'e', -1, 64)
}

// search says what is in the haystack.
func (n needles) search(haystack []byte) []string {
	var found []string
	joined := make([]byte, 0, len(haystack))
	for _, b := range haystack {
		if !separators[b] {
			joined = append(joined, b)
		}
	}
	for what, text := range n.plain {
		if at := bytes.Index(joined, []byte(text)); at >= 0 {
			found = append(found, around(what, joined, at, len(text)))
		}
	}
	for what, text := range n.exact {
		if at := bytes.Index(haystack, []byte(text)); at >= 0 {
			found = append(found, around(what, haystack, at, len(text)))
		}
	}
	for _, cvv := range n.cvvs {
		for from, at := 0, 0; at >= 0; from += at + 1 {
			if at = bytes.Index(haystack[from:], []byte(cvv)); at >= 0 && isCVV(haystack, from+at, len(cvv)) {
				found = append(found, around("CVV "+cvv, haystack, from+at, len(cvv)))
				break
			}
		}
	}
	return found
}

// around shows where something was found.
func around(what string, haystack []byte, at, length int) string {
	return fmt.Sprintf("%s in %q", what, haystack[max(0, at-60):min(len(haystack), at+length+20)])
}

// isCVV tells a CVV from digits of something longer. One of three digits stands alone in any larger file by
// chance, so it counts only as a JSON string or after its name.
func isCVV(haystack []byte, at, length int) bool {
	before, after := haystack[max(0, at-12):at], haystack[at+length:min(len(haystack), at+length+1)]
	if word(after, 0) || word(before, len(before)-1) && length > 3 {
		return false
	}
	if length > 3 || bytes.HasSuffix(before, []byte(`"`)) && bytes.HasPrefix(after, []byte(`"`)) {
		return true
	}
	name := bytes.ToLower(bytes.TrimRightFunc(before, func(r rune) bool { return !unicode.IsLetter(r) }))
	return bytes.HasSuffix(name, []byte("cvv")) || bytes.HasSuffix(name, []byte("cvc"))
}

// word says whether the byte at i, if there is one, joins what stands beside it.
func word(text []byte, i int) bool {
	if i < 0 || i >= len(text) {
		return false
	}
	c := text[i] | 0x20
	return text[i] == '_' || '0' <= text[i] && text[i] <= '9' || 'a' <= c && c <= 'z'
}

// absent fails the test for each needle in the haystack.
func (n needles) absent(t testing.TB, where string, haystack []byte) {
	t.Helper()
	for _, what := range n.search(haystack) {
		t.Errorf("%s holds %s", where, what)
	}
}

// files searches every file below a folder and returns all that they hold.
func (n needles) files(t testing.TB, when, dir string) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil // a running gateway replaces files
		}
		n.absent(t, when+" "+filepath.Base(path), content)
		all = append(all, content...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The search can find: each form of a number, planted in a file, and of a CVV; and finds nothing in noise.
func TestSearchFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	const number, cvv = "4916338506082832", "7193"
	n := newNeedles([]string{number}, []string{cvv, "913"})
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(i * i >> 3)
	}
	noise = append(noise, `{"masked_pan":"491633******2832","took":71931,"ticket":"304418277190055621","amount":913,"n":913.00}`...)
	if found := n.search(noise); len(found) > 0 {
		t.Errorf("in noise it finds %v", found)
	}
	for name, planted := range map[string]string{
		"plain":            `"number":"` + number + `"`,
		"spaces":           "4916 3385 0608 2832",
		"dashes":           "4916-3385-0608-2832",
		"cut short":        number[:15],
		"mask too short":   "4916338506****32 and 4916***506082832 and " + number[2:14],
		"base64":           base64.StdEncoding.EncodeToString([]byte(`{"number":"` + number + `"}`)),
		"base64, shifted":  base64.StdEncoding.EncodeToString([]byte(`{"anumber":"` + number + `"}`)),
		"base64 for URLs":  base64.RawURLEncoding.EncodeToString([]byte(`?{"abnumber":"` + number + `"}`)),
		"hex":              hex.EncodeToString([]byte(number)),
		"HEX":              strings.ToUpper(hex.EncodeToString([]byte("a" + number))),
		"packed":           "\x01" + packed(number) + "\x02",
		"integer":          string(binary.BigEndian.AppendUint64(nil, 4916338506082832)),
		"float":            "\x07" + string(binary.BigEndian.AppendUint64(nil, math.Float64bits(4916338506082832))),
		"exponent":         fmt.Sprintf("%e", 4916338506082832.0)[:3] + "6338506082832e+15",
		"escapes":          `\u0034\u0039\u0031\u0036\u0033\u0033\u0038\u0035\u0030\u0036\u0030\u0038\u0032\u0038\u0033\u0032`,
		"UTF-16":           "\x00" + strings.Join(strings.Split(number, ""), "\x00"),
		"reversed":         "2382806058336194",
		"CVV":              `{"cvv":"` + cvv + `"}`,
		"CVV, bare":        `cvv=` + cvv,
		"CVV, alone":       "\x00\x01" + cvv + "\xff",
		"CVV, three":       `{"cvv":"913"}`,
		"CVV, three, bare": `CVC: 913`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "planted")
			if err := os.WriteFile(file, append(append(noise[:len(noise):len(noise)], planted...), noise...), 0o600); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if found := n.search(content); len(found) == 0 {
				t.Errorf("it does not find %q", planted)
			}
		})
	}
}
