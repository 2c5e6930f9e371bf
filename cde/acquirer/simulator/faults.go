package simulator

import (
	"time"

	"pasarela"
)

// FaultKind is what goes wrong.
type FaultKind string

// The kinds. The issuer books the request in all but the last two; only its answer suffers.
const (
	FaultNoResponse        FaultKind = "no_response"
	FaultLateResponse      FaultKind = "late_response"      // after DelayMS, or after the gateway gave up
	FaultDropConnection    FaultKind = "drop_connection"    // after the request was read and booked
	FaultDuplicateResponse FaultKind = "duplicate_response" // the answer comes twice
	FaultGarbage           FaultKind = "garbage"            // random bytes, well framed, in the answer's place
	FaultDecline           FaultKind = "decline"            // with ResponseCode
	FaultRefuseConnection  FaultKind = "refuse_connection"  // connections are closed, new ones reset
)

// FaultOn is which messages a fault fits.
type FaultOn string

// Where faults fit. Sign-on, sign-off and echo are never hit.
const (
	OnAuthorization FaultOn = "authorization" // authorizations, sales, account verifications, reauthorizations
	OnCapture       FaultOn = "capture"
	OnReversal      FaultOn = "reversal" // reversals, voids, releases, reauthorizations given back
	OnRefund        FaultOn = "refund"
	OnAny           FaultOn = "any"
)

// Limits of a fault.
const (
	maxFaultCount = 1_000_000
	maxFaultDelay = 10 * time.Minute
)

// Fault is one kind of failure for the next Count messages that it fits; 0 means 1, and no On means any.
type Fault struct {
	Kind         FaultKind `json:"kind"`
	On           FaultOn   `json:"on"`
	Count        int       `json:"count"`
	DelayMS      int64     `json:"delay_ms,omitempty"`      // of late_response
	ResponseCode string    `json:"response_code,omitempty"` // of decline
}

// check returns the fault with its defaults, or CodeInvalid.
func (f Fault) check() (Fault, error) {
	switch f.Kind {
	case FaultNoResponse, FaultLateResponse, FaultDropConnection, FaultDuplicateResponse, FaultGarbage, FaultDecline,
		FaultRefuseConnection:
	default:
		return f, pasarela.Errorf(pasarela.CodeInvalid, "kind must be no_response, late_response, drop_connection, "+
			"refuse_connection, duplicate_response, garbage or decline")
	}
	if f.On == "" {
		f.On = OnAny
	}
	switch f.On {
	case OnAuthorization, OnCapture, OnReversal, OnRefund, OnAny:
	default:
		return f, pasarela.Errorf(pasarela.CodeInvalid, "on must be authorization, capture, reversal, refund or any")
	}
	if f.Count < 0 || f.Count > maxFaultCount {
		return f, pasarela.Errorf(pasarela.CodeInvalid, "count must be 1 to %d, or left out for 1", maxFaultCount)
	}
	f.Count = max(f.Count, 1)
	return f, f.checkDetails()
}

func (f Fault) checkDetails() error {
	switch {
	case f.DelayMS < 0 || f.DelayMS > maxFaultDelay.Milliseconds():
		return pasarela.Errorf(pasarela.CodeInvalid, "delay_ms must be 0 to %d", maxFaultDelay.Milliseconds())
	case f.ResponseCode != "" && f.Kind != FaultDecline:
		return pasarela.Errorf(pasarela.CodeInvalid, "response_code goes with decline only")
	case f.Kind == FaultDecline && (!twoCharacters(f.ResponseCode) || approves(f.ResponseCode)):
		return pasarela.Errorf(pasarela.CodeInvalid,
			"decline needs response_code: two digits or capital letters of ISO 8583 field 39, not 00 or 85, which approve")
	}
	return nil
}

func twoCharacters(code string) bool {
	if len(code) != 2 {
		return false
	}
	for _, c := range []byte(code) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// fits says whether the fault is meant for op.
func (f Fault) fits(op pasarela.Message) bool {
	switch op {
	case pasarela.MessageAuthorize, pasarela.MessageSale, pasarela.MessageVerify, pasarela.MessageReauthorize:
		return f.On == OnAny || f.On == OnAuthorization
	case pasarela.MessageCapture:
		return f.On == OnAny || f.On == OnCapture
	case pasarela.MessageRefund:
		return f.On == OnAny || f.On == OnRefund
	default:
		return reverses(op) && (f.On == OnAny || f.On == OnReversal)
	}
}
