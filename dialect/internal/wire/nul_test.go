package wire_test

import (
	"strings"
	"testing"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// A NUL is refused before anything is done: one of the two databases cannot keep it. What only looks like one
// is text.
func TestDecodeRefusesNUL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		refused    bool
	}{
		{"in a text", `{"token":"a\u0000b"}`, true},
		{"in what is kept as it is", `{"free":{"note":"\u0000"}}`, true},
		{"in a name", `{"free":{"a\u0000":1}}`, true},
		{"in what is unknown", `{"other":["\u0000"]}`, true},
		{"after a backslash", `{"token":"\\\u0000"}`, true},
		{"in parts", `{"token":"\u00000"}`, true},
		{"not escaped", "{\"token\":\"\x00\"}", true},
		{"a backslash and u0000", `{"token":"\\u0000"}`, false},
		{"two backslashes and u0000", `{"token":"\\\\u0000"}`, false},
		{"u0000", `{"token":"u0000"}`, false},
		{"another control character", `{"token":"\u0001\u0010"}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var o order
			err := wire.Decode([]byte(c.body), &o)
			if (err != nil) != c.refused {
				t.Fatalf("got %v, want it refused: %t", err, c.refused)
			}
			if c.refused && pasarela.CodeOf(err) != pasarela.CodeInvalid {
				t.Errorf("code is %s, want %s", pasarela.CodeOf(err), pasarela.CodeInvalid)
			}
			if strings.ContainsRune(o.Token, 0) {
				t.Error("the NUL was taken")
			}
		})
	}
}
