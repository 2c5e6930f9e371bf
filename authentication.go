package pasarela

import "time"

// AuthenticationID names an authentication of a cardholder, a UUID version 4: what Kushki calls secureId and
// EMV 3-D Secure the threeDSServerTransID.
type AuthenticationID string

// AuthenticationLife is how long a cardholder may take to answer (Kushki, "Validate OTP": 5 minutes).
const AuthenticationLife = 5 * time.Minute

// AuthenticationAttempts is how many wrong codes end an authentication (Kushki, "Validate OTP": 3 attempts).
const AuthenticationAttempts = 3

// AuthenticationKind is how a cardholder is asked.
type AuthenticationKind string

// The kinds.
const (
	AuthenticateThreeDS AuthenticationKind = "three_ds" // by the card's issuer, EMV 3-D Secure
	AuthenticateOTP     AuthenticationKind = "otp"      // by the amount of a small hold on the card's statement
)

// AuthenticationState is where an authentication stands.
type AuthenticationState string

// The states. Only an authenticated cardholder's token can be charged; what is pending may never be answered.
const (
	AuthenticationPending       AuthenticationState = "pending"
	AuthenticationAuthenticated AuthenticationState = "authenticated" // proven, or attempted with the issuer's consent
	AuthenticationFailed        AuthenticationState = "failed"
)

// AuthenticationReason says why an authentication failed.
type AuthenticationReason string

// The reasons. Dialects have a text for each.
const (
	ReasonNotEnrolled AuthenticationReason = "not_enrolled" // the card takes no part in 3-D Secure, and the merchant insists
	ReasonIncomplete  AuthenticationReason = "incomplete"   // the result lacks what it must have
	ReasonInvalid     AuthenticationReason = "invalid"      // the result contradicts itself
	ReasonRejected    AuthenticationReason = "rejected"     // the issuer refused to authenticate
	ReasonUnavailable AuthenticationReason = "unavailable"  // the issuer or directory server could not
	ReasonTimeout     AuthenticationReason = "timeout"      // the directory server did not answer in time
	ReasonAbandoned   AuthenticationReason = "abandoned"    // the cardholder cancelled
	ReasonWrongCode   AuthenticationReason = "wrong_code"   // too often
	ReasonNoAnswer    AuthenticationReason = "no_answer"    // the challenge was not answered in time
	ReasonInsecure    AuthenticationReason = "insecure"     // the merchant's own result proves nothing, and it takes no risk
)

// ChallengeMode is how the cardholder gets to see a challenge.
type ChallengeMode string

// The modes.
const (
	ChallengeNone   ChallengeMode = ""       // not at all: the request named no way
	ChallengeURL    ChallengeMode = "url"    // the browser is sent to a page and comes back to ReturnURL
	ChallengeFrame  ChallengeMode = "iframe" // the same, in a frame of the page at ReturnURL's origin
	ChallengeScript ChallengeMode = "script" // a browser library shows it
)

// Secure is what 3-D Secure proved, as it travels with an authorization. The zero value is no proof.
type Secure struct {
	ECI                 string // electronic commerce indicator, two digits, in the scheme's own meaning
	Value               string // CAVV or UCAF, base64, at most 32 characters; gone once it has served
	XID                 string // base64, 28 characters; older Visa integrations have it
	Version             string // of the protocol, such as 2.2.0
	DirectoryServerID   string // directory server's transaction id, a UUID
	CollectionIndicator string // Mastercard's, 0 to 2
}

// Authentication is one attempt to find out whether the buyer is the cardholder. It is a value: each method
// returns the authentication after one change, or CodeWrongState.
type Authentication struct {
	Merchant   MerchantID
	ID         AuthenticationID
	Kind       AuthenticationKind
	State      AuthenticationState
	Reason     AuthenticationReason // "" unless failed
	Token      TokenID
	Mode       ChallengeMode
	ReturnURL  string // where the browser goes afterwards; "" with ChallengeScript
	Origin     string // of the page that may frame or be told, such as https://shop.example; "" for none
	ACSURL     string // issuer's page, "" where no challenge is needed
	ACSID      string // issuer's transaction id, a UUID
	ByLink     bool   // issuer's page can be opened by a link, and comes back by one
	Secure     Secure
	CodeDigest []byte    // keyed, of the one-time password
	Payment    PaymentID // hold whose amount is the one-time password
	Attempts   int       // wrong codes so far
	CreatedAt  time.Time
	ExpiresAt  time.Time
	UpdatedAt  time.Time
}

// Authenticated records the proof.
func (a Authentication) Authenticated(proof Secure, now time.Time) (Authentication, error) {
	if a.State != AuthenticationPending {
		return a, Errorf(CodeWrongState, "authentication is %s", a.State)
	}
	a.State, a.Secure, a.UpdatedAt, a.CodeDigest = AuthenticationAuthenticated, proof, now, nil
	return a, nil
}

// Failed records why there is no proof.
func (a Authentication) Failed(why AuthenticationReason, now time.Time) (Authentication, error) {
	if a.State != AuthenticationPending {
		return a, Errorf(CodeWrongState, "authentication is %s", a.State)
	}
	a.State, a.Reason, a.UpdatedAt, a.CodeDigest = AuthenticationFailed, why, now, nil
	return a, nil
}

// WrongCode counts a wrong one-time password; the third fails the authentication.
func (a Authentication) WrongCode(now time.Time) (Authentication, error) {
	if a.State != AuthenticationPending {
		return a, Errorf(CodeWrongState, "authentication is %s", a.State)
	}
	a.Attempts, a.UpdatedAt = a.Attempts+1, now
	if a.Attempts >= AuthenticationAttempts {
		return a.Failed(ReasonWrongCode, now)
	}
	return a, nil
}

// At is the authentication as it stands at a time: one that was not answered in time has failed.
func (a Authentication) At(now time.Time) Authentication {
	if a.State == AuthenticationPending && a.Mode != ChallengeNone && !now.Before(a.ExpiresAt) {
		a.State, a.Reason = AuthenticationFailed, ReasonNoAnswer
	}
	return a
}

// Serve hands the proof out, once: afterwards its value is gone. It returns CodeAuthenticationRequired where
// nobody answered yet, CodeOTPRequired for a one-time password, and CodeAuthenticationFailed with its reason.
func (a Authentication) Serve(now time.Time) (Authentication, Secure, error) {
	switch at := a.At(now); {
	case at.State == AuthenticationAuthenticated:
		proof := a.Secure
		a.Secure.Value, a.UpdatedAt = "", now
		return a, proof, nil
	case a.Kind == AuthenticateOTP:
		return a, Secure{}, Errorf(CodeOTPRequired, "one-time password was not confirmed")
	case at.State == AuthenticationFailed:
		return a, Secure{}, Refuse(at.Reason)
	default:
		return a, Secure{}, Errorf(CodeAuthenticationRequired, "cardholder was not authenticated")
	}
}

// AuthenticationAnswer is what the directory server, or later the issuer, said.
type AuthenticationAnswer struct {
	State  AuthenticationState
	Reason AuthenticationReason
	Secure Secure
	ACSURL string // set where a challenge is needed: then State is pending
	ACSID  string
	ByLink bool
}

// Browser is what is known of the cardholder's browser.
type Browser struct {
	Accept    string
	UserAgent string
	Language  string // BCP 47
	IP        string
	Origin    string // of the page that called, "" when unknown
}

// Fits says whether the indicator is one of the brand's scheme: Mastercard has 00 to 02, the others 05 to 07.
func (s Secure) Fits(b Brand) bool {
	mastercard := s.ECI == "00" || s.ECI == "01" || s.ECI == "02"
	return mastercard == (b == BrandMastercard || b == BrandMaestro) && (mastercard || s.ECI == "05" || s.ECI == "06" || s.ECI == "07")
}

// OwnSecure is a merchant's own 3-D Secure result.
type OwnSecure struct {
	Secure
	AcceptRisk bool // the merchant bears chargebacks of what proves nothing
}

// Check holds the result against the scheme's rules (Kushki, "threeDomainSecure"): Visa needs cavv, Mastercard
// ucaf and the directory server's id; Visa's 07 and Mastercard's 00 prove nothing and need AcceptRisk. It
// returns CodeAuthenticationFailed with ReasonIncomplete, ReasonInvalid or ReasonInsecure.
func (o OwnSecure) Check(b Brand) error {
	mastercard := b == BrandMastercard || b == BrandMaestro
	insecure := o.ECI == "07" || o.ECI == "00"
	switch {
	case !o.Fits(b):
		return Refuse(ReasonInvalid)
	case mastercard && !insecure && o.CollectionIndicator != "" && o.CollectionIndicator != o.ECI[1:]:
		return Refuse(ReasonInvalid)
	case insecure && !o.AcceptRisk:
		return Refuse(ReasonInsecure)
	case o.Version == "" || (!insecure && o.Value == ""), mastercard && !insecure && o.DirectoryServerID == "":
		return Refuse(ReasonIncomplete)
	}
	return nil
}
