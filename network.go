package pasarela

import "time"

// Message is what the gateway asks of an acquirer.
type Message string

// The messages, with the ISO 8583 types they travel as.
const (
	MessageAuthorize          Message = "authorize"           // 0100: hold the amount
	MessageSale               Message = "sale"                // 0200: take the amount
	MessageVerify             Message = "verify"              // 0100 of zero: is the account good
	MessageCapture            Message = "capture"             // 0220: take what is held
	MessageReauthorize        Message = "reauthorize"         // 0100 about an earlier one: hold more, or longer
	MessageRefund             Message = "refund"              // 0200, processing code 20: give back
	MessageVoid               Message = "void"                // 0400: the merchant cancels a sale or a capture
	MessageRelease            Message = "release"             // 0400: the merchant cancels a hold, or it expired
	MessageReverse            Message = "reverse"             // 0400: the gateway does not know whether it was authorized
	MessageReverseCapture     Message = "reverse_capture"     // 0400: the gateway does not know whether it was captured
	MessageReduce             Message = "reduce"              // 0400: the merchant gives a reauthorization back
	MessageReverseReauthorize Message = "reverse_reauthorize" // 0400: the gateway does not know whether it was reauthorized
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
	Operation OperationID // capture, void or refund that it is about; not sent
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
	Terms
}

// Recurrence is a payment's place in a series that an engine of the merchant's own runs.
type Recurrence string

// The places.
const (
	RecurrenceNone       Recurrence = ""
	RecurrenceInitial    Recurrence = "initial"
	RecurrenceSubsequent Recurrence = "subsequent"
)

// Terms is what an authorization or sale says beside card and amount. The zero value is one payment, of a
// cardholder who is not authenticated.
type Terms struct {
	Secure       Secure
	Recurrence   Recurrence
	Initiator    string // Mastercard's code of who began it, C101 to M208; "" for none
	SchemeID     string // scheme's id of the first transaction of a series; "" when unknown
	NetworkToken bool   // the number stands for a card: a wallet's or the scheme's token
	Installments Installments
}

// Installments split a payment for the cardholder. The zero value is none.
type Installments struct {
	Months int    // 2 to 99
	Grace  int    // months before the first
	Plan   string // credit type, two or three digits: who bears the interest
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
	ResponseCode string // ISO 8583 field 39; "" when there was no answer, ResponseUnsendable when none can come
	ApprovalCode string // field 38
	Advice       string // Mastercard's merchant advice code, two digits: whether trying again makes sense; "" for none
}

// LateApproval names a message that was given up without an answer, and that the issuer has approved after that.
type LateApproval struct {
	Message   Message // MessageAuthorize, MessageSale or MessageCapture
	Merchant  MerchantID
	Reference PaymentID
	Operation OperationID // of a capture
	Trace     Trace
}

// Response codes that the gateway itself gives a payment which the network never answered. They fit field
// 39's place in reports and can't be mistaken for an issuer's two characters.
const (
	ResponseNoAnswer    = "no_answer"   // outcome unknown, reversed
	ResponseUnreachable = "unreachable" // never sent: the acquirer was not reached
	ResponseUnsendable  = "unsendable"  // never sent: no message can be made of it, as of a card that does not open
)

// NeverSent says whether a response code is that of a message which certainly never left.
func NeverSent(responseCode string) bool {
	return responseCode == ResponseUnreachable || responseCode == ResponseUnsendable
}
