package monri

import (
	"errors"

	"pasarela"
)

// declines is from ISO 8583 field 39, or what the gateway says in its place; what is not named is declined, 1050.
var declines = map[string]*response{
	"03": merchantInvalid,
	"04": cardSuspended, "36": cardSuspended, "62": cardSuspended, "67": cardSuspended,
	"06": systemError,
	"07": cardSuspicious, "34": cardSuspicious, "59": cardSuspicious, "63": cardSuspicious,
	"09": requestInProgress,
	"12": requestInvalid,
	"13": amountInvalid,
	"14": cardNumberWrong,
	"15": cardUnknown, "56": cardUnknown,
	"1A": fullSecureOnly,
	"25": originalUnknown, "76": originalUnknown,
	"30": formatError,
	"31": acquirerInvalid, "92": acquirerInvalid,
	"33": cardExpired, "54": cardExpired,
	"39": accountUnknown, "42": accountUnknown, "44": accountUnknown, "46": accountUnknown, "52": accountUnknown,
	"53": accountUnknown, "78": accountUnknown,
	"40": notSupported,
	"41": cardLost,
	"43": cardStolen,
	"51": shortOfFunds,
	"57": cardNotEnabled,
	"58": terminalInvalid,
	"61": usageLimit, "65": usageLimit, "75": usageLimit,
	"68": hostTimeout,
	"90": systemNotReady, "96": systemNotReady,
	"91":                         hostDown,
	"94":                         duplicate,
	pasarela.ResponseNoAnswer:    hostTimeout,
	pasarela.ResponseUnreachable: hostDown,
	pasarela.ResponseUnsendable:  hostDown,
}

// declineOf is the row for what the network said of a transaction that it did not approve.
func declineOf(responseCode string) *response {
	if r, ok := declines[responseCode]; ok {
		return r
	}
	return declinedAtAll
}

// unproven is by why nobody authenticated the cardholder.
var unproven = map[pasarela.AuthenticationReason]*response{
	pasarela.ReasonNotEnrolled: secureNotAsked,
	pasarela.ReasonIncomplete:  secureMalformed,
	pasarela.ReasonInvalid:     secureMalformed,
	pasarela.ReasonRejected:    notAuthenticated,
	pasarela.ReasonUnavailable: secureUnproven,
	pasarela.ReasonTimeout:     secureUnproven,
	pasarela.ReasonAbandoned:   notAuthenticated,
	pasarela.ReasonWrongCode:   notAuthenticated,
	pasarela.ReasonNoAnswer:    notAuthenticated,
	pasarela.ReasonInsecure:    secureUnproven,
}

// refusals has a row for every pasarela.Code: what a transaction is answered that the gateway refuses.
var refusals = map[pasarela.Code]*response{
	pasarela.CodeInvalid:                requestInvalid,
	pasarela.CodeUnauthorized:           merchantInvalid,
	pasarela.CodeForbidden:              notSupported,
	pasarela.CodeMerchantDisabled:       terminalInactive,
	pasarela.CodeNotFound:               originalUnknown,
	pasarela.CodeTokenSpent:             cardUnknown,
	pasarela.CodeTokenExpired:           timeExpired,
	pasarela.CodeAmountMismatch:         amountInvalid,
	pasarela.CodeDeferredMismatch:       requestInvalid,
	pasarela.CodeCurrencyNotAllowed:     notConfigured,
	pasarela.CodeCurrencyMismatch:       requestInvalid,
	pasarela.CodeCaptureAmount:          amountInvalid,
	pasarela.CodeVoidAmount:             amountInvalid,
	pasarela.CodeWrongState:             requestInvalid,
	pasarela.CodeAlreadyVoided:          originalVoided,
	pasarela.CodeAlreadyRefunded:        refundedBefore,
	pasarela.CodeBusy:                   requestInProgress,
	pasarela.CodeCardRejected:           cardNumberWrong,
	pasarela.CodeCardNotEnabled:         cardNotEnabled,
	pasarela.CodeCVVRequired:            fieldsMissing,
	pasarela.CodeAuthenticationRequired: secureNotAsked,
	pasarela.CodeAuthenticationFailed:   notAuthenticated,
	pasarela.CodeOTPRequired:            notAuthenticated,
	pasarela.CodeWrongCode:              notAuthenticated,
	pasarela.CodeAttemptsExceeded:       notAuthenticated,
	pasarela.CodeRecurrence:             originalUnknown,
	pasarela.CodeKeyReused:              duplicate,
	pasarela.CodeInternal:               systemError,
}

// The transaction types that follow on another transaction.
const (
	typeCapture = "capture"
	typeVoid    = "void"
)

// conflicts is where one transaction type words a refusal differently than the others.
var conflicts = map[string]map[pasarela.Code]*response{
	typeCapture: {pasarela.CodeWrongState: noReversalNow, pasarela.CodeAlreadyRefunded: noReversalNow},
	typeVoid:    {pasarela.CodeWrongState: noVoidNow, pasarela.CodeAlreadyVoided: voidedBefore},
}

// refusalOf is the row for a transaction of this type that the gateway refuses with an error.
func refusalOf(err error, transactionType string) *response {
	if e, ok := errors.AsType[*pasarela.Error](err); ok && unproven[e.Reason] != nil {
		return unproven[e.Reason]
	}
	code := pasarela.CodeOf(err)
	if r, ok := conflicts[transactionType][code]; ok {
		return r
	}
	if r, ok := refusals[code]; ok {
		return r
	}
	return systemError
}
