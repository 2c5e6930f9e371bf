package simulator_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"testing"

	"pasarela/cde/acquirer/iso"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
)

// dial connects to a simulator without a client between, over a pipe.
func dial(t testing.TB, bank *simulator.Simulator) net.Conn {
	ours, theirs := net.Pipe()
	ended := make(chan struct{})
	go func() { bank.ServeConn(theirs); close(ended) }()
	t.Cleanup(func() { ours.Close(); <-ended })
	return ours
}

func ask(t testing.TB, conn net.Conn, m iso.Message) iso.Message {
	t.Helper()
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(iso.AppendFrame(nil, packed)); err != nil {
		t.Fatal(err)
	}
	frame, err := iso.ReadFrame(conn, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := iso.Unpack(frame)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// A message that can't be read is counted and dropped, and the connection goes on.
func TestUndecodableMessageIsDropped(t *testing.T) {
	t.Parallel()
	bank := openBank(t, simulator.Config{Dir: t.TempDir(), Clock: noon})
	conn := dial(t, bank)
	for _, b := range []string{"no message", "0210\x00\x00\x00\x00\x00\x00\x00\x00"} {
		if _, err := conn.Write(iso.AppendFrame(nil, []byte(b))); err != nil {
			t.Fatal(err)
		}
	}
	if a := ask(t, conn, iso.Message{MTI: "0800", STAN: "000001", Function: iso.Echo}); a.MTI != "0810" || a.ResponseCode != "00" {
		t.Fatalf("echo is answered by %+v", a)
	}
	if n := bank.Undecodable(); n != 2 {
		t.Fatalf("%d messages were counted as undecodable, want 2", n)
	}
}

// A header that can't be one ends the connection.
func TestBrokenHeaderEndsTheConnection(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"\x00\x00", "\x10\x01", "\xff\xff"} {
		conn := dial(t, openBank(t, simulator.Config{Dir: t.TempDir(), Clock: noon}))
		if _, err := conn.Write([]byte(header)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("after header %q reading says %v, want the end", header, err)
		}
	}
}

// A request that lacks what booking needs is answered with 30.
func TestIncompleteRequestIsAFormatError(t *testing.T) {
	t.Parallel()
	conn := dial(t, openBank(t, simulator.Config{Dir: t.TempDir(), Clock: noon}))
	whole := iso.Message{MTI: "0200", ProcessingCode: "000000", Amount: "000000001000", STAN: "000001",
		RRN: "612412345678", Currency: "840", Reference: "a"}
	for name, change := range map[string]func(*iso.Message){
		"RRN":      func(m *iso.Message) { m.RRN = "" },
		"STAN":     func(m *iso.Message) { m.STAN = "" },
		"amount":   func(m *iso.Message) { m.Amount = "" },
		"currency": func(m *iso.Message) { m.Currency = "000" },
		"ref":      func(m *iso.Message) { m.Reference = "" },
		"reason":   func(m *iso.Message) { m.MTI = "0400" },
		"type":     func(m *iso.Message) { m.MTI = "0300" },
	} {
		m := whole
		change(&m)
		if a := ask(t, conn, m); a.ResponseCode != "30" {
			t.Errorf("without its %s a request is answered with %q", name, a.ResponseCode)
		}
	}
}

// The same seed gives the same approval codes, so that a simulation can be played again.
func TestSeededApprovalCodes(t *testing.T) {
	t.Parallel()
	var runs [2][]string
	for i := range runs {
		r := newRig(t, func(c *simulator.Config) { c.Rand = rand.NewPCG(1, 2) })
		for range 5 {
			runs[i] = append(runs[i], r.send(r.request("sale")).ApprovalCode)
		}
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Fatalf("approval codes are %v and %v", runs[0], runs[1])
	}
}

// FuzzRequest: whatever a peer sends in a frame, the simulator goes on answering and its books can be read.
func FuzzRequest(f *testing.F) {
	for _, m := range []iso.Message{
		{MTI: "0200", ProcessingCode: "000000", Amount: "000000001000", STAN: "000001", RRN: "612412345678", Currency: "840", Reference: "a"},
		{MTI: "0220", Amount: "000000001000", STAN: "000002", RRN: "612412345679", Currency: "840", Reference: "a"},
		{MTI: "0400", Reason: "4000", Amount: "000000001000", STAN: "000003", RRN: "612412345680", Currency: "840", Reference: "a"},
		{MTI: "0800", STAN: "000004", Function: "301"},
	} {
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	dir := f.TempDir()
	bank, err := simulator.Open(simulator.Config{Dir: dir, Cards: cards.Reference(), Clock: noon})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || len(b) > iso.MaxMessage {
			return
		}
		conn := dial(t, bank)
		if _, err := conn.Write(iso.AppendFrame(nil, b)); err != nil {
			t.Fatal(err)
		}
		echo, err := (&iso.Message{MTI: "0800", STAN: "000009", Function: iso.Echo}).Pack()
		if err != nil {
			t.Fatal(err)
		}
		go conn.Write(iso.AppendFrame(nil, echo))
		for answered := false; !answered; {
			frame, err := iso.ReadFrame(conn, nil)
			if err != nil {
				t.Fatal(err)
			}
			m, err := iso.Unpack(frame)
			if err != nil {
				t.Fatal(err)
			}
			answered = m.STAN == "000009"
		}
		if _, err := simulator.ReadBooks(dir); err != nil {
			t.Fatal(err)
		}
	})
}
