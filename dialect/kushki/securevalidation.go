package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// secureValidationRequest asks what came of a challenge, or brings a one-time password.
type secureValidationRequest struct {
	ID      string `json:"secureServiceId"`
	Code    string `json:"otpValue"`
	Service string `json:"secureService"`
}

// validated is the answer's shape, which differs by kind: see the rows below.
type validated struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// secureValidations has codes of its own. An unknown secureServiceId is not told from a foreign one.
var secureValidations = newProduct("", map[pasarela.Code]*refusal{
	pasarela.CodeNotFound:               errForeignSecureID,
	pasarela.CodeWrongCode:              errWrongCode,
	pasarela.CodeAttemptsExceeded:       errAttempts,
	pasarela.CodeAuthenticationRequired: errNotAuthenticated,
	pasarela.CodeAuthenticationFailed:   errNotAuthenticated,
})

const onSecureValidation = "secure validation"

var (
	errForeignSecureID = &refusal{status: http.StatusPaymentRequired, code: "CardRule Credential not found",
		message: "El ID de comercio no corresponde a la credencial enviada", on: onSecureValidation, when: "the secureServiceId is unknown, or another merchant's"}
	errWrongCode = &refusal{status: http.StatusBadRequest, code: "OTP100", message: "OTP inválido",
		on: onSecureValidation, when: "the one-time password is another"}
	errAttempts = &refusal{status: http.StatusBadRequest, code: "OTP200", message: "Intentos excedidos",
		on: onSecureValidation, when: "the one-time password was wrong three times, or five minutes have passed"}
	errNotAuthenticated = &refusal{status: http.StatusBadRequest, code: "3DS100", message: threeDSFailed,
		on: onSecureValidation, when: "the cardholder was not authenticated, or not yet"}
)

// mockCode is what a sandbox's browser library takes for right, and does not pass on.
const mockCode = "1234"

// maxCode bounds what a cardholder may have typed, in bytes.
const maxCode = 64

// secureValidation answers POST /rules/v1/secureValidation.
func (c *call) secureValidation() (gateway.Answer, error) {
	var r secureValidationRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	if r.ID == "" || len(r.ID) > 64 || len(r.Code) > maxCode {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "secureServiceId: send the secureId as it was given")
	}
	ctx, id := c.request.Context(), pasarela.AuthenticationID(r.ID)
	a, err := c.gateway.Authentication(ctx, c.merchant.ID, id)
	if err != nil {
		return gateway.Answer{}, err
	}
	if a.Kind == pasarela.AuthenticateOTP {
		return c.confirmOTP(id, r.Code)
	}
	code := ""
	if c.Sandbox {
		if code = r.Code; code == "" {
			code = mockCode
		}
	}
	if _, err := c.gateway.Confirm(ctx, c.merchant, id, code); err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, validated{"ok", "3DS000"}), nil
}

func (c *call) confirmOTP(id pasarela.AuthenticationID, code string) (gateway.Answer, error) {
	if code == "" {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "otpValue: send the digits of the amount")
	}
	if _, err := c.gateway.Confirm(c.request.Context(), c.merchant, id, code); err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, validated{"OTP000", "ok"}), nil
}
