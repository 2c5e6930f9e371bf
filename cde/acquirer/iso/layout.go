package iso

import (
	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
	"github.com/moov-io/iso8583/sort"
)

// Spec is the whole layout. A field that is not listed here makes a message undecodable, which keeps
// track data, PIN blocks and chip data out by construction.
var Spec = &iso8583.MessageSpec{
	Name: "pasarela",
	Fields: map[int]field.Field{
		0:  fixed(4, "Message type indicator"),
		1:  field.NewBitmap(&field.Spec{Length: 8, Description: "Bitmap", Enc: encoding.Binary, Pref: prefix.Binary.Fixed}),
		2:  upTo(19, ll, "Card number"),
		3:  fixed(6, "Processing code: 000000 purchase, 200000 refund, 380000 account verification"),
		4:  fixed(12, "Amount in minor units"),
		7:  fixed(10, "Transmission date and time, MMDDhhmmss UTC"),
		11: fixed(6, "System trace audit number (STAN)"),
		12: fixed(6, "Time of the transaction, hhmmss UTC"),
		13: fixed(4, "Date of the transaction, MMDD UTC"),
		14: fixed(4, "Card's expiry, YYMM"),
		18: fixed(4, "Merchant category code"),
		22: fixed(3, "Point of service entry mode: 812 e-commerce, 102 credential on file"),
		25: fixed(2, "Point of service condition: 59 e-commerce"),
		32: upTo(11, ll, "Acquiring institution"),
		37: fixed(12, "Retrieval reference number (RRN)"),
		38: fixed(6, "Approval code"),
		39: fixed(2, "Response code"),
		41: fixed(8, "Terminal"),
		42: fixed(15, "Merchant number"),
		43: fixed(40, "Merchant's name (25), city (13) and country (2)"),
		48: field.NewComposite(&field.Spec{
			Length: 999, Description: "Additional data, as two-digit tag, two-digit length, value", Pref: lll,
			Tag: &field.TagSpec{Length: 2, Enc: encoding.ASCII, Sort: sort.StringsByInt,
				SkipUnknownTLVTags: false},
			Subfields: map[string]field.Field{
				"01": upTo(8, ll, "Version of the 3-D Secure protocol; tags below 10 are our own"),
				"02": upTo(36, ll, "Directory server's transaction id, a UUID"),
				"03": upTo(28, ll, "XID of 3-D Secure, base64"),
				"04": upTo(1, ll, "Place in a series of the merchant's own: I initial, S subsequent"),
				"05": upTo(36, ll, "Scheme's id of the first transaction of the series"),
				"06": upTo(1, ll, "1: field 2 is a network token, which stands for a card"),
				"07": upTo(7, ll, "Installments: months (2), grace months (2), plan (0 to 3 digits)"),
				"22": upTo(10, ll, "Who began it, as sub-element 05 with two-digit length: C101 to M208"),
				"42": upTo(7, ll, "ECI of 3-D Secure, two digits; of a Mastercard its collection indicator, one digit, after it"),
				"43": upTo(32, ll, "Authentication value of 3-D Secure, base64"),
				"84": upTo(2, ll, "Merchant advice code, in answers: whether trying again makes sense"),
				"92": upTo(4, ll, "CVV; nowhere else in the message"),
			},
		}),
		49: fixed(3, "Currency, ISO 4217 numeric"),
		60: upTo(4, lll, "Why a reversal or a reauthorization is sent: see the Reason constants"),
		61: upTo(12, lll, "RRN of the original message"),
		63: upTo(36, lll, "The gateway's transaction reference, a UUID"),
		70: fixed(3, "Network management: 001 sign-on, 002 sign-off, 301 echo"),
		90: fixed(42, "Original message: MTI (4), STAN (6), field 7 (10), acquirer (11), zeros (11)"),
	},
}

var (
	ll  = prefix.ASCII.LL
	lll = prefix.ASCII.LLL
)

func fixed(length int, description string) *field.String {
	return upTo(length, prefix.ASCII.Fixed, description)
}

func upTo(length int, lengthPrefix prefix.Prefixer, description string) *field.String {
	return field.NewString(&field.Spec{Length: length, Description: description, Enc: encoding.ASCII, Pref: lengthPrefix,
		Packer: text{}, Unpacker: text{}})
}

// Message types. An answer's differs from its request's in the third digit: see AnswerTo.
const (
	AuthorizationRequest = "0100"
	FinancialRequest     = "0200" // a sale, or with ProcessingRefund a refund
	CaptureAdvice        = "0220"
	CaptureRepeat        = "0221"
	ReversalRequest      = "0400"
	ReversalAdvice       = "0420"
	ReversalRepeat       = "0421"
	NetworkRequest       = "0800"
)

// Processing codes, field 3.
const (
	ProcessingPurchase = "000000"
	ProcessingRefund   = "200000"
	ProcessingVerify   = "380000"
)

// Reasons, field 60: of reversals, and what tells a reauthorization from an authorization. ReasonVoid and
// ReasonReverse are ISO 8583:1993's, the others our own.
const (
	ReasonReauthorize        = "1900" // 0100: the earlier authorization is to hold the amount besides, or with zero for longer
	ReasonVoid               = "4000" // the merchant cancels a sale or a capture
	ReasonReverse            = "4021" // no answer: whatever the authorization or sale did is to be undone
	ReasonRelease            = "4900" // the hold is given back, by the merchant or because it ran out
	ReasonReduce             = "4901" // the merchant gives one reauthorization back, the rest of the hold stands
	ReasonReverseCapture     = "4921" // no answer to the capture: it is to be undone, the hold stands
	ReasonReverseReauthorize = "4922" // no answer to the reauthorization: it is to be undone, the rest of the hold stands
)

// Functions of a network management message, field 70.
const (
	SignOn  = "001"
	SignOff = "002"
	Echo    = "301"
)

// Response codes, field 39, that the two sides act on.
const (
	CodeApproved         = "00"
	CodeInvalid          = "12" // transaction does not fit the state of its original
	CodeInvalidAmount    = "13"
	CodeInvalidNumber    = "14"
	CodeNoOriginal       = "25"
	CodeFormat           = "30"
	CodeShortOfFunds     = "51"
	CodeExpiredCard      = "54"
	CodeLimit            = "61"
	CodeNoReasonToRefuse = "85" // approves an account verification
	CodeDuplicate        = "94"
)

// AnswerTo is the message type that answers mti: 0110 for 0100, 0430 for 0420 and for its repeat 0421. It
// is "" where mti is not a request.
func AnswerTo(mti string) string {
	if len(mti) != 4 || (mti[2] != '0' && mti[2] != '2') {
		return ""
	}
	return mti[:2] + string(mti[2]+1) + "0"
}
