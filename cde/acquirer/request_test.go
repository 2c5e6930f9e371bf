package acquirer_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/iso"
	"pasarela/cde/internal/pan"
)

// Each message travels as the type, processing code and reason that the layout names, by attempt.
func TestMessagesTravelAs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		message         pasarela.Message
		attempt         int
		mti, processing string
		reason          string
		of              pasarela.Message
		originalOf      string
		cvv             bool
	}{
		{pasarela.MessageAuthorize, 1, "0100", "000000", "", "", "", true},
		{pasarela.MessageVerify, 1, "0100", "380000", "", "", "", true},
		{pasarela.MessageSale, 1, "0200", "000000", "", "", "", true},
		{pasarela.MessageReauthorize, 1, "0100", "000000", "1900", pasarela.MessageAuthorize, "0100", false},
		{pasarela.MessageReauthorize, 2, "0100", "000000", "1900", pasarela.MessageAuthorize, "0100", false},
		{pasarela.MessageCapture, 1, "0220", "000000", "", pasarela.MessageAuthorize, "0100", false},
		{pasarela.MessageCapture, 2, "0221", "000000", "", pasarela.MessageAuthorize, "0100", false},
		{pasarela.MessageRefund, 1, "0200", "200000", "", pasarela.MessageSale, "0200", false},
		{pasarela.MessageRefund, 3, "0200", "200000", "", pasarela.MessageCapture, "0220", false},
		{pasarela.MessageVoid, 1, "0400", "000000", "4000", pasarela.MessageSale, "0200", false},
		{pasarela.MessageVoid, 1, "0400", "000000", "4000", pasarela.MessageCapture, "0220", false},
		{pasarela.MessageRelease, 2, "0420", "000000", "4900", pasarela.MessageAuthorize, "0100", false},
		{pasarela.MessageReverse, 3, "0421", "000000", "4021", pasarela.MessageSale, "0200", false},
		{pasarela.MessageReverseCapture, 7, "0421", "000000", "4921", pasarela.MessageCapture, "0220", false},
		{pasarela.MessageReduce, 1, "0400", "000000", "4901", pasarela.MessageReauthorize, "0100", false},
		{pasarela.MessageReduce, 2, "0420", "000000", "4901", pasarela.MessageReauthorize, "0100", false},
		{pasarela.MessageReverseReauthorize, 1, "0400", "000000", "4922", pasarela.MessageReauthorize, "0100", false},
		{pasarela.MessageReverseReauthorize, 3, "0421", "000000", "4922", pasarela.MessageReauthorize, "0100", false},
	} {
		t.Run(string(c.message)+" "+c.mti, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				client, _ := newClient(h.dial)
				client.Start(t.Context())
				h.accept()
				q := request(client, c.message)
				q.Attempt, q.Original, q.Of = c.attempt, client.NextTrace(), c.of
				waiting := sending(t, client, q)
				m := h.read()
				h.answer(m, "00")
				if a := <-waiting; a.Outcome != pasarela.OutcomeApproved {
					t.Errorf("message ended as %+v", a)
				}
				if m.MTI != c.mti || m.ProcessingCode != c.processing || m.Reason != c.reason {
					t.Errorf("travels as %s %s %q", m.MTI, m.ProcessingCode, m.Reason)
				}
				if pan.Digits(m.Card) != goodCard || m.CVV.IsZero() == c.cvv {
					t.Errorf("card %s, CVV there: %t", m.Card, !m.CVV.IsZero())
				}
				if c.originalOf != "" && (m.OriginalRRN != q.Original.RRN || m.Original[:4] != c.originalOf ||
					m.Original != iso.OriginalData(c.originalOf, q.Original, "000001")) {
					t.Errorf("original is %q, RRN %q", m.Original, m.OriginalRRN)
				}
				go h.hangUp()
				client.Close()
			})
		})
	}
}

// Terms go with the message that opens a payment and no other; a series that goes on uses a card on file, whatever
// the message.
func TestTermsTravelWithTheFirstMessage(t *testing.T) {
	t.Parallel()
	for message, opens := range map[pasarela.Message]bool{
		pasarela.MessageAuthorize: true, pasarela.MessageSale: true, pasarela.MessageVerify: true,
		pasarela.MessageReauthorize: false, pasarela.MessageCapture: false, pasarela.MessageReverse: false,
	} {
		t.Run(string(message), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				client, _ := newClient(h.dial)
				client.Start(t.Context())
				h.accept()
				q := request(client, message)
				q.Terms = pasarela.Terms{Recurrence: pasarela.RecurrenceSubsequent, Secure: pasarela.Secure{ECI: "05", Value: "cHJvb2Y="}}
				waiting := sending(t, client, q)
				m := h.read()
				h.answer(m, "00")
				<-waiting
				want := iso.Additional{}
				if opens {
					want = iso.Additional{ECI: "05", Authentication: "cHJvb2Y=", Recurrence: iso.RecurrenceSubsequent}
				}
				if m.Additional != want || m.EntryMode != "102" {
					t.Errorf("travels with %+v, entry mode %s", m.Additional, m.EntryMode)
				}
				go h.hangUp()
				client.Close()
			})
		})
	}
}

// A network token's cryptogram takes the place of 3-D Secure's value, unless there is one; no other card has any.
func TestCryptogramTravelsWithANetworkToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terms pasarela.Terms
		want  iso.Replayable
	}{
		"network token":                 {pasarela.Terms{NetworkToken: true}, "Y3J5cHRv"},
		"network token with 3-D Secure": {pasarela.Terms{NetworkToken: true, Secure: pasarela.Secure{Value: "cHJvb2Y="}}, "cHJvb2Y="},
		"card that is no network token": {pasarela.Terms{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				client, _ := newClient(h.dial)
				client.Start(t.Context())
				h.accept()
				q := request(client, pasarela.MessageSale)
				q.Terms, q.CVV = c.terms, pasarela.Sealed{Bytes: []byte(goodCVV + ";Y3J5cHRv")}
				waiting := sending(t, client, q)
				m := h.read()
				h.answer(m, "00")
				<-waiting
				if m.Authentication != c.want {
					t.Errorf("travels with %q, want %q", string(m.Authentication), string(c.want))
				}
				go h.hangUp()
				client.Close()
			})
		})
	}
}

// The traffic log shows every field of a message but the card's.
func TestTrafficLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, e := newClient(h.dial)
		c.Start(t.Context())
		h.accept()
		q := request(c, pasarela.MessageSale)
		waiting := sending(t, c, q)
		h.answer(h.read(), "00")
		<-waiting
		go h.hangUp()
		c.Close()
		all := e.record.Messages(2)
		text, err := json.Marshal(all)
		if err != nil || strings.Contains(string(text), goodCard) || strings.Contains(string(text), goodCVV) {
			t.Fatalf("traffic log (%v) shows card data: %s", err, text)
		}
		sent := all[0]
		if sent.Seq != 3 || sent.Direction != acquirer.Sent || sent.MTI != "0200" || all[1].Direction != acquirer.Received {
			t.Errorf("third message is %+v", sent)
		}
		for field, want := range map[string]string{
			"2": "545195******5480", "3": "000000", "4": "000000001698", "14": "3012", "18": "5999", "22": "812",
			"25": "59", "32": "000001", "37": q.Trace.RRN, "41": "PASARELA", "42": "000123456789012",
			"43": "Cafe Nandu del Centro His             EC", "49": "840", "63": string(q.Reference),
		} {
			if sent.Fields[field] != want {
				t.Errorf("field %s is %q, want %q", field, sent.Fields[field], want)
			}
		}
		if _, there := sent.Fields["48"]; there {
			t.Error("field 48 is shown although it held a CVV only")
		}
	})
}

// Codes that approve something else than what was asked leave it to a reversal.
func TestOutcomeOfResponseCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		message pasarela.Message
		code    string
		want    pasarela.Outcome
	}{
		{pasarela.MessageSale, "00", pasarela.OutcomeApproved},
		{pasarela.MessageVerify, "85", pasarela.OutcomeApproved},
		{pasarela.MessageSale, "85", pasarela.OutcomeUnknown},
		{pasarela.MessageReauthorize, "85", pasarela.OutcomeUnknown},
		{pasarela.MessageVoid, "85", pasarela.OutcomeDeclined},
		{pasarela.MessageSale, "51", pasarela.OutcomeDeclined},
		{pasarela.MessageSale, "10", pasarela.OutcomeUnknown},
		{pasarela.MessageSale, "", pasarela.OutcomeUnknown},
	} {
		t.Run(string(c.message)+" "+c.code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				client, _ := newClient(h.dial)
				client.Start(t.Context())
				h.accept()
				waiting := sending(t, client, request(client, c.message))
				h.answer(h.read(), c.code)
				if a := <-waiting; a.Outcome != c.want || a.ResponseCode != c.code {
					t.Errorf("message ended as %+v, want %s", a, c.want)
				}
				go h.hangUp()
				client.Close()
			})
		})
	}
}

// An advice code comes to the gateway as the issuer wrote it.
func TestAdviceComesWithTheAnswer(t *testing.T) {
	t.Parallel()
	for _, advice := range []string{"03", ""} {
		t.Run(advice, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				client, _ := newClient(h.dial)
				client.Start(t.Context())
				h.accept()
				waiting := sending(t, client, request(client, pasarela.MessageSale))
				m := h.read()
				m.Advice = advice
				h.answer(m, "05")
				if a := <-waiting; a.Outcome != pasarela.OutcomeDeclined || a.Advice != advice {
					t.Errorf("message ended as %+v, want advice %q", a, advice)
				}
				go h.hangUp()
				client.Close()
			})
		})
	}
}

// What can't be a message is not sent, and the log says why without showing the card.
func TestRequestThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*pasarela.NetworkRequest){
		"kind":   func(q *pasarela.NetworkRequest) { q.Message = "lend" },
		"STAN":   func(q *pasarela.NetworkRequest) { q.Trace.STAN = 1_000_000 },
		"RRN":    func(q *pasarela.NetworkRequest) { q.Trace.RRN = "12345678901x" },
		"amount": func(q *pasarela.NetworkRequest) { q.Amount.Minor = -1 },
		"card":   func(q *pasarela.NetworkRequest) { q.Card.Bytes = []byte(goodCard + "5555") },
		"terms":  func(q *pasarela.NetworkRequest) { q.Installments.Months = 100 },
		"expiry": func(q *pasarela.NetworkRequest) { q.Facts.Expiry = "203012" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, e := newClient(nil)
			q := request(c, pasarela.MessageSale)
			change(&q)
			want := pasarela.NetworkAnswer{Outcome: pasarela.OutcomeNotSent, ResponseCode: pasarela.ResponseUnsendable}
			if a := c.Send(t.Context(), q); a != want {
				t.Errorf("ended as %+v, want %+v: the link is not to blame", a, want)
			}
			if _, _, log := e.heard(); !strings.Contains(log, "not sent") || strings.Contains(log, goodCard) {
				t.Errorf("log is %q", log)
			}
		})
	}
}

// An operator's id for a terminal may be shorter than field 41, which spaces fill up on the right.
func TestTerminalsTravelInTheirWholeField(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"": "PASARELA", "A": "A       ", "node7": "node7   ", "NODE0001": "NODE0001"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				client := acquirer.New(acquirer.Config{Dial: h.dial, Opener: openSeal{}, Clock: pasarela.SystemClock{}, TerminalID: id})
				client.Start(t.Context())
				h.accept()
				waiting := sending(t, client, request(client, pasarela.MessageSale))
				m := h.read()
				h.answer(m, "00")
				if a := <-waiting; a.Outcome != pasarela.OutcomeApproved || m.Terminal != want {
					t.Errorf("terminal travels as %q, want %q; the message ended as %+v", m.Terminal, want, a)
				}
				go h.hangUp()
				client.Close()
			})
		})
	}
}

// What no message could carry is refused before the first one.
func TestTerminalIDs(t *testing.T) {
	t.Parallel()
	for id, good := range map[string]bool{"A": true, "node7": true, "PASARELA": true,
		"": false, "PASARELA1": false, "NODE 1": false, "NODE-1": false, "ñandu": false, "NODE\x00": false} {
		if err := acquirer.CheckTerminal(id); (err == nil) != good {
			t.Errorf("%q: %v", id, err)
		}
	}
}
