package wire_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

type order struct {
	Token  string       `json:"token"`
	Total  wire.Decimal `json:"total"`
	Ticket wire.Text    `json:"ticket"`
	Free   wire.Object  `json:"free"`
	Inner  struct {
		Name string `json:"name"`
	} `json:"inner"`
}

func TestDecodeTakesOneStrictObject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, refusal string }{
		{"plain", `{"token":"a","total":16.98,"ticket":"1"}`, ""},
		{"ticket as a number", `{"ticket":304418277190055621}`, ""},
		{"unknown member", ` {"other":[1,{"a":null}],"token":"a"} `, ""},
		{"null", `{"token":null,"total":null,"ticket":null,"free":null}`, ""},
		{"empty", ``, "body is not a JSON object"},
		{"array", `[]`, "body is not a JSON object"},
		{"string", `"{}"`, "body is not a JSON object"},
		{"trailing data", `{} {}`, "well-formed"},
		{"member twice", `{"token":"a","token":"b"}`, "well-formed"},
		{"member twice inside what is unknown", `{"other":{"a":1,"b":{"c":1,"c":2}}}`, "well-formed"},
		{"member twice inside what is kept", `{"free":{"a":1,"a":2}}`, "well-formed"},
		{"member twice by escape", `{"token":"a","tok\u0065n":"b"}`, "well-formed"},
		{"invalid UTF-8", "{\"token\":\"\xff\"}", "well-formed"},
		{"invalid UTF-8 inside what is unknown", "{\"other\":\"\xff\"}", "well-formed"},
		{"unpaired surrogate", `{"token":"\ud800"}`, "well-formed"},
		{"too deep", `{"other":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "more than 32 levels"},
		{"wrong type", `{"token":1}`, "body at /token: value of the wrong type"},
		{"wrong type inside", `{"inner":{"name":["4111111111111111"]}}`, "body at /inner/name: value of the wrong type"},
		{"money in a string", `{"total":"16.98"}`, "amount is not a decimal number"},
		{"object expected", `{"free":[]}`, "send an object"},
		{"ticket with a fraction", `{"ticket":1.5}`, "send a string of digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := wire.Decode([]byte(c.body), new(order))
			if c.refusal == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.refusal) {
				t.Fatalf("answered %v, want something with %q", err, c.refusal)
			}
			if pasarela.CodeOf(err) != pasarela.CodeInvalid {
				t.Errorf("code is %s", pasarela.CodeOf(err))
			}
			if strings.Contains(err.Error(), "4111") {
				t.Errorf("error quotes the body: %v", err)
			}
		})
	}
}

func TestNamesAreCaseSensitive(t *testing.T) {
	t.Parallel()
	var o order
	if err := wire.Decode([]byte(`{"TOKEN":"a"}`), &o); err != nil || o.Token != "" {
		t.Fatalf("token %q, error %v", o.Token, err)
	}
}

func TestDecimalIsExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		literal  string
		currency pasarela.Currency
		minor    int64
		err      error
	}{
		{"16.98", "USD", 1698, nil}, {"1.0E7", "COP", 1_000_000_000, nil}, {"0", "CLP", 0, nil}, {"0.0000", "CLP", 0, nil},
		{"0.0001", "CLF", 1, nil}, {"0.001", "USD", 0, pasarela.ErrPrecision}, {"-1", "USD", 0, pasarela.ErrNegative},
		{"1e12", "USD", 0, pasarela.ErrOverflow}, {"0.1", "CLP", 0, pasarela.ErrPrecision},
	} {
		var o order
		if err := wire.Decode([]byte(`{"total":`+c.literal+`}`), &o); err != nil {
			t.Fatalf("%s: %v", c.literal, err)
		}
		m, err := o.Total.Money(c.currency)
		if !errors.Is(err, c.err) || m.Minor != c.minor {
			t.Errorf("%s %s is %v, %v", c.literal, c.currency, m, err)
		}
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) pasarela.Money { return pasarela.Money{Minor: minor, Currency: "USD"} }
	if total, err := wire.Sum(usd(1), usd(2), usd(3)); err != nil || total != usd(6) {
		t.Errorf("sum is %v, %v", total, err)
	}
	if _, err := wire.Sum(usd(1), pasarela.Money{Minor: 1, Currency: "PEN"}); !errors.Is(err, pasarela.ErrCurrency) {
		t.Errorf("two currencies: %v", err)
	}
	if _, err := wire.Sum(usd(999_999_999_999), usd(1)); !errors.Is(err, pasarela.ErrOverflow) {
		t.Errorf("thirteen digits: %v", err)
	}
}

// A caller that sends too much gets to read why: the rest of what it sends is passed over, up to a bound.
func TestTooLargeABodyIsReadOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		size   int
		known  bool
		expect string
		most   int // bytes that are left unread
	}{
		{"announced", 3 << 20, true, "", 0},
		{"not announced", 3 << 20, false, "", 0},
		{"endless", 64 << 20, false, "", 64<<20 - 4<<20},
		{"asked first, so not sent", 3 << 20, true, "100-continue", 3 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rest := bytes.NewReader(make([]byte, c.size))
			r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(rest))
			r.Header.Set("Expect", c.expect)
			if c.known {
				r.ContentLength = int64(c.size)
			}
			if _, err := wire.Body(httptest.NewRecorder(), r); pasarela.CodeOf(err) != pasarela.CodeInvalid {
				t.Fatalf("error is %v", err)
			}
			if rest.Len() > c.most || c.expect != "" && rest.Len() != c.most {
				t.Errorf("%d bytes are left", rest.Len())
			}
			if c.size > 16<<20 && rest.Len() < c.size/2 {
				t.Errorf("read on without a bound: %d bytes are left", rest.Len())
			}
		})
	}
}

// Over TCP such a caller gets the answer, also one that reads nothing before it has sent everything.
func TestTooLargeABodyIsAnswered(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := wire.Body(w, r); err != nil {
			wire.WriteJSON(w, http.StatusBadRequest, []byte(`{"code":"K001"}`))
		}
	}))
	t.Cleanup(s.Close)
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3145728\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(make([]byte, 3<<20)); err != nil {
		t.Fatalf("the server does not read on: %v", err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || answer.StatusCode != http.StatusBadRequest {
		t.Fatalf("answer is %v (%v)", answer, err)
	}
}

func TestBodyIsBoundedAndWipeable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		size  int
		known bool
		good  bool
	}{
		{"small", 10, true, true}, {"small, length unknown", 10_000, false, true}, {"at the limit", wire.MaxBody, false, true},
		{"above, announced", wire.MaxBody + 1, true, false}, {"above, not announced", wire.MaxBody + 1, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sent := bytes.Repeat([]byte("7"), c.size)
			r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(bytes.NewReader(sent)))
			if c.known {
				r.ContentLength = int64(c.size)
			}
			body, err := wire.Body(httptest.NewRecorder(), r)
			if c.good != (err == nil) {
				t.Fatalf("error is %v", err)
			}
			if c.good && !bytes.Equal(body, sent) {
				t.Fatal("body differs from what was sent")
			}
			wire.Wipe(body)
			if bytes.ContainsRune(body, '7') {
				t.Error("body was not overwritten")
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{}`, `{"token":"4111111111111111"}`, `{"total":1e400}`, `{"free":{"a":{}}}`, `{"a":1,"a":2}`, `{"ticket":00}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var o order
		err := wire.Decode(body, &o)
		if err == nil {
			if _, err := json.Marshal(o.Free); err != nil && o.Free != nil {
				t.Fatalf("what was kept can't be written: %v", err)
			}
			return
		}
		if pasarela.CodeOf(err) != pasarela.CodeInvalid {
			t.Fatalf("code is %s", pasarela.CodeOf(err))
		}
		for i := 0; i+8 <= len(body); i++ { // eight bytes in a row would be a quotation
			if word := string(body[i : i+8]); strings.Contains(err.Error(), word) && !strings.Contains("body is not a JSON object value of the wrong type", word) && digits(word) {
				t.Fatalf("error quotes %q: %v", word, err)
			}
		}
	})
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "16.98", "1.0E7", "-0", "1e-2", "999999999999", "0.00001", "1E+2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, literal string) {
		var o order
		if wire.Decode([]byte(`{"total":`+literal+`}`), &o) != nil || !o.Total.Present() {
			return
		}
		m, err := o.Total.Money("USD")
		if err != nil {
			if pasarela.CodeOf(err) != pasarela.CodeInvalid {
				t.Fatalf("code is %s", pasarela.CodeOf(err))
			}
			return
		}
		back, err := pasarela.ParseMoney(m.Decimal(), "USD")
		if err != nil || back != m {
			t.Fatalf("%s became %v, written and read again %v, %v", literal, m, back, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"token":"b81e4fd07c9a4b0d9c3b5f2a61e7d940","total":118.00,"ticket":"304418277190055621","inner":{"name":"Rosa"}}`)
	b.ReportAllocs()
	for b.Loop() {
		var o order
		if err := wire.Decode(body, &o); err != nil {
			b.Fatal(err)
		}
	}
}
