package simulator

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"pasarela/cde/acquirer/iso"
)

type stoppedClock struct{}

func (stoppedClock) Now() time.Time { return time.Unix(0, 0) }

// What is not in the books is not answered: when they can't be written the connection ends without a word.
func TestNothingIsAnsweredThatIsNotInTheBooks(t *testing.T) {
	t.Parallel()
	bank, err := Open(Config{Dir: t.TempDir(), Clock: stoppedClock{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := bank.journal.file.Close(); err != nil { // stands in for a full disk
		t.Fatal(err)
	}
	reversal := iso.Message{MTI: "0400", Amount: "000000001000", STAN: "000001", RRN: "612412345678",
		Currency: "840", Reference: "a", Reason: iso.ReasonReverse, OriginalRRN: "612412345677"}
	packed, err := reversal.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // and it stays so: later entries would leave a gap
		ours, theirs := net.Pipe()
		go bank.ServeConn(theirs)
		if _, err := ours.Write(iso.AppendFrame(nil, packed)); err != nil {
			t.Fatal(err)
		}
		if frame, err := iso.ReadFrame(ours, nil); !errors.Is(err, io.EOF) {
			t.Fatalf("answered with %d bytes (%v), want the end of the connection", len(frame), err)
		}
	}
	if err := bank.Close(); err == nil {
		t.Fatal("closing books whose file is gone passes for well")
	}
}
