package simulator_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
)

// Whatever happens to the answer, the issuer has booked the request, and the gateway knows that it does not know.
func TestLostAnswerIsUnknownAndBooked(t *testing.T) {
	t.Parallel()
	for _, f := range []simulator.Fault{
		{Kind: simulator.FaultNoResponse, On: simulator.OnAny},
		{Kind: simulator.FaultLateResponse, On: simulator.OnAuthorization, DelayMS: 60_000},
		{Kind: simulator.FaultLateResponse, On: simulator.OnAuthorization},
		{Kind: simulator.FaultDropConnection, On: simulator.OnAuthorization},
		{Kind: simulator.FaultGarbage, On: simulator.OnAuthorization},
	} {
		t.Run(string(f.Kind), func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.fault(f)
				q := r.request(pasarela.MessageSale)
				r.want(r.sendWithin(q, 300*time.Millisecond), pasarela.OutcomeUnknown, "")
				r.wantBook(q, simulator.StateCaptured, 1000, 0)
				r.approve(r.after(q, pasarela.MessageReverse))
				r.wantBook(q, simulator.StateReversed, 0, 0)
				r.approve(r.request(pasarela.MessageSale))
			})
		})
	}
}

// An answer that comes too late is counted and given to nobody, not even to a request under way.
func TestLateAnswerIsCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.approve(r.request(pasarela.MessageSale)) // the link is up
		r.fault(simulator.Fault{Kind: simulator.FaultLateResponse, On: simulator.OnAuthorization, DelayMS: 1500})
		r.want(r.sendWithin(r.request(pasarela.MessageSale), 500*time.Millisecond), pasarela.OutcomeUnknown, "")
		r.wantStray(acquirer.StrayLate)
		r.approve(r.request(pasarela.MessageSale))
	})
}

// An answer that is merely slow is an answer.
func TestSlowAnswerWithinTheTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.fault(simulator.Fault{Kind: simulator.FaultLateResponse, On: simulator.OnAuthorization, DelayMS: 50})
		r.approve(r.request(pasarela.MessageSale))
	})
}

// Left to itself, a late answer comes one second after the gateway has given up.
func TestLateAnswerComesAfterTheGatewaysTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.approve(r.request(pasarela.MessageSale)) // the link is up
		r.fault(simulator.Fault{Kind: simulator.FaultLateResponse, On: simulator.OnAny})
		began := time.Now()
		r.want(r.sendWithin(r.request(pasarela.MessageSale), 500*time.Millisecond), pasarela.OutcomeUnknown, "")
		r.wantStray(acquirer.StrayLate)
		if took := time.Since(began); took != 1050*time.Millisecond {
			t.Fatalf("late answer after %s, want 1.05 s", took)
		}
	}, func(c *simulator.Config) { c.GatewayTimeout = 50 * time.Millisecond })
}

// The second of two answers is counted, and the message booked once.
func TestDuplicateAnswerIsCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.fault(simulator.Fault{Kind: simulator.FaultDuplicateResponse, On: simulator.OnAuthorization})
		q := r.approve(r.request(pasarela.MessageSale))
		r.wantStray(acquirer.StrayDuplicate)
		r.wantBook(q, simulator.StateCaptured, 1000, 0)
	})
}

// Garbage costs the link nothing but the message.
func TestGarbageIsCountedAndTheLinkStays(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.approve(r.request(pasarela.MessageSale))
		before := len(r.log.Messages(0))
		r.fault(simulator.Fault{Kind: simulator.FaultGarbage, On: simulator.OnAny})
		r.want(r.sendWithin(r.request(pasarela.MessageSale), 200*time.Millisecond), pasarela.OutcomeUnknown, "")
		r.wantStray(acquirer.StrayGarbage)
		r.approve(r.request(pasarela.MessageSale))
		for _, m := range r.log.Messages(int64(before)) {
			if m.MTI == "0800" {
				t.Fatal("the client signed on again: the link did not stay")
			}
		}
	})
}

// A declining fault answers its code, books nothing as approved, and is used up by what it fits only.
func TestDecliningFaultFitsItsMessagesOnly(t *testing.T) {
	t.Parallel()
	for on, m := range map[simulator.FaultOn]pasarela.Message{
		simulator.OnAuthorization: pasarela.MessageAuthorize,
		simulator.OnCapture:       pasarela.MessageCapture,
		simulator.OnRefund:        pasarela.MessageRefund,
		simulator.OnReversal:      pasarela.MessageVoid,
		simulator.OnAny:           pasarela.MessageRelease,
	} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			first := r.request(pasarela.MessageSale)
			if m == pasarela.MessageCapture || m == pasarela.MessageRelease {
				first.Message = pasarela.MessageAuthorize
			}
			r.approve(first)
			before := r.book(first)
			r.fault(simulator.Fault{Kind: simulator.FaultDecline, On: on, ResponseCode: "91"})
			q := r.after(first, m)
			if on == simulator.OnAuthorization {
				q = r.request(m)
			}
			if on != simulator.OnAny && on != simulator.OnAuthorization {
				r.approve(r.request(pasarela.MessageSale)) // uses nothing up
			}
			r.want(r.send(q), pasarela.OutcomeDeclined, "91")
			if after := r.book(first); after != before {
				t.Fatalf("issuer says %+v, before the refused message %+v", after, before)
			}
			if left := r.bank.Faults(); len(left) != 0 {
				t.Fatalf("left of the faults: %+v", left)
			}
		})
	}
}

// Faults are used in the order they were queued, each for its count.
func TestFaultsQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnAuthorization, Count: 2, ResponseCode: "91"})
	r.fault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnAny, ResponseCode: "96"})
	for _, code := range []string{"91", "91", "96"} {
		r.want(r.send(r.request(pasarela.MessageSale)), pasarela.OutcomeDeclined, code)
	}
	r.approve(r.request(pasarela.MessageSale))

	r.fault(simulator.Fault{Kind: simulator.FaultNoResponse, On: simulator.OnAny, Count: 3})
	want := simulator.Fault{Kind: simulator.FaultNoResponse, On: simulator.OnAny, Count: 3}
	if left := r.bank.Faults(); len(left) != 1 || left[0] != want {
		t.Fatalf("faults are %+v, want %+v", left, want)
	}
	if err := r.bank.ClearFaults(); err != nil {
		t.Fatal(err)
	}
	r.approve(r.request(pasarela.MessageSale))
}

// While connections are refused nothing is sent, what could not be sent uses the fault up, and then all is well.
func TestRefusedConnectionsAreNotSentAndUsedUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.approve(r.request(pasarela.MessageSale))
	r.fault(simulator.Fault{Kind: simulator.FaultRefuseConnection, On: simulator.OnAuthorization, Count: 2})
	if r.gateway.Up() {
		t.Fatal("the link is up after its refusal was armed")
	}
	for range 2 {
		q := r.request(pasarela.MessageSale)
		r.want(r.send(q), pasarela.OutcomeNotSent, "")
	}
	if left := r.bank.Faults(); len(left) != 0 {
		t.Fatalf("left of the faults: %+v", left)
	}
	r.approve(r.request(pasarela.MessageSale))
	if n := len(r.bank.Authorizations(0, 0)); n != 2 {
		t.Fatalf("issuer lists %d, want the 2 that were sent", n)
	}
}

// In a process of its own the simulator counts the refused connections themselves.
func TestStandaloneRefusalsAreUsedUpByConnecting(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *simulator.Config) { c.Standalone = true })
	r.approve(r.request(pasarela.MessageSale))
	r.fault(simulator.Fault{Kind: simulator.FaultRefuseConnection, On: simulator.OnAny, Count: 3})
	deadline := time.Now().Add(10 * time.Second)
	for answer := (pasarela.NetworkAnswer{}); answer.Outcome != pasarela.OutcomeApproved; {
		if time.Now().After(deadline) {
			t.Fatal("connections are refused for ever")
		}
		answer = r.send(r.request(pasarela.MessageSale))
	}
	if left := r.bank.Faults(); len(left) != 0 {
		t.Fatalf("left of the faults: %+v", left)
	}
}

// Sign-on is never hit: a fault on anything waits for a payment.
func TestFaultsSpareNetworkManagement(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.fault(simulator.Fault{Kind: simulator.FaultDropConnection, On: simulator.OnAny})
		r.want(r.send(r.request(pasarela.MessageSale)), pasarela.OutcomeUnknown, "")
		r.fault(simulator.Fault{Kind: simulator.FaultNoResponse, On: simulator.OnAny})
		r.want(r.sendWithin(r.request(pasarela.MessageSale), 200*time.Millisecond), pasarela.OutcomeUnknown, "")
		r.approve(r.request(pasarela.MessageSale))
	})
}

// What a fault may say is checked where it is added, with a text that says what to send.
func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	bank := openBank(t, simulator.Config{Dir: t.TempDir(), Clock: noon})
	for name, c := range map[string]struct {
		fault simulator.Fault
		text  string
	}{
		"kind":            {simulator.Fault{Kind: "explode", On: "any"}, "kind must be"},
		"on":              {simulator.Fault{Kind: "garbage", On: "sale"}, "on must be"},
		"count":           {simulator.Fault{Kind: "garbage", On: "any", Count: -1}, "count must be"},
		"delay":           {simulator.Fault{Kind: "late_response", On: "any", DelayMS: -1}, "delay_ms must be"},
		"code left out":   {simulator.Fault{Kind: "decline", On: "any"}, "needs response_code"},
		"approving code":  {simulator.Fault{Kind: "decline", On: "any", ResponseCode: "00"}, "needs response_code"},
		"code of another": {simulator.Fault{Kind: "garbage", On: "any", ResponseCode: "05"}, "goes with decline"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := bank.AddFault(c.fault)
			if err == nil || !strings.Contains(err.Error(), c.text) || pasarela.CodeOf(err) != pasarela.CodeInvalid {
				t.Fatalf("error is %v, want one that says %q", err, c.text)
			}
		})
	}
}

// What waits outlives the process, and what was used up stays used up. Refused connections end with it: the gateway
// could not start to be told to forget them.
func TestFaultsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnAuthorization, Count: 2, ResponseCode: "61"})
	r.fault(simulator.Fault{Kind: simulator.FaultNoResponse, On: simulator.OnCapture})
	r.want(r.send(r.request(pasarela.MessageSale)), pasarela.OutcomeDeclined, "61")
	r.fault(simulator.Fault{Kind: simulator.FaultRefuseConnection, On: simulator.OnRefund})
	again := openBank(t, simulator.Config{Dir: r.dir, Clock: noon})
	want := []simulator.Fault{
		{Kind: simulator.FaultDecline, On: simulator.OnAuthorization, Count: 1, ResponseCode: "61"},
		{Kind: simulator.FaultNoResponse, On: simulator.OnCapture, Count: 1},
	}
	if got := again.Faults(); !slices.Equal(got, want) {
		t.Fatalf("after a restart %+v wait, want %+v", got, want)
	}
	if err := again.ClearFaults(); err != nil {
		t.Fatal(err)
	}
	if got := openBank(t, simulator.Config{Dir: r.dir, Clock: noon}).Faults(); len(got) != 0 {
		t.Fatalf("forgotten faults came back: %+v", got)
	}
}

// A queue that cannot be read is said so, not taken for empty.
func TestUnreadableFaultsAreAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "faults.json"), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := simulator.Open(simulator.Config{Dir: dir, Clock: noon}); err == nil || !strings.Contains(err.Error(), "delete the file") {
		t.Fatalf("opened with %v", err)
	}
}
