package threeds

import (
	"encoding/base64"

	"pasarela"
)

// What an ECI says: whether the cardholder was authenticated, or only an attempt was made. Mastercard has its
// own two; all others share theirs.
var indicators = map[string]struct {
	status     string
	mastercard bool
}{
	"05": {StatusAuthenticated, false}, "06": {StatusAttempted, false},
	"02": {StatusAuthenticated, true}, "01": {StatusAttempted, true},
}

// authenticationValueBytes is how long a CAVV or UCAF is behind its base64.
const authenticationValueBytes = 20

// failed is the answer of a reason.
func failed(why pasarela.AuthenticationReason) pasarela.AuthenticationAnswer {
	return pasarela.AuthenticationAnswer{State: pasarela.AuthenticationFailed, Reason: why}
}

// proven holds what an issuer says about a cardholder who is, or was tried to be, authenticated against itself.
func proven(status, version, dsID, eci, value string) pasarela.AuthenticationAnswer {
	if eci == "" || value == "" {
		return failed(pasarela.ReasonIncomplete)
	}
	is, known := indicators[eci]
	raw, err := base64.StdEncoding.Strict().DecodeString(value)
	if !known || is.status != status || err != nil || len(raw) != authenticationValueBytes {
		return failed(pasarela.ReasonInvalid)
	}
	proof := pasarela.Secure{ECI: eci, Value: value, Version: version, DirectoryServerID: dsID}
	if is.mastercard {
		proof.CollectionIndicator = eci[1:]
	}
	return pasarela.AuthenticationAnswer{State: pasarela.AuthenticationAuthenticated, Secure: proof}
}

// ofBrand says whether an answer has the meaning that the brand gives it.
func ofBrand(a pasarela.AuthenticationAnswer, b pasarela.Brand) bool {
	mastercard := b == pasarela.BrandMastercard || b == pasarela.BrandMaestro
	return a.State != pasarela.AuthenticationAuthenticated || indicators[a.Secure.ECI].mastercard == mastercard
}

// Why a challenge was not finished (challengeCancel).
const (
	cancelByCardholder = "01"
	cancelByRequestor  = "02"
	cancelAbandoned    = "03"
	cancelTimedOut     = "04"
	cancelNeverBegun   = "05"
	cancelError        = "06"
	cancelTimedOutApp  = "08"
)

// Why an issuer does not authenticate (transStatusReason), as far as the gateway tells it apart.
const (
	reasonFailed        = "01" // card authentication failed
	reasonTimedOut      = "14"
	reasonTooMany       = "19" // exceeds the ACS's maximum of challenges
	reasonNotPerformed  = "26" // by the cardholder
	reasonNotEnrolled   = "13"
	reasonNoCardRecord  = "08"
	reasonTechnicalFlaw = "22"
)

// unproven is why a finished challenge proves nothing.
func unproven(status, reason, cancel string) pasarela.AuthenticationReason {
	switch cancel {
	case cancelByCardholder, cancelByRequestor, cancelAbandoned:
		return pasarela.ReasonAbandoned
	case cancelTimedOut, cancelNeverBegun, cancelTimedOutApp:
		return pasarela.ReasonNoAnswer
	case cancelError:
		return pasarela.ReasonUnavailable
	}
	switch {
	case reason == reasonTimedOut || reason == reasonNotPerformed:
		return pasarela.ReasonNoAnswer
	case status == StatusUnavailable || reason == reasonTechnicalFlaw:
		return pasarela.ReasonUnavailable
	case status == StatusDenied && (reason == reasonFailed || reason == reasonTooMany):
		return pasarela.ReasonWrongCode
	}
	return pasarela.ReasonRejected
}

// refused is why an issuer refuses without a challenge.
func refused(status, reason string) pasarela.AuthenticationReason {
	switch {
	case status == StatusUnavailable:
		return pasarela.ReasonUnavailable
	case status == StatusDenied && (reason == reasonNotEnrolled || reason == reasonNoCardRecord):
		return pasarela.ReasonNotEnrolled
	}
	return pasarela.ReasonRejected
}
