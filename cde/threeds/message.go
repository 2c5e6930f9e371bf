package threeds

import (
	"crypto/rand"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
)

// Version is the protocol version that the server speaks. Answers may be of any of Versions.
const Version = "2.2.0"

// Versions are the protocol versions that are understood.
var Versions = []string{"2.1.0", "2.2.0"}

// The types of messages.
const (
	TypePReq = "PReq"
	TypePRes = "PRes"
	TypeAReq = "AReq"
	TypeARes = "ARes"
	TypeCReq = "CReq"
	TypeCRes = "CRes"
	TypeRReq = "RReq"
	TypeRRes = "RRes"
	TypeErro = "Erro"
)

// The statuses of a transaction (transStatus).
const (
	StatusAuthenticated = "Y"
	StatusAttempted     = "A"
	StatusChallenge     = "C"
	StatusDenied        = "N"
	StatusUnavailable   = "U"
	StatusRejected      = "R"
)

// The codes of an Erro that are used here (errorCode).
const (
	ErrorMessageInvalid     = "101"
	ErrorVersion            = "102"
	ErrorElementMissing     = "201"
	ErrorCriticalExtension  = "202"
	ErrorFormat             = "203"
	ErrorTransactionUnknown = "301"
	ErrorAccessDenied       = "303"
	ErrorTransactionData    = "305"
	ErrorSerialNumber       = "307"
	ErrorTimedOut           = "402"
	ErrorTransient          = "403"
)

// The components of the protocol, as an Erro names them (errorComponent).
const (
	ComponentServer    = "S"
	ComponentDirectory = "D"
	ComponentIssuer    = "A"
)

// Header opens every message.
type Header struct {
	MessageType    string `json:"messageType"`
	MessageVersion string `json:"messageVersion"`
}

// Extension is what a party says beyond the protocol (messageExtension).
type Extension struct {
	Name        string         `json:"name"`
	ID          string         `json:"id"`
	Criticality bool           `json:"criticalityIndicator"`
	Data        jsontext.Value `json:"data,omitempty"`
}

// LinkExtension names the extension by which an ACS says that its page may be opened by a link, and then sends
// the browser back by a redirect: GET acsURL?creq=... and 303 to notificationURL?cres=...
const LinkExtension = "pasarela.link"

// Erro is the answer to a message that cannot be processed.
type Erro struct {
	Header
	ThreeDSServerTransID string `json:"threeDSServerTransID,omitempty"`
	ACSTransID           string `json:"acsTransID,omitempty"`
	DSTransID            string `json:"dsTransID,omitempty"`
	ErrorCode            string `json:"errorCode"`
	ErrorComponent       string `json:"errorComponent"`
	ErrorDescription     string `json:"errorDescription"`
	ErrorDetail          string `json:"errorDetail"`
	ErrorMessageType     string `json:"errorMessageType,omitempty"`
}

// NewErro builds an Erro of a component. The detail names members, never their content.
func NewErro(component, code, detail, about string) Erro {
	return Erro{Header: Header{TypeErro, Version}, ErrorCode: code, ErrorComponent: component,
		ErrorDescription: errorDescriptions[code], ErrorDetail: detail, ErrorMessageType: about}
}

var errorDescriptions = map[string]string{
	ErrorMessageInvalid:     "Message Received Invalid",
	ErrorVersion:            "Message Version Number Not Supported",
	ErrorElementMissing:     "Required Data Element Missing",
	ErrorCriticalExtension:  "Critical Message Extension Not Recognised",
	ErrorFormat:             "Format of one or more Data Elements is Invalid according to the Specification",
	ErrorTransactionUnknown: "Transaction ID Not Recognised",
	ErrorAccessDenied:       "Access Denied, Invalid Endpoint",
	ErrorTransactionData:    "Transaction Data Not Valid",
	ErrorSerialNumber:       "Serial Number Not Valid",
	ErrorTimedOut:           "Transaction Timed Out",
	ErrorTransient:          "Transient System Failure",
}

// strict is the protocol's JSON: members spelled exactly and named once. Members that are not known are passed
// over, as the protocol asks.
var strict = json.JoinOptions(
	json.DefaultOptionsV2(),
	jsontext.AllowDuplicateNames(false),
	jsontext.AllowInvalidUTF8(false),
	json.MatchCaseInsensitiveNames(false),
)

// Decode reads a message. The error has CodeInvalid and says nothing of the content, which may be a card's.
func Decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into, strict); err != nil {
		return pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: message is not well-formed, or a member has the wrong type")
	}
	return nil
}

// Encode writes a message. Card numbers come out masked.
func Encode(message any) ([]byte, error) {
	body, err := json.Marshal(message, strict)
	if err != nil {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "3-D Secure: message could not be written")
	}
	return body, nil
}

// TypeOf is the type of a message, "" where it has none that is known.
func TypeOf(body []byte) string {
	var h struct {
		MessageType string `json:"messageType"`
	}
	if Decode(body, &h) != nil {
		return ""
	}
	known := []string{TypePReq, TypePRes, TypeAReq, TypeARes, TypeCReq, TypeCRes, TypeRReq, TypeRRes, TypeErro}
	if !slices.Contains(known, h.MessageType) {
		return ""
	}
	return h.MessageType
}

// check says what is wrong with the parts that all messages share, as the code of an Erro, or "".
func (h Header) check(want string, extensions []Extension) string {
	switch {
	case h.MessageType != want:
		return ErrorMessageInvalid
	case !slices.Contains(Versions, h.MessageVersion):
		return ErrorVersion
	case slices.ContainsFunc(extensions, func(e Extension) bool { return e.Criticality }):
		return ErrorCriticalExtension // none that is known here
	}
	return ""
}

// IsUUID says whether a text is a UUID as the protocol writes transaction ids.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || (!dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i]))) {
			return false
		}
	}
	return true
}

// newID is a transaction id of our own that nobody has to repeat: it only ties an answer to its question.
func newID() string { return string(pasarela.NewIDs(rand.Reader).Authentication()) }
