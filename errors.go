package pasarela

import (
	"errors"
	"fmt"
)

// Code says what kind of thing went wrong. Each dialect has one table from Code to its own status, code
// and text; a test checks that no code is missing from a table.
type Code string

// The codes. A decline by the issuer is not among them: a decline is an answer, not an error.
const (
	CodeInvalid                Code = "invalid"                 // the request cannot be understood
	CodeUnauthorized           Code = "unauthorized"            // unknown credential or wrong signature
	CodeForbidden              Code = "forbidden"               // this merchant may not do this
	CodeMerchantDisabled       Code = "merchant_disabled"       // it may charge nothing, and store no card
	CodeNotFound               Code = "not_found"               // no such thing for this merchant
	CodeTokenSpent             Code = "token_spent"             // unknown token, or one that served already
	CodeTokenExpired           Code = "token_expired"           // token older than its thirty minutes
	CodeAmountMismatch         Code = "amount_mismatch"         // amount differs from the token's
	CodeDeferredMismatch       Code = "deferred_mismatch"       // token was requested for installments, charge names none
	CodeCurrencyNotAllowed     Code = "currency_not_allowed"    // currency foreign to the merchant
	CodeCurrencyMismatch       Code = "currency_mismatch"       // currency differs from the first transaction
	CodeCaptureAmount          Code = "capture_amount"          // zero, or above what may be captured
	CodeVoidAmount             Code = "void_amount"             // above what remains
	CodeWrongState             Code = "wrong_state"             // the payment's state does not allow it
	CodeAlreadyVoided          Code = "already_voided"          // voided, reversed or expired before
	CodeAlreadyRefunded        Code = "already_refunded"        // nothing remains to be given back
	CodeBusy                   Code = "busy"                    // another change of the same payment is under way
	CodeCardRejected           Code = "card_rejected"           // refused before any authorization
	CodeCardNotEnabled         Code = "card_not_enabled"        // BIN not enabled for e-commerce
	CodeCVVRequired            Code = "cvv_required"            // CVV left out without permission
	CodeAuthenticationRequired Code = "authentication_required" // nobody authenticated the cardholder
	CodeAuthenticationFailed   Code = "authentication_failed"   // cardholder was not proven; Error.Reason says why
	CodeOTPRequired            Code = "otp_required"            // one-time password was not confirmed
	CodeWrongCode              Code = "wrong_code"              // one-time password is not this one
	CodeAttemptsExceeded       Code = "attempts_exceeded"       // too many wrong codes, or too late
	CodeRecurrence             Code = "recurrence"              // subsequent payment names no initial one that was approved
	CodeKeyReused              Code = "key_reused"              // Idempotency-Key seen with another body
	CodeInternal               Code = "internal"                // ours to fix; shows nothing of its cause
)

// Error is the one error type of the gateway. Text is safe to log and never holds card data; the caller
// sees what the dialect makes of Code.
type Error struct {
	Code   Code
	Text   string
	Reason AuthenticationReason // of CodeAuthenticationFailed
	cause  error
}

// Errorf builds an Error. The arguments must not hold card data.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Refuse builds the CodeAuthenticationFailed of a reason.
func Refuse(why AuthenticationReason) *Error {
	return &Error{Code: CodeAuthenticationFailed, Text: "cardholder was not authenticated: " + string(why), Reason: why}
}

// Wrap keeps the cause for the log.
func Wrap(code Code, cause error, text string) *Error {
	return &Error{Code: code, Text: text, cause: cause}
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Text + ": " + e.cause.Error()
	}
	return e.Text
}

func (e *Error) Unwrap() error { return e.cause }

// CodeOf is the Code of err, or CodeInternal for an error that carries none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// Codes lists every code, for the dialects' table tests.
func Codes() []Code {
	return []Code{CodeInvalid, CodeUnauthorized, CodeForbidden, CodeMerchantDisabled, CodeNotFound, CodeTokenSpent, CodeTokenExpired,
		CodeAmountMismatch, CodeDeferredMismatch, CodeCurrencyNotAllowed, CodeCurrencyMismatch, CodeCaptureAmount, CodeVoidAmount,
		CodeWrongState, CodeAlreadyVoided, CodeAlreadyRefunded, CodeBusy, CodeCardRejected, CodeCardNotEnabled,
		CodeCVVRequired, CodeAuthenticationRequired, CodeAuthenticationFailed, CodeOTPRequired, CodeWrongCode,
		CodeAttemptsExceeded, CodeRecurrence, CodeKeyReused, CodeInternal}
}
