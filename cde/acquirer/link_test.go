package acquirer_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/iso"
)

// The link is up once the acquirer has taken the sign-on, and ends with a sign-off. Nothing of the client runs on
// after Close: the bubble would not end.
func TestSignOnAndSignOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, _ := newClient(h.dial)
		c.Start(t.Context())
		h.conn = <-h.conns
		m := h.read()
		synctest.Wait()
		if c.Up() {
			t.Error("the link is up before the acquirer has answered the sign-on")
		}
		h.answer(m, "00")
		synctest.Wait()
		if !c.Up() {
			t.Error("the link is down after the sign-on")
		}
		closed := make(chan struct{})
		go func() { c.Close(); close(closed) }()
		if m = h.read(); m.Function != iso.SignOff {
			t.Errorf("last message is %s/%s, want the sign-off 0800/002", m.MTI, m.Function)
		}
		h.answer(m, "00")
		<-closed
		if c.Up() {
			t.Error("the link is up after Close")
		}
		if a := <-sending(t, c, request(c, pasarela.MessageSale)); a.Outcome != pasarela.OutcomeNotSent {
			t.Errorf("after Close a message ended as %+v", a)
		}
	})
}

// An acquirer that refuses the sign-on is tried again after a pause, and so is one that says nothing.
func TestRefusedSignOnIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, _ := newClient(h.dial)
		c.Start(t.Context())
		h.conn = <-h.conns
		h.answer(h.read(), "91")
		synctest.Wait()
		if c.Up() {
			t.Error("the link is up although its sign-on was refused")
		}
		h.conn = <-h.conns
		h.read() // and no answer
		h.accept()
		synctest.Wait()
		if !c.Up() {
			t.Error("the link is down after the third sign-on")
		}
		go h.hangUp()
		c.Close()
	})
}

// Silence is tested with an echo; one that is not answered ends the link, and the next is dialled.
func TestEchoKeepsTheLinkHonest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, _ := newClient(h.dial)
		c.Start(t.Context())
		h.accept()
		began := time.Now()
		for range 2 {
			m := h.read()
			if m.Function != iso.Echo {
				t.Errorf("message after a silence is %s/%s, want an echo", m.MTI, m.Function)
			}
			h.answer(m, "00")
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("two echoes took %s, want one every 30 s", took)
		}
		h.read() // and no answer
		waiting := sending(t, c, request(c, pasarela.MessageSale))
		h.read()
		h.accept()
		if a := <-waiting; a.Outcome != pasarela.OutcomeUnknown {
			t.Errorf("on the dead link a message ended as %+v", a)
		}
		go h.hangUp()
		c.Close()
	})
}

// The acquirer's own echo is answered.
func TestAcquirersEchoIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, _ := newClient(h.dial)
		c.Start(t.Context())
		h.accept()
		h.write(iso.Message{MTI: "0800", STAN: "000007", SentAt: "0504120000", Function: iso.Echo})
		if m := h.read(); m.MTI != "0810" || m.STAN != "000007" || m.ResponseCode != "00" {
			t.Errorf("echo is answered by %+v", m)
		}
		go h.hangUp()
		c.Close()
	})
}

// A message without an answer is unknown when its time is up, not before.
func TestNoAnswerIsUnknownAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, e := newClient(h.dial)
		c.Start(t.Context())
		h.accept()
		began := time.Now()
		waiting := sending(t, c, request(c, pasarela.MessageSale))
		m := h.read()
		if a := <-waiting; a.Outcome != pasarela.OutcomeUnknown || time.Since(began) != 25*time.Second {
			t.Errorf("without an answer a message ended as %+v after %s", a, time.Since(began))
		}
		h.answer(m, "00")
		h.answer(m, "00")
		synctest.Wait()
		strays, _, _ := e.heard()
		if len(strays) != 2 || strays[0] != acquirer.StrayLate || strays[1] != acquirer.StrayDuplicate {
			t.Errorf("strays are %v, want late, then duplicate", strays)
		}
		go h.hangUp()
		c.Close()
	})
}

// An answer is taken by the request whose trace number, retrieval reference number and type it has.
func TestAnswersAreMatchedOnMoreThanTheTraceNumber(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*iso.Message){
		"other RRN":  func(m *iso.Message) { m.RRN = "612412000000" },
		"other STAN": func(m *iso.Message) { m.STAN = "000000" },
		"other type": func(m *iso.Message) { m.MTI = "0100" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				c, e := newClient(h.dial)
				c.Start(t.Context())
				h.accept()
				waiting := sending(t, c, request(c, pasarela.MessageSale))
				m := h.read()
				foreign := m
				change(&foreign)
				h.answer(foreign, "05")
				h.answer(m, "00")
				if a := <-waiting; a.Outcome != pasarela.OutcomeApproved || a.ApprovalCode != "123456" {
					t.Errorf("message ended as %+v, want its own answer", a)
				}
				synctest.Wait()
				if strays, _, _ := e.heard(); len(strays) != 1 || strays[0] != acquirer.StrayUnmatched {
					t.Errorf("strays are %v, want one unmatched", strays)
				}
				go h.hangUp()
				c.Close()
			})
		})
	}
}

// Two messages may have the same trace number, since a reversal is repeated under its first one for days.
func TestSameTraceNumberOtherReference(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, _ := newClient(h.dial)
		c.Start(t.Context())
		h.accept()
		old, young := request(c, pasarela.MessageSale), request(c, pasarela.MessageSale)
		old.Trace.STAN = young.Trace.STAN
		first, second := sending(t, c, old), sending(t, c, young)
		for range 2 {
			m := h.read()
			code := "00"
			if m.RRN == old.Trace.RRN {
				code = "05"
			}
			h.answer(m, code)
		}
		if a, b := <-first, <-second; a.ResponseCode != "05" || b.ResponseCode != "00" {
			t.Errorf("answers are %+v and %+v, want 05 and 00", a, b)
		}
		go h.hangUp()
		c.Close()
	})
}

// When the link breaks, what was written is unknown at once, and the client dials again.
func TestBrokenLinkMakesUnknownAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, _ := newClient(h.dial)
		c.Start(t.Context())
		h.accept()
		began := time.Now()
		var waiting []<-chan pasarela.NetworkAnswer
		for range 5 {
			waiting = append(waiting, sending(t, c, request(c, pasarela.MessageSale)))
			h.read()
		}
		h.conn.Close()
		for _, w := range waiting {
			if a := <-w; a.Outcome != pasarela.OutcomeUnknown {
				t.Errorf("message ended as %+v, want unknown", a)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("answers took %s after the link broke", took)
		}
		h.accept()
		go h.hangUp()
		c.Close()
	})
}

// A header that can't be one ends the link: what follows it is noise.
func TestBrokenHeaderEndsTheLink(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]uint16{"zero": 0, "too long": iso.MaxMessage + 1, "all ones": 0xffff} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				c, e := newClient(h.dial)
				c.Start(t.Context())
				h.accept()
				waiting := sending(t, c, request(c, pasarela.MessageSale))
				h.read()
				h.writeRaw(binary.BigEndian.AppendUint16(nil, header))
				if a := <-waiting; a.Outcome != pasarela.OutcomeUnknown {
					t.Errorf("message ended as %+v, want unknown", a)
				}
				h.accept()
				if strays, _, _ := e.heard(); len(strays) != 1 || strays[0] != acquirer.StrayBadLength {
					t.Errorf("strays are %v, want one bad length", strays)
				}
				go h.hangUp()
				c.Close()
			})
		})
	}
}

// What can't be decoded is dropped and counted; its bytes reach neither the log nor the traffic log.
func TestForeignBytesReachNoLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, e := newClient(h.dial)
		c.Start(t.Context())
		h.accept()
		waiting := sending(t, c, request(c, pasarela.MessageSale))
		m := h.read()
		packed, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		for _, garbage := range [][]byte{packed[:len(packed)-3], []byte(goodCard), append([]byte("0210"), goodCard...)} {
			h.writeRaw(iso.AppendFrame(nil, garbage))
		}
		h.answer(m, "00")
		if a := <-waiting; a.Outcome != pasarela.OutcomeApproved {
			t.Errorf("message ended as %+v, want approved on the same link", a)
		}
		go h.hangUp()
		c.Close()
		strays, _, log := e.heard()
		if len(strays) != 3 || strays[0] != acquirer.StrayGarbage {
			t.Errorf("strays are %v, want three times garbage", strays)
		}
		if strings.Contains(log, goodCard[6:12]) || !strings.Contains(log, "dropped") {
			t.Errorf("log is %s", log)
		}
	})
}

// A link that is down is dialled at once when a message wants it, and the message waits for that attempt only.
func TestSendWakesTheDialer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		close(h.refuse)
		c, e := newClient(h.dial)
		c.Start(t.Context())
		<-time.After(time.Hour) // of the bubble: pauses have grown to their longest
		began := time.Now()
		if a := <-sending(t, c, request(c, pasarela.MessageSale)); a.Outcome != pasarela.OutcomeNotSent {
			t.Errorf("message ended as %+v, want not sent", a)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("a refused attempt took %s", took)
		}
		if _, unsent, _ := e.heard(); len(unsent) != 1 || unsent[0] != pasarela.MessageSale {
			t.Errorf("unsent are %v", unsent)
		}
		h.refuse = make(chan struct{}) // dialling hangs now
		if a := <-sending(t, c, request(c, pasarela.MessageSale)); a.Outcome != pasarela.OutcomeNotSent {
			t.Errorf("message ended as %+v, want not sent", a)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("a hanging attempt was waited for during %s, want 2 s", took)
		}
		waiting := sending(t, c, request(c, pasarela.MessageSale))
		h.accept()
		h.answer(h.read(), "00")
		if a := <-waiting; a.Outcome != pasarela.OutcomeApproved {
			t.Errorf("message ended as %+v, want approved on the new link", a)
		}
		go h.hangUp()
		c.Close()
	})
}

// What the connection certainly did not take was not sent; what it took in part may have been.
func TestFailedWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		taken int
		want  pasarela.Outcome
	}{"nothing taken": {0, pasarela.OutcomeNotSent}, "a part taken": {7, pasarela.OutcomeUnknown}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				first := true
				client, _ := newClient(func(ctx context.Context) (net.Conn, error) {
					if !first {
						return nil, errors.New("refused")
					}
					first = false
					conn, err := h.dial(ctx)
					return &brokenWriter{Conn: conn, left: 1, taken: c.taken}, err
				})
				client.Start(t.Context())
				h.accept()
				if a := <-sending(t, client, request(client, pasarela.MessageSale)); a.Outcome != c.want {
					t.Errorf("message ended as %+v, want %s", a, c.want)
				}
				client.Close()
			})
		})
	}
}

// A message that waits behind a full connection when its time is up was not sent.
func TestQueuedMessageIsWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, e := newClient(h.dial)
		c.Start(t.Context())
		h.accept()
		first := sending(t, c, request(c, pasarela.MessageSale)) // its write hangs: the host does not read
		synctest.Wait()
		second := sending(t, c, request(c, pasarela.MessageSale))
		if a, b := <-first, <-second; a.Outcome != pasarela.OutcomeUnknown || b.Outcome != pasarela.OutcomeNotSent {
			t.Errorf("messages ended as %+v and %+v, want unknown and not sent", a, b)
		}
		if _, unsent, _ := e.heard(); len(unsent) != 0 {
			t.Errorf("unsent are %v although the link is up", unsent)
		}
		if m := h.read(); m.MTI != "0200" {
			t.Errorf("first message is %s", m.MTI)
		}
		if m := h.read(); m.MTI != "0800" {
			t.Errorf("after it comes %s, want an echo: the second was withdrawn", m.MTI)
		}
		go h.hangUp()
		c.Close()
	})
}
