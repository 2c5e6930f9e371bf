package iso_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pasarela"
	"pasarela/cde/acquirer/iso"
	"pasarela/cde/internal/pan"
)

const (
	goodCard = "5451951574925480"
	goodCVV  = "7391"
	proof    = "AAABBEg0VhI0VniQEjRWAAAAAAA=8901"
)

// full has every field of the layout, each as long as it may be.
func full(t testing.TB) iso.Message {
	t.Helper()
	number, err := pan.Parse(goodCard + "123")
	if err != nil {
		t.Fatal(err)
	}
	cvv, err := pan.ParseCVV(goodCVV)
	if err != nil {
		t.Fatal(err)
	}
	return iso.Message{
		MTI: "0421", ProcessingCode: "000000", Amount: "999999999999", SentAt: "0504120000", STAN: "999999",
		Time: "120000", Date: "0504", Expiry: "3012", MCC: "5999", EntryMode: "812", Condition: "59",
		Acquirer: "12345678901", RRN: "612412345678", ApprovalCode: "123456", ResponseCode: "00",
		Terminal: "PASARELA", Merchant: "000123456789012", NameLocation: strings.Repeat("x", 40), Currency: "840",
		Reason: "4021", OriginalRRN: "612412345677", Reference: "0f5e2a52-6a1c-4b7e-9a54-6d1b7f0c9a11",
		Function: "301", Original: strings.Repeat("1", 42), Card: number, CVV: cvv,
		Additional: iso.Additional{
			Protocol: "12345.78", DirectoryServer: "f38e6948-5388-41a6-bca4-b49723c19437", XID: strings.Repeat("x", 28),
			Recurrence: iso.RecurrenceSubsequent, SchemeID: strings.Repeat("s", 36), NetworkToken: iso.IsNetworkToken,
			Installments: "1203001", Initiator: "0504C101  ", ECI: "0212345", Authentication: proof, Advice: "03",
		},
	}
}

func pack(t testing.TB, m iso.Message) []byte {
	t.Helper()
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// A message comes back from its bytes as it was.
func TestPackAndUnpack(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]iso.Message{
		"every field": full(t),
		"sign-on":     {MTI: "0800", STAN: "000001", Function: iso.SignOn},
		"nothing":     {MTI: "0810"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packed := pack(t, m)
			got, err := iso.Unpack(packed)
			if err != nil {
				t.Fatal(err)
			}
			if !pan.Equal(got.Card, m.Card) || pan.CVVDigits(got.CVV) != pan.CVVDigits(m.CVV) {
				t.Error("the card is another")
			}
			if got.Additional != m.Additional {
				t.Errorf("field 48 comes back as %+v, want %+v", got.Additional, m.Additional)
			}
			if again := pack(t, got); !bytes.Equal(again, packed) {
				t.Errorf("packed again it differs: %+v, was %+v", got, m)
			}
		})
	}
}

// No error of reading or writing tells what was in the message, and no way of printing one does.
func TestNothingPrintsCardData(t *testing.T) {
	t.Parallel()
	m := full(t)
	packed := pack(t, m)
	var said []string
	for n := range packed {
		if _, err := iso.Unpack(packed[:n]); err == nil {
			t.Errorf("the first %d bytes of %d pass for a message", n, len(packed))
		} else {
			said = append(said, fmt.Sprintf("%v %+v %#v", err, err, err))
		}
	}
	if _, err := iso.Unpack(append(bytes.Clone(packed), '0')); err == nil {
		t.Error("a message with a byte too many passes")
	}
	long := full(t)
	long.Expiry = goodCard
	if _, err := long.Pack(); err == nil {
		t.Error("a field that is too long passes")
	} else {
		said = append(said, err.Error())
	}
	inJSON, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	said = append(said, fmt.Sprintf("%v %+v %#v %s", m, m, m, &m), string(inJSON))
	for _, s := range said {
		if strings.Contains(s, goodCard[6:12]) || strings.Contains(s, goodCVV) || strings.Contains(s, proof) {
			t.Errorf("shows card data or a proof: %s", s)
		}
	}
}

// The redacted bytes are a message of the same length, without the number's middle, the CVV and the proof.
func TestRedaction(t *testing.T) {
	t.Parallel()
	packed := pack(t, full(t))
	redacted := iso.AppendRedacted(nil, packed)
	if len(redacted) != len(packed) || bytes.Contains(redacted, []byte(goodCard[6:12])) || bytes.Contains(redacted, []byte(goodCVV)) ||
		bytes.Contains(redacted, []byte(proof)) {
		t.Fatalf("redacted to %q", redacted)
	}
	fields := iso.Fields(redacted)
	if fields["2"] != "545195*********0123" || len(fields) != 25 {
		t.Fatalf("fields are %v", fields)
	}
	if got := fields["48"]; !strings.Contains(got, "42070212345"+"4332"+strings.Repeat("*", 32)+"840203") ||
		!strings.HasPrefix(got, "010812345.780236f38e6948") || strings.Contains(got, "9204") {
		t.Fatalf("field 48 is shown as %q, want the ECI to be read, the proof hidden and the CVV absent", got)
	}
	bare := full(t)
	bare.Additional = iso.Additional{}
	if got, there := iso.Fields(iso.AppendRedacted(nil, pack(t, bare)))["48"]; there {
		t.Fatalf("field 48 is shown as %q although it held a CVV only", got)
	}
	for n := range packed {
		if got := iso.AppendRedacted(nil, packed[:n]); got != nil {
			t.Fatalf("the first %d bytes were redacted to %q", n, got)
		}
	}
}

// Answers are told from requests, and each belongs to one type of request.
func TestAnswerTypes(t *testing.T) {
	t.Parallel()
	for request, answer := range map[string]string{
		"0100": "0110", "0200": "0210", "0220": "0230", "0221": "0230", "0400": "0410", "0420": "0430", "0421": "0430",
		"0800": "0810", "0110": "", "0430": "", "": "", "01000": "",
	} {
		if got := iso.AnswerTo(request); got != answer {
			t.Errorf("answer to %q is %q, want %q", request, got, answer)
		}
	}
}

// Amounts travel exactly, with the currency's number.
func TestMoney(t *testing.T) {
	t.Parallel()
	for _, want := range []pasarela.Money{{Minor: 0, Currency: "CLP"}, {Minor: 999_999_999_999, Currency: "USD"}, {Minor: 10_001, Currency: "CLF"}} {
		var m iso.Message
		m.SetAmount(want)
		if got, err := m.Money(); err != nil || got != want {
			t.Errorf("%s comes back as %s (%v)", want, got, err)
		}
	}
	for _, m := range []iso.Message{{Amount: "", Currency: "840"}, {Amount: "00000000001x", Currency: "840"}, {Amount: "-00000000001", Currency: "840"}, {Amount: "000000000001", Currency: "000"}} {
		if got, err := m.Money(); err == nil {
			t.Errorf("%q in %q passes for %s", m.Amount, m.Currency, got)
		}
	}
}

// Frames come out as they went in; a stream that ends or lies about lengths is told apart.
func TestFrames(t *testing.T) {
	t.Parallel()
	stream := iso.AppendFrame(iso.AppendFrame(nil, []byte("one")), bytes.Repeat([]byte("x"), iso.MaxMessage))
	r := bufio.NewReaderSize(bytes.NewReader(stream), 16)
	first, err := iso.ReadFrame(r, nil)
	if err != nil || string(first) != "one" {
		t.Fatalf("first frame is %q (%v)", first, err)
	}
	if iso.FrameBuffered(r) {
		t.Error("a frame of 4096 passes for buffered in 16 bytes")
	}
	if second, err := iso.ReadFrame(r, first); err != nil || len(second) != iso.MaxMessage {
		t.Fatalf("second frame has %d bytes (%v)", len(second), err)
	}
	for name, c := range map[string]struct {
		stream string
		want   error
	}{
		"end":        {"", io.EOF},
		"in header":  {"\x00", io.ErrUnexpectedEOF},
		"in message": {"\x00\x03on", io.ErrUnexpectedEOF},
		"no message": {"\x00\x03", io.ErrUnexpectedEOF},
		"zero":       {"\x00\x00one", iso.ErrFrameLength},
		"too long":   {"\x10\x01one", iso.ErrFrameLength},
	} {
		if _, err := iso.ReadFrame(strings.NewReader(c.stream), nil); !errors.Is(err, c.want) {
			t.Errorf("%s: error is %v, want %v", name, err, c.want)
		}
	}
}
