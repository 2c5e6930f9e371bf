package kushki

import (
	"net/http"

	"pasarela"
)

// Operations of redirect payments, as the catalogue names them.
const (
	onAsync       = "card async"
	onAsyncBegin  = "card async: init"
	onAsyncHold   = "card async: preauthorization; OneClick: preauthorization, capture"
	onCaptures    = "card async, OneClick: capture"
	onAsyncStatus = "card async: status"
)

// Redirect payments have codes of their own.
var (
	errAsyncInvalid     = &refusal{status: 400, code: "CAS001", message: "Cuerpo de la petición inválido.", on: onAsync, when: "a member is missing, of the wrong type or out of its range; or the body is no JSON object"}
	errAsyncMerchant    = &refusal{status: 400, code: "K004", message: "ID de comercio no válido", on: onAsync, when: "nobody has the credential"}
	errAsyncUnknown     = &refusal{status: 400, code: "CAS004", message: "No existe la transacción", on: "card async: init, capture, status", when: "the merchant has no such token; the ticket is not that of a hold made so, or the hold has ended"}
	errAsyncNotBegun    = &refusal{status: 400, code: "CAS006", message: "TB002 - Ha ocurrido un error inesperado.", on: onAsyncBegin, when: "the token was used before, ran out, or was requested for another amount"}
	errAsyncNotHeld     = &refusal{status: 400, code: "CAS006", message: "K006 - Not Authorized", on: onAsyncHold, when: "the token is unknown, was used before, ran out, or was requested for another amount; the subscription has no inscribed card, or the issuer declines; the ticket is not that of such a hold, or the hold has ended"}
	errAsyncAmount      = &refusal{status: 400, code: "CAS006", message: "K012 - Monto de captura inválido.", on: onCaptures, when: "the amount is above what is held"}
	errAsyncOther       = &refusal{status: 400, code: "CAS006", message: "K042 - El código de moneda es diferente al de la transacción inicial.", on: onCaptures, when: "the currency is not that of the hold"}
	errAsyncDeclined    = &refusal{status: 400, code: "CAS006", message: "579 - Transacción declinada.", on: onCaptures, when: "the issuer refuses the capture"}
	errAsyncNoAnswer    = &refusal{status: 400, code: "CAS006", message: "597 - No hay respuesta del procesador", on: onCaptures, when: "the issuer does not answer in time, and the capture is undone"}
	errAsyncUnreachable = &refusal{status: 400, code: "CAS006", message: "228 - Procesador inalcanzable", on: onCaptures, when: "the issuer cannot be reached; nothing was sent"}
	errAsyncStatus      = &refusal{status: http.StatusInternalServerError, message: "Internal server error", on: onAsyncStatus, when: "something failed on the gateway's side"}
)

// The products of redirect payments.
var (
	asyncTokens   = asyncProduct("", nil)
	asyncInits    = asyncProduct("SALE", errAsyncNotBegun)
	asyncHolds    = asyncHoldProduct()
	asyncCaptures = asyncCaptureProduct()
	asyncStatuses = asyncStatusProduct()
)

// asyncProduct is what all have in common. unusable is what a token is answered that cannot begin a payment.
func asyncProduct(transactionType string, unusable *refusal) product {
	own := map[pasarela.Code]*refusal{
		pasarela.CodeInvalid:            errAsyncInvalid,
		pasarela.CodeCurrencyNotAllowed: errAsyncInvalid,
		pasarela.CodeUnauthorized:       errAsyncMerchant,
		pasarela.CodeNotFound:           errAsyncUnknown,
	}
	if unusable != nil {
		own[pasarela.CodeTokenSpent], own[pasarela.CodeTokenExpired], own[pasarela.CodeAmountMismatch] = unusable, unusable, unusable
	}
	return newProduct(transactionType, own)
}

func asyncHoldProduct() product {
	p := asyncProduct("PREAUTHORIZATION", errAsyncNotHeld)
	p.table[pasarela.CodeNotFound] = errAsyncNotHeld
	return p
}

func asyncCaptureProduct() product {
	p := asyncProduct("CAPTURE", nil)
	for _, code := range []pasarela.Code{pasarela.CodeWrongState, pasarela.CodeAlreadyVoided, pasarela.CodeAlreadyRefunded} {
		p.table[code] = errAsyncUnknown
	}
	p.table[pasarela.CodeCaptureAmount], p.table[pasarela.CodeCurrencyMismatch] = errAsyncAmount, errAsyncOther
	return p
}

func asyncStatusProduct() product {
	p := asyncProduct("", nil)
	p.table[pasarela.CodeInternal] = errAsyncStatus
	return p
}

// asyncCaptureDecline is the decline of a capture.
func asyncCaptureDecline(responseCode string) *refusal {
	switch responseCode {
	case pasarela.ResponseNoAnswer:
		return errAsyncNoAnswer
	case pasarela.ResponseUnreachable, pasarela.ResponseUnsendable:
		return errAsyncUnreachable
	default:
		return errAsyncDeclined
	}
}
