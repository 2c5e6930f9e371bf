package simulator

import (
	"encoding/base64"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/threeds"
)

// Why the issuer does not authenticate (transStatusReason).
const (
	reasonFailed       = "01"
	reasonNoCardRecord = "08"
	reasonSuspected    = "11"
	reasonNotEnrolled  = "13"
	reasonTimedOut     = "14"
	reasonTechnical    = "22"
)

// Why a challenge ended without an answer (challengeCancel).
const (
	cancelByCardholder = "01"
	cancelTimedOut     = "04"
)

const authenticationDynamic = "02" // authenticationType, and authenticationMethod: a code by text message

// verdict is what an issuer makes of an AReq.
type verdict struct{ status, reason string }

// judge decides by the card's behaviour, and whether a challenge is mandated.
func judge(c cards.TestCard, known, mandated bool) verdict {
	if !known {
		return verdict{threeds.StatusDenied, reasonNoCardRecord}
	}
	switch c.Behaviour.ThreeDS {
	case cards.ThreeDSFrictionless:
		if !mandated {
			return verdict{status: threeds.StatusAuthenticated}
		}
	case cards.ThreeDSAttempted:
		return verdict{status: threeds.StatusAttempted}
	case cards.ThreeDSRejected:
		return verdict{threeds.StatusDenied, reasonSuspected}
	case cards.ThreeDSUnavailable:
		return verdict{threeds.StatusUnavailable, reasonTechnical}
	case cards.ThreeDSNone:
		if !mandated {
			return verdict{threeds.StatusDenied, reasonNotEnrolled}
		}
	}
	return verdict{status: threeds.StatusChallenge}
}

// indicator is the ECI of a status in the brand's own words.
func indicator(b pasarela.Brand, status string) string {
	mastercard := b == pasarela.BrandMastercard || b == pasarela.BrandMaestro
	switch {
	case mastercard && status == threeds.StatusAuthenticated:
		return "02"
	case mastercard:
		return "01"
	case status == threeds.StatusAuthenticated:
		return "05"
	}
	return "06"
}

// authenticationValue is a CAVV or UCAF: 20 bytes that only their issuer could check.
func (s *Simulator) authenticationValue() (string, error) {
	var raw [20]byte
	if _, err := s.random.Read(raw[:]); err != nil {
		return "", pasarela.Wrap(pasarela.CodeInternal, err, "3-D Secure simulator: source of randomness failed")
	}
	return base64.StdEncoding.EncodeToString(raw[:]), nil
}
