package vault

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pasarela/cde/cards"
)

// Rule: free text never carries a card number, and everything else stays as it was.
func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                  "",
		"no digits":                         "no digits",
		"4111111111111111":                  "411111******1111",
		"card 4111111111111111.":            "card 411111******1111.",
		"x4111111111111111y":                "x411111******1111y",
		"4111 1111 1111 1111":               "4111 11** **** 1111",
		"4111-1111-1111-1111":               "4111-11**-****-1111",
		"4111 1111-11111111":                "4111 11**-****1111",
		"370438747213977":                   "370438*****3977",
		"5451951574925480,4111111111111111": "545195******5480,411111******1111",
		"5451951574925480 4111111111111111": "545195******5480 411111******1111",
		"4111111111111112":                  "4111111111111112", // wrong check digit
		"4000300011112220":                  "400030******2220", // wrong too, and published
		"4111  1111  1111  1111":            "4111  1111  1111  1111",
		"pan 4111111111111111 exp 12/30":    "pan 411111******1111 exp 12/30",
		"20000000000000000001":              "20000000000000000001", // a merchant
		"2026-11-21 14:52:54":               "2026-11-21 14:52:54",
		`"\u4111111111111111"`:              `"\u411111******1111"`,
		"4111111111111111 737":              "411111******1111 737",
		"tel 0999 4111-1111-1111-1111":      "tel 0999 4111-11**-****-1111",
	} {
		if got := Mask(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		if again := Mask(Mask(in)); again != want {
			t.Errorf("masking %q twice gives %q", in, again)
		}
	}
}

// Rule: a number that chance makes overlap the card does not lay it open.
func TestMaskHidesOverlappingNumbers(t *testing.T) {
	t.Parallel()
	for before := range 100 {
		for _, after := range []string{"", " 123", " 12 30", "-7"} {
			text := string(rune('0'+before/10)) + string(rune('0'+before%10)) + " 4111 1111 1111 1111" + after
			masked := Mask(text)
			if strings.Contains(masked[3:22], "1111 1111") || strings.Count(masked[3:22], "*") < 6 {
				t.Errorf("%q became %q", text, masked)
			}
		}
	}
}

// Rule: masked JSON is JSON, with the same shape.
func TestMaskBytesKeepsJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"pan":"4111111111111111"}`:                       `{"pan":"411111******1111"}`,
		`{"pan":4111111111111111}`:                         `{"pan":4111110000001111}`,
		`{"a":[-4111111111111111,1.5e3]}`:                  `{"a":[-4111110000001111,1.5e3]}`,
		`4111111111111111`:                                 `4111110000001111`,
		`{"4111111111111111":{"x":"4111 1111 1111 1111"}}`: `{"411111******1111":{"x":"4111 11** **** 1111"}}`,
		`{"a":"\u20144111111111111111"}`:                   `{"a":"\u2014411111******1111"}`,
		`{"a":"\\u41111111 11111111"}`:                     `{"a":"\\u411111** ****1111"}`,
		`{"a":"\u0034111111111111111"}`:                    `{"a":"\u003411111******1111"}`,
		`{"a":"4111\u00201111\u00201111\u00201111"}`:       `{"a":"4111\u002011**\u0020****\u00201111"}`,
		`{"a":"41111\u00311111111111"}`:                    `{"a":"41111\u0031******1111"}`,
		`{"a":"\"4111111111111111\""}`:                     `{"a":"\"411111******1111\""}`,
		`not json 4111111111111111 {`:                      `not json 411111******1111 {`,
		`{"a":"1","b":"2026-11-21T14:52:54.123456Z"}`:      `{"a":"1","b":"2026-11-21T14:52:54.123456Z"}`,
		`{"a":0.4111111111111111}`:                         `{"a":0.4111110000001111}`,
	} {
		before := strings.Clone(in)
		got := MaskBytes([]byte(in))
		if string(got) != want || in != before {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
		if json.Valid([]byte(in)) != json.Valid(got) {
			t.Errorf("%s is no longer JSON", got)
		}
	}
}

// Rule: a sandbox masks the test cards that were added, whatever their check digit and length.
func TestVaultMasksAddedCards(t *testing.T) {
	t.Parallel()
	table := cards.Reference()
	c, err := cards.DecodeTestCard([]byte(`{"number":"400012345678"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Add(c); err != nil {
		t.Fatal(err)
	}
	v, err := Open(t.Context(), Config{Keysets: newMemory(), KEK: newKEK(t), Cards: table})
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Mask("400012345678"); got != "400012**5678" {
		t.Errorf("got %q", got)
	}
	if got := v.MaskBytes([]byte(`[400012345678,"4111111111111111"]`)); string(got) != `[400012005678,"411111******1111"]` {
		t.Errorf("got %s", got)
	}
	if got := Mask("400012345678"); got != "400012345678" {
		t.Errorf("got %q", got)
	}
}

func TestMaskDoesNotAllocateWithoutANumber(t *testing.T) {
	text, raw := "order 12345678901 of Ana Pérez", []byte(`{"order":"12345678901"}`)
	if got := testing.AllocsPerRun(100, func() { Mask(text); MaskBytes(raw) }); got > 0 {
		t.Errorf("%v allocations", got)
	}
}

func FuzzMask(f *testing.F) {
	for _, seed := range []string{"4111 1111 1111 1111 123", `{"pan":4111111111111111}`, `{"a":"\u00344111111111111111"}`, "1-2-3-4-5-6-7-8-9-0-1-2-3-4",
		"5451951574925480-4111111111111111", `"\\\u4111111111111111111"`, "٤١١١١١١١١١١١١١١١", `[1.4111111111111111e4111111111111111]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in := bytes.Clone(text)
		out := MaskBytes(text)
		if !bytes.Equal(in, text) {
			t.Fatal("the input was changed")
		}
		if json.Valid(text) != json.Valid(out) && json.Valid(text) {
			t.Errorf("%q became %q, which is no JSON", text, out)
		}
		if again := MaskBytes(out); json.Valid(text) && !json.Valid(again) {
			t.Errorf("%q is no JSON the second time", again)
		}
		plain := Mask(string(text))
		if len(plain) != len(text) {
			t.Errorf("%q became %q", text, plain)
		}
		for i := range len(plain) {
			if plain[i] != text[i] && (plain[i] != '*' || text[i] < '0' || text[i] > '9') {
				t.Errorf("%q became %q", text, plain)
			}
		}
		if around := Mask("<4111111111111111>" + string(text)); strings.HasPrefix(around, "<4111111111111111>") {
			t.Errorf("a number was not masked before %q", text)
		}
	})
}

func BenchmarkMaskWithoutNumber(b *testing.B) {
	for b.Loop() {
		Mask("order 12345678901 of Ana Pérez")
	}
}

func BenchmarkMask(b *testing.B) {
	for b.Loop() {
		Mask("card 4111 1111 1111 1111 of Ana Pérez")
	}
}
