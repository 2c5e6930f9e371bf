package kushki

import "net/http"

// refusal is one row of the catalogue of errors: what a caller is answered, and how it comes to that.
type refusal struct {
	status         int
	code           string // "" for answers of the API's front, which have a message only
	message        string
	processorError string
	text           string // details.responseText where it differs from message
	detailed       bool   // carries a reference, and details where the request asked for them

	on    string // operations that answer it
	when  string // what provokes it
	never string // why nothing does; then the code is only known to be published
}

func (r *refusal) Error() string { return r.code + " " + r.message }

// responseText is what details.responseText says.
func (r *refusal) responseText() string {
	if r.text != "" {
		return r.text
	}
	return r.message
}

// Operations, as the catalogue names them.
const (
	onAll        = "all"
	onPayments   = "charge, authorization, with and without a token"
	onFollowUps  = "capture, void, refund"
	onTokenless  = "charge and authorization without a token"
	onLookUps    = "BIN information, deferred options"
	onRecurring  = "stored cards"
	onValidation = "account verification"
)

// The front's answers.
var (
	errNoRoute         = &refusal{status: http.StatusForbidden, message: "Missing Authentication Token", on: onAll, when: "no credential was sent, or there is nothing at this address"}
	errWrongCredential = &refusal{status: http.StatusUnauthorized, message: "Unauthorized", on: onAll, when: "the credential is of the other kind, or its header is empty"}
)

// What a request is refused for before anybody is asked.
var (
	errInvalid        = &refusal{status: 400, code: "K001", message: "Cuerpo de la petición inválido.", on: onAll, when: "a member is missing, of the wrong type or out of its range; or the body is no JSON object"}
	errKeyReused      = &refusal{status: 400, code: "K001", message: "El Idempotency-Key ya fue usado con otro cuerpo de petición.", on: onAll, when: "a key came with two different bodies"}
	errUnexpected     = &refusal{status: 500, code: "K002", message: "Ha ocurrido un error inesperado.", on: onAll, when: "something failed on the gateway's side"}
	errNotEnabled     = &refusal{status: 402, code: "K003", message: "Tarjeta no habilitada por el emisor", on: "token, charge without a token", when: "the card's range is not enabled for e-commerce"}
	errUnauthorized   = &refusal{status: 400, code: "K004", message: "ID de comercio o credencial no válido", on: onAll, when: "nobody has the credential"}
	errBusy           = &refusal{status: 409, code: "K006", message: "Hay otra operación en curso sobre esta transacción; intente nuevamente.", on: onAll, when: "another change of the payment, or the first request with this key, is under way"}
	errTicket         = &refusal{status: 400, code: "K010", message: "Ticket number inválido", on: "refund", when: "the path's ticket is not a number of 10 to 18 digits"}
	errDeferred       = &refusal{status: 400, code: "K013", message: "Transacción tokenizada como diferido", on: onPayments, when: "the token, or isDeferred, says installments and the payment names none"}
	errCVVRequired    = &refusal{status: 400, code: "K015", message: "Transacción no permitida sin ccv2.", on: "token, charge without a token", when: "the CVV was left out without permission"}
	errZeroAmount     = &refusal{status: 400, code: "K039", message: "La suma de los valores de la propiedad amount debe ser mayor a 0", on: "charge, authorization, void, refund", when: "the amount is zero"}
	errNotAllowed     = &refusal{status: 400, code: "K041", message: "Operación no permitida", on: onAll, when: "the merchant's country or model does not have it"}
	errDisabled       = &refusal{status: 400, code: "215", message: "El comercio no tiene permiso para procesar una transacción", on: "token, charge, authorization, capture, reauthorization, account verification", when: "the merchant is disabled; voids and refunds go on"}
	errCurrency       = &refusal{status: 400, code: "K055", message: "Tipo de moneda no permitido", on: "token, charge, authorization", when: "the merchant may not charge in this currency"}
	errAmountMismatch = &refusal{status: 400, code: "K220", message: "Monto de la transacción es diferente al monto de la venta inicial", on: onPayments, when: "the amounts do not add up to the token's total"}
	errLeastMerchant  = &refusal{status: 500, code: "K507", message: "Monto de transacción de cuotas comercio inferior al mínimo requerido.", on: onPayments, when: "an installment of the merchant's (Chile, creditType 03) is below CLP 50"}
	errIncomplete     = &refusal{status: 400, code: "K555", message: "Solicitud enviada no es válida", on: onPayments, when: "a subsequent payment names no initial one that was approved, or a Visa's originalTransactionID has not 15 digits"}
	errTokenSpent     = &refusal{status: 400, code: "577", message: "El token es invalido , o ya fue usado en otra transaccion.", processorError: "566", text: "El token de la transacción no es válido", detailed: true, on: onPayments, when: "the token is unknown, was made for another use, or has served"}
	errTokenExpired   = &refusal{status: 400, code: "578", message: "El token de la transacción ha expirado", detailed: true, on: onPayments, when: "the token is older than 30 minutes"}
	errCardRejected   = &refusal{status: 400, code: "017", message: "Transacción declinada.", processorError: processorError, on: "token, charge without a token", when: "the check digit is wrong, or the card is refused on sight"}
	errExpiredCard    = &refusal{status: 400, code: "018", message: "Tarjeta vencida", processorError: processorError, on: "token, charge without a token", when: "the card's last month has passed"}
	errScheme         = &refusal{status: 400, code: "022", message: "Tipo de tarjeta no compatible por MRC", on: onTokenless, when: "the card is neither a Visa nor a Mastercard"}
	errInsecure       = &refusal{status: 400, code: "K322", message: "Transacción rechazada.", detailed: true, on: onPayments + ", stored cards", when: "a security rule refused; details.rules says which"}
)

// What captures, reauthorizations, voids and refunds are refused for.
var (
	errCaptureAmount   = &refusal{status: 400, code: "K012", message: "Monto de captura inválido.", detailed: true, on: "capture", when: "the amount is zero, or above 110 % of what is held"}
	errCurrencyType    = &refusal{status: 400, code: "K205", message: "Tipo de moneda no válido", detailed: true, on: "capture", when: "the API has no such currency"}
	errCurrencyDiffers = &refusal{status: 400, code: "K042", message: "El código de moneda es diferente al de la transacción inicial.", on: "capture, reauthorization, void, refund", when: "the currency is not that of the payment"}
	errVoidAmount      = &refusal{status: 400, code: "K023", message: "Monto del void superior al del sale", on: "void, refund", when: "the amount is above what remains"}
	errRefused         = &refusal{status: 400, code: "K020", message: "Transacción rechazada.", on: "refund", when: "the ticket is not the merchant's, or names what can't be refunded"}
	errNotReauthorized = &refusal{status: 400, code: "K006", message: "STR002 - Ha ocurrido un error inesperado.", on: "reauthorization", when: "the ticket names no authorization that is still held"}
	errVoidUnexpected  = &refusal{status: 500, code: "K006", message: "Ha ocurrido un error inesperado.", on: "void", when: "something failed on the gateway's side"}
	errRefundFailed    = &refusal{status: 500, code: "K002", message: "Ha ocurrido un error inesperado", on: "refund, stored cards", when: "something failed on the gateway's side"}
	errNotFound        = &refusal{status: 400, code: "222", message: "Transacción no encontrada", on: "capture, void", when: "no payment of this merchant has the ticket"}
	errUnsupported     = &refusal{status: 400, code: "223", message: "Transacción no soportada", on: "capture, void", when: "the payment's state does not allow it; the ticket of a reauthorization is captured"}
	errVoided          = &refusal{status: 400, code: "238", message: "Transaccón anulada", on: onFollowUps, when: "the payment was voided, reversed, or ran out"}
	errRefundedBefore  = &refusal{status: 400, code: "231", message: "Anulación de venta no permitida", on: "void, capture", when: "the payment was refunded"}
	errRepaid          = &refusal{status: 400, code: "216", message: "Transacción reembolsada", on: "refund", when: "nothing remains to be given back"}
)

// What only some operations know.
var (
	errAccountMerchant   = &refusal{status: http.StatusCreated, code: "COM004", message: "Id de comercio no válido.", on: onValidation, when: "nobody has the credential"}
	errAccountNotAllowed = &refusal{status: http.StatusCreated, code: "K041", message: "Operación no permitida", on: onValidation, when: "the merchant's country or model does not verify accounts"}
	errNoReceipt         = &refusal{status: 400, code: "WHK007", message: "Transacción no encontrada.", on: "receipt", when: "no approved payment of this merchant has the reference"}

	errRecurringInvalid  = &refusal{status: 400, code: "K001", message: "El cuerpo de la petición es inválido", on: onRecurring, when: "as K001 elsewhere"}
	errRecurringMerchant = &refusal{status: 400, code: "K004", message: "Id de comercio no válido.", on: "stored cards, reauthorization", when: "nobody has the credential"}
	errRecurringDisabled = &refusal{status: 400, code: "K026", message: "Comercio deshabilitado", on: onRecurring, when: "the merchant is disabled; its stored cards can be looked up, changed and cancelled"}
	errRecurringExpired  = &refusal{status: 400, code: "K008", message: "El token de la transacción ha expirado", on: onRecurring, when: "the token is older than 30 minutes"}
	errStartDate         = &refusal{status: 400, code: "K011", message: "Fecha de inicio no válida", on: onRecurring, when: "the first charge would lie in the past"}
	errSubscriptionID    = &refusal{status: 400, code: "K012", message: "Id de subscripción no válido", on: onRecurring, when: "the id in the path is not a number of 16 digits"}
	errEndDate           = &refusal{status: 400, code: "K013", message: "Fecha de fin no válida", on: onRecurring, when: "the end does not lie after the start"}
	errRecurringCapture  = &refusal{status: 400, code: "K014", message: "Monto de captura inválido.", detailed: true, on: onRecurring, when: "the amount is zero, or above what was authorized"}
	errRecurringSpent    = &refusal{status: 400, code: "K022", message: "Token utilizado anteriormente", on: onRecurring, when: "the token is unknown, was made for another use, or has served"}
	errNoSubscription    = &refusal{status: 400, code: "K037", message: "Subscripción no encontrada", on: onRecurring, when: "no active stored card of this merchant has the id"}
)

// Declines: what an issuer's answer, or its silence, becomes. Texts are the catalogue's; 021 has none there, so it
// has one of ours.
var (
	declinedInfo      = declining("004", "Información de cuenta no válida", "the issuer answers 78: details of the account are wrong")
	declinedNumber    = declining("005", "Número de cuenta no válido", "the issuer answers 14: no such number")
	declinedProcessor = declining("006", "Transacción rechazada", "the issuer answers 06: error")
	declined          = declining("017", "Tarjeta no válida", "the issuer declines for a reason without a code of its own")
	declinedExpired   = declining("018", "Tarjeta vencida", "the issuer answers 33 or 54")
	declinedCardType  = declining("019", "Fondos insuficientes para rembolsos", "the issuer answers 57 or 58: the card does not take this kind of payment")
	declinedFunds     = declining("021", "Fondos insuficientes", "the issuer answers 51")
	declinedCVV       = declining("022", "Tipo de tarjeta no compatible por MRC", "the issuer answers 82 or N7: the CVV was not verified")
	declinedBlocked   = declining("023", "Fecha de expiración no válida", "the issuer answers 04, 07, 41, 43 or 62: the card is blocked")
	declinedFollowUp  = &refusal{status: 400, code: "579", message: declinedMessage, text: "Transacción rechazada", processorError: processorError, on: "capture, reauthorization, void, refund", when: "the issuer refuses what follows on a payment"}
	declinedNoAnswer  = &refusal{status: 400, code: "597", message: "No hay respuesta del procesador", processorError: processorError, on: "all that ask the issuer", when: "the issuer does not answer in time; what it may have done is undone"}
	declinedUnreached = &refusal{status: 400, code: "228", message: "Procesador inalcanzable", processorError: processorError, on: "all that ask the issuer", when: "the issuer cannot be reached; nothing was sent"}
	declinedForGood   = &refusal{status: 400, code: "K505", message: "La transacción fue declinada por el procesador o emisor.", on: onPayments, when: "the issuer answers 46, R0, R1 or R3: this card will never be approved"}
	declinedAccount   = &refusal{status: http.StatusCreated, code: "055", message: "Tarjeta Invalida", processorError: "K020", on: onValidation, when: "the issuer says that the account is not good"}
)

// declinedMessage is the message of every decline that the issuer explains.
const declinedMessage = "Transacción declinada."

// processorError is the generic companion of a decline.
const processorError = "K006"

func declining(code, text, when string) *refusal {
	return &refusal{status: 400, code: code, message: declinedMessage, text: text, processorError: processorError, on: "charge, authorization, stored cards", when: when}
}

// The rules that K322 names in details.rules; texts are with the reasons (rejection.go).
var (
	ruleFailed  = &refusal{status: 400, code: "K325", on: onPayments, when: "within K322: the cardholder was not authenticated, or the merchant's own result proves nothing"}
	ruleOwed    = &refusal{status: 400, code: ruleOTP.Code, message: ruleOTP.Message, on: onPayments, when: "within K322: the one-time password was not confirmed"}
	ruleMissing = &refusal{status: 400, code: ruleNotValidated.Code, message: ruleNotValidated.Message, on: onPayments, when: "within K322: nobody answered the challenge that was due"}
)

// What is no refusal, and stands in the published catalogue all the same.
var (
	approvedCode  = &refusal{status: http.StatusCreated, code: "000", message: approvedText, on: onAll, when: "responseCode of what was approved"}
	otpConfirmed  = &refusal{status: http.StatusOK, code: "OTP000", message: "ok", on: onSecureValidation, when: "the one-time password is right"}
	challengeDone = &refusal{status: http.StatusOK, code: "ok", message: "3DS000", on: onSecureValidation, when: "the cardholder was authenticated"}
	tokenProcess  = &refusal{status: 400, code: errTokenSpent.processorError, on: onPayments, when: "processorError of 577"}
)

// catalogue is every refusal and decline of the API: what this dialect answers, then what is only published.
var catalogue = append([]*refusal{
	errNoRoute, errWrongCredential, errInvalid, errKeyReused, errUnexpected, errNotEnabled, errUnauthorized, errBusy,
	errTicket, errDeferred, errCVVRequired, errZeroAmount, errNotAllowed, errDisabled, errCurrency, errAmountMismatch,
	errLeastMerchant, errIncomplete, errTokenSpent, errTokenExpired, errCardRejected, errExpiredCard, errScheme,
	errInsecure, errCaptureAmount, errCurrencyType, errCurrencyDiffers, errVoidAmount, errRefused, errNotReauthorized,
	errVoidUnexpected, errRefundFailed, errNotFound, errUnsupported, errVoided, errRefundedBefore, errRepaid,
	errAccountMerchant, errAccountNotAllowed, errCommission, errNoReceipt, errRecurringInvalid, errRecurringMerchant,
	errRecurringDisabled, errRecurringExpired, errStartDate, errSubscriptionID, errEndDate, errRecurringCapture, errRecurringSpent,
	errNoSubscription, declinedInfo, declinedNumber, declinedProcessor, declined, declinedExpired, declinedCardType,
	declinedFunds, declinedCVV, declinedBlocked, declinedFollowUp, declinedNoAnswer, declinedUnreached,
	declinedForGood, declinedAccount, errForeignSecureID, errWrongCode, errAttempts, errNotAuthenticated, ruleFailed,
	ruleOwed, ruleMissing, errAsyncInvalid, errAsyncMerchant, errAsyncUnknown, errAsyncNotBegun, errAsyncNotHeld,
	errInscriptionToken, errAsyncAmount, errAsyncOther, errAsyncDeclined, errAsyncNoAnswer, errAsyncUnreachable, errAsyncStatus,
	approvedCode, otpConfirmed, challengeDone, tokenProcess,
}, published...)
