package threeds

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/internal/pan"
	"pasarela/cde/vault"
)

const (
	number = "4000000000000002"
	anID   = "33333333-3333-4333-8333-333333333333"
)

func mustParse(t testing.TB, digits string) vault.Number {
	t.Helper()
	n, err := pan.Parse(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Rule: a message holds the number in clear only where encode writes it, which is once.
func TestOnlyEncodeWritesTheNumber(t *testing.T) {
	t.Parallel()
	m := AReq{Header: Header{TypeAReq, Version}, ThreeDSServerTransID: anID, AcctNumber: mustParse(t, number)}
	clear, err := m.encode()
	if err != nil || bytes.Count(clear, []byte(number)) != 1 || cap(clear) < len(clear) {
		t.Fatalf("encode: %v", err)
	}
	var back AReq
	if err := Decode(clear, &back); err != nil || !pan.Equal(back.AcctNumber, m.AcctNumber) || back.ThreeDSServerTransID != anID {
		t.Errorf("came back as %+v %v", back, err)
	}
	masked, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	other, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(masked), string(other), fmt.Sprintf("%v %+v %#v", m, m, m)} {
		if strings.Contains(text, number) {
			t.Errorf("printed as %s", text)
		}
	}
	if _, err := (AReq{}).encode(); pasarela.CodeOf(err) != pasarela.CodeInvalid {
		t.Errorf("without a number: %v", err)
	}
}

// Rule: what carried the number is overwritten when the transport lets go of it.
func TestBodyIsWipedWhenClosed(t *testing.T) {
	t.Parallel()
	body := append(make([]byte, 0, 64), number...)
	w := newWiped(body)
	if read, err := io.ReadAll(w); err != nil || string(read) != number {
		t.Fatalf("read %q %v", read, err)
	}
	if err := w.Close(); err != nil || bytes.ContainsAny(body[:cap(body)], "0123456789") {
		t.Errorf("left %q %v", body, err)
	}
	if n, err := w.Read(make([]byte, 4)); n != 0 || err != io.EOF {
		t.Errorf("reads on: %d %v", n, err)
	}
}

// Rule: a number takes part when it lies in a range of its own length, ends included.
func TestRangesContain(t *testing.T) {
	t.Parallel()
	of := func(start, end, action string) CardRange {
		return CardRange{StartRange: mustParse(t, start), EndRange: mustParse(t, end), ActionInd: action}
	}
	set, err := (&rangeSet{}).apply("1", []CardRange{
		of("4000000000000000", "4000000000000999", "A"), of("4000000000001000", "4000000000001999", ""),
		of("4000000000000500", "4000000000000600", "M"), of("9999999999999999999", "9999999999999999999", "A"), of("400000000000", "400000000000", "A")})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(set.all[16]); got != 1 {
		t.Errorf("%d runs of 16 digits, want them joined", got)
	}
	for digits, want := range map[string]bool{"4000000000000000": true, "4000000000001999": true, "4000000000002000": false, "3999999999999999": false,
		"40000000000005": false, "400000000000": true, "9999999999999999999": true, "9999999999999999998": false} {
		if set.all.contains(mustParse(t, digits)) != want {
			t.Errorf("%s: want %v", digits, want)
		}
	}
	if set.all.contains(vault.Number{}) {
		t.Error("no number takes part")
	}
	less, err := set.apply("2", []CardRange{of("4000000000000000", "4000000000000999", "D")})
	if err != nil || less.all.contains(mustParse(t, "4000000000000001")) || !less.all.contains(mustParse(t, "4000000000001000")) ||
		!less.all.contains(mustParse(t, "4000000000000550")) || !set.all.contains(mustParse(t, "4000000000000001")) {
		t.Errorf("after a range went: %v", err)
	}
	for _, bad := range []CardRange{of("400000000000", "4000000000000", "A"), of("400000000001", "400000000000", "A"), of(number, number, "X"), {}} {
		if _, err := set.apply("3", []CardRange{bad}); pasarela.CodeOf(err) != pasarela.CodeInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// Rule: an issuer that would have looked at the browser is told that it could not.
func TestMethodThatWasNotRunIsSaid(t *testing.T) {
	t.Parallel()
	s := testServer(t)
	n := mustParse(t, number)
	set, err := (&rangeSet{}).apply("1", []CardRange{{StartRange: n, EndRange: n, ThreeDSMethodURL: "https://bank.example/method"}})
	if err != nil {
		t.Fatal(err)
	}
	s.ranges.Store(set)
	if got := s.areq(Request{Card: vault.Card{Number: n}}).ThreeDSCompInd; got != methodNotRun {
		t.Errorf("threeDSCompInd is %s", got)
	}
}

func testServer(t testing.TB) *Server {
	t.Helper()
	s, err := New(Config{DirectoryServerURL: "https://ds.example", PublicURL: func() string { return "https://pay.example" },
		Clock: pasarela.SystemClock{}, Digest: func(string, ...[]byte) []byte { return []byte("proof") }, AllowLinks: true,
		Results: func(_ context.Context, _ pasarela.MerchantID, _ pasarela.AuthenticationID, _ pasarela.AuthenticationAnswer) error {
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Rule: a server that could not work is not made.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := testServer(t).cfg
	for name, change := range map[string]func(*Config){
		"no address":   func(c *Config) { c.DirectoryServerURL = "" },
		"other scheme": func(c *Config) { c.DirectoryServerURL = "ftp://ds.example" },
		"no clock":     func(c *Config) { c.Clock = nil },
		"no digest":    func(c *Config) { c.Digest = nil },
		"no results":   func(c *Config) { c.Results = nil },
		"no own URL":   func(c *Config) { c.PublicURL = nil },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: a server was made", name)
		}
	}
	if good.Timeout != 10*time.Second {
		t.Errorf("the directory server may take %v", good.Timeout)
	}
}

// leaks says whether an error shows a text of the message that has a number's length.
func leaks(err error, body []byte) bool {
	text := err.Error()
	for i := 0; i+12 <= len(body); i++ {
		part := string(body[i : i+12])
		if strings.Trim(part, "0123456789") == "" && strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func FuzzARes(f *testing.F) {
	base := `{"messageType":"ARes","messageVersion":"2.2.0","threeDSServerTransID":"` + anID + `","acsTransID":"` + anID + `","dsTransID":"` + anID + `",`
	for _, rest := range []string{`"transStatus":"Y","eci":"05","authenticationValue":"AAECAwQFBgcICQoLDA0ODxAREhM="}`, `"transStatus":"A","eci":"06"}`,
		`"transStatus":"C","acsURL":"https://bank.example/acs","messageExtension":[{"name":"pasarela.link","id":"x","criticalityIndicator":false,"data":{}}]}`,
		`"transStatus":"N","transStatusReason":"13"}`, `"transStatus":4000000000000002}`, `"4000000000000002":[]}`, `}`} {
		f.Add([]byte(base + rest))
	}
	s := testServer(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := s.readARes(body, Request{ID: anID, Brand: pasarela.BrandVisa})
		switch {
		case err != nil:
			if leaks(err, body) {
				t.Errorf("error %v", err)
			}
		case a.State == pasarela.AuthenticationAuthenticated:
			if (a.Secure.ECI != "05" && a.Secure.ECI != "06") || len(a.Secure.Value) != 28 || a.Reason != "" || a.ACSURL != "" {
				t.Errorf("proof %+v", a)
			}
		case a.State == pasarela.AuthenticationPending:
			if !strings.HasPrefix(strings.ToLower(a.ACSURL), "http") || !IsUUID(a.ACSID) || a.Secure.Value != "" {
				t.Errorf("challenge %+v", a)
			}
		case a.State != pasarela.AuthenticationFailed || a.Reason == "":
			t.Errorf("answer %+v", a)
		}
	})
}

func FuzzPRes(f *testing.F) {
	base := `{"messageType":"PRes","messageVersion":"2.2.0","threeDSServerTransID":"` + anID + `","serialNum":"1","cardRangeData":[`
	for _, rest := range []string{`{"startRange":"4000000000000000","endRange":"4000009999999999","actionInd":"A","acsInfoInd":["01"]}]}`, `]}`,
		`{"startRange":"4000000000000002","endRange":"4000000000000002"},{"startRange":"4000000000000002","endRange":"4000000000000002","actionInd":"D"}]}`,
		`{"startRange":4000000000000002}]}`, `{"startRange":"9999999999999999999","endRange":"9999999999999999999"}]}`, `null]}`} {
		f.Add([]byte(base + rest))
	}
	f.Add([]byte(`{"messageType":"Erro","errorCode":"307"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, erro, err := readPRes(body, anID)
		if err == nil && erro == nil {
			var set *rangeSet
			if set, err = (&rangeSet{}).apply(m.SerialNum, m.CardRangeData); err == nil {
				checkSet(t, set)
			}
		}
		if err != nil && leaks(err, body) {
			t.Errorf("error %v", err)
		}
	})
}

// checkSet holds the merged runs against the ranges they were made of.
func checkSet(t *testing.T, set *rangeSet) {
	t.Helper()
	for k := range set.named {
		for _, v := range []uint64{k.low, k.high} {
			if !set.all.contains(mustParse(t, fmt.Sprintf("%0*d", k.length, v))) {
				t.Errorf("%d of %d digits is lost", v, k.length)
			}
		}
	}
	for _, list := range set.all {
		for i := 1; i < len(list); i++ {
			if list[i].low <= list[i-1].high {
				t.Errorf("runs overlap: %v", list)
			}
		}
	}
}

func FuzzRReq(f *testing.F) {
	base := `{"messageType":"RReq","messageVersion":"2.2.0","threeDSServerTransID":"` + anID + `","acsTransID":"` + anID + `","dsTransID":"` + anID + `",`
	for _, rest := range []string{`"transStatus":"Y","eci":"02","authenticationValue":"AAECAwQFBgcICQoLDA0ODxAREhM="}`, `"transStatus":"N","challengeCancel":"01"}`,
		`"transStatus":"U","transStatusReason":"14"}`, `"transStatus":"C"}`, `"transStatus":null}`} {
		f.Add([]byte(base + rest))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, code, detail := readRReq(bytes.NewReader(body), anID)
		if code != "" {
			if errorDescriptions[code] == "" || detail == "" {
				t.Errorf("refused with %q %q", code, detail)
			}
			return
		}
		a := m.meaning()
		if (a.State == pasarela.AuthenticationAuthenticated) != (a.Reason == "") || a.State == pasarela.AuthenticationPending {
			t.Errorf("means %+v", a)
		}
		if a.Reason == "" && (m.ECI == "" || len(a.Secure.Value) != 28) {
			t.Errorf("proof %+v", a)
		}
	})
}

func addBrowserSeeds(f *testing.F) {
	id := `"threeDSServerTransID":"` + anID + `","acsTransID":"` + anID + `"`
	for _, body := range []string{`{"messageType":"CReq","messageVersion":"2.2.0",` + id + `,"challengeWindowSize":"05"}`,
		`{"messageType":"CRes","messageVersion":"2.1.0",` + id + `,"transStatus":"Y"}`, `{}`, `[]`, `{"messageType":"CReq"}`, number} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(body)))
		f.Add(base64.URLEncoding.EncodeToString([]byte(body)))
	}
	f.Add("%%%")
}

func FuzzCReq(f *testing.F) {
	addBrowserSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := DecodeCReq(text)
		if err != nil {
			if pasarela.CodeOf(err) != pasarela.CodeInvalid || leaks(err, []byte(text)) {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := EncodeBrowser(m)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := DecodeCReq(again); err != nil || back.ACSTransID != m.ACSTransID || back.MessageType != TypeCReq || !IsUUID(m.ThreeDSServerTransID) {
			t.Errorf("came back as %+v %v", back, err)
		}
	})
}

func FuzzCRes(f *testing.F) {
	addBrowserSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := DecodeCRes(text)
		if err != nil {
			if pasarela.CodeOf(err) != pasarela.CodeInvalid || leaks(err, []byte(text)) {
				t.Errorf("error %v", err)
			}
			return
		}
		if m.MessageType != TypeCRes || !IsUUID(m.ThreeDSServerTransID) || !IsUUID(m.ACSTransID) {
			t.Errorf("read %+v", m)
		}
	})
}

func BenchmarkEnrolled(b *testing.B) {
	s := testServer(b)
	var all []CardRange
	for i := range 100_000 {
		n := mustParse(b, fmt.Sprintf("4%09d000000", 3*i))
		all = append(all, CardRange{StartRange: n, EndRange: n})
	}
	set, err := (&rangeSet{}).apply("1", all)
	if err != nil {
		b.Fatal(err)
	}
	s.ranges.Store(set)
	n := mustParse(b, "4000150000000000")
	b.ReportAllocs()
	for b.Loop() {
		if !s.Enrolled(n) {
			b.Fatal("not enrolled")
		}
	}
}
