package pasarela

import "time"

// Message is what the gateway asks of an acquirer.
type Message string

// The messages, with the ISO 8583 types they travel as.
const (
	MessageAuthorize      Message = "authorize"       // 0100: hold the amount
	MessageSale           Message = "sale"            // 0200: take the amount
	MessageVerify         Message = "verify"          // 0100 of zero: is the account good
	MessageCapture        Message = "capture"         // 0220: take what is held
	MessageRefund         Message = "refund"          // 0200, processing code 20: give back
	MessageVoid           Message = "void"            // 0400: the merchant cancels a sale or a capture
	MessageRelease        Message = "release"         // 0400: the merchant cancels a hold, or it expired
	MessageReverse        Message = "reverse"         // 0400: the gateway does not know whether it was authorized
	MessageReverseCapture Message = "reverse_capture" // 0400: the gateway does not know whether it was captured
)

// Trace is what identifies one message on the network and, later, the original of a reversal.
type Trace struct {
	STAN   uint32    // system trace audit number, 1 to 999999
	RRN    string    // retrieval reference number, 12 digits
	SentAt time.Time // transmission date and time, UTC, as field 7 carries it (to the second)
}

// NetworkRequest is one message to an acquirer. The same request may be sent again with a higher Attempt:
// the issuer recognises Reference and Trace and answers it once.
type NetworkRequest struct {
	Message   Message
	Attempt   int // 1 for the first; a repeated 0400 becomes 0420, then 0421
	Reference PaymentID
	Trace     Trace
	Original  Trace   // of the message that is captured, voided, reversed or refunded
	Of        Message // what the original asked for
	Amount    Money   // what to hold, take or give back
	Merchant  MerchantID
	Name      string // merchant's name, for the statement
	Country   string
	Card      Sealed
	CVV       Sealed
	Facts     CardFacts
	Stored    bool // the merchant keeps the card on file: no CVV is to be expected
}

// Outcome is how a message ended, as far as the gateway knows.
type Outcome string

// The outcomes.
const (
	OutcomeApproved Outcome = "approved"
	OutcomeDeclined Outcome = "declined"
	OutcomeUnknown  Outcome = "unknown"  // sent, perhaps; no answer in time
	OutcomeNotSent  Outcome = "not_sent" // certainly never left this machine
)

// NetworkAnswer is what came of a NetworkRequest.
type NetworkAnswer struct {
	Outcome      Outcome
	ResponseCode string // ISO 8583 field 39; "" when there was no answer
	ApprovalCode string // field 38
}

// Response codes that the gateway itself gives a payment which the network never answered. They fit field
// 39's place in reports and can't be mistaken for an issuer's two characters.
const (
	ResponseNoAnswer    = "no_answer"   // outcome unknown, reversed
	ResponseUnreachable = "unreachable" // never sent
)
