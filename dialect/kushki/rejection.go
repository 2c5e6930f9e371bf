package kushki

import (
	"errors"

	"pasarela"
)

// K322 is the one answer of all security rules. Which rule it was stands in details.rules, and that is shown whatever
// shape of answer was asked for.

// securityRules are by what was refused: why nobody authenticated the cardholder, or that nobody was asked.
var (
	ruleNotValidated = rule{"K328", "Autenticación fallida - Sin validación de seguridad"}
	ruleOTP          = rule{"K326", "Autenticación fallida - OTP incorrecto o no validado"}

	failedRules = map[pasarela.AuthenticationReason]rule{
		pasarela.ReasonNotEnrolled: {"K325", "Autenticación fallida - Tarjeta no participa en programa 3DS"},
		pasarela.ReasonIncomplete:  {"K325", "Autenticación fallida - Información incompleta"},
		pasarela.ReasonInvalid:     {"K325", "Autenticación fallida - Información inválida"},
		pasarela.ReasonRejected:    {"K325", "Autenticación fallida - Error de autenticación"},
		pasarela.ReasonUnavailable: {"K325", "Autenticación fallida - Error de sistema"},
		pasarela.ReasonTimeout:     {"K325", "Autenticación fallida - Error de sistema por time out"},
		pasarela.ReasonAbandoned:   {"K325", "Autenticación fallida - Abandono"},
		pasarela.ReasonWrongCode:   {"K325", "Autenticación fallida - OTP incorrecto o cierre de ventana de autenticación en challenge"},
		pasarela.ReasonNoAnswer:    {"K325", "Autenticación fallida - No se llegó a responder el challenge"},
		pasarela.ReasonInsecure:    {"K325", "Autenticación externa fallida - Datos enviados por comercio no son seguros"},
	}
)

// otpNotValidated is details.baseMessage where a one-time password is owed.
const otpNotValidated = "Otp not validated"

// rulesOf says which rule refused, and what details.baseMessage says; nothing for an error of another kind.
func rulesOf(err error) (rules []rule, baseMessage string) {
	e, ok := errors.AsType[*pasarela.Error](err)
	if !ok {
		return nil, ""
	}
	switch e.Code {
	case pasarela.CodeAuthenticationRequired:
		return []rule{ruleNotValidated}, ""
	case pasarela.CodeAuthenticationFailed:
		return []rule{failedRules[e.Reason]}, ""
	case pasarela.CodeOTPRequired:
		return []rule{ruleOTP}, otpNotValidated
	default:
		return nil, ""
	}
}

// briefRules is details where no fullResponse was asked for.
type briefRules struct {
	BaseMessage string `json:"baseMessage,omitzero"`
	Rules       []rule `json:"rules"`
}
