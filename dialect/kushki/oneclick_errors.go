package kushki

import "pasarela"

// Operations of inscribed cards, as the catalogue names them.
const onInscription = "OneClick: init"

// errInscriptionToken is what a token is answered that can begin no subscription.
var errInscriptionToken = &refusal{status: 400, code: "K008", message: "Token incorrecto o expirado", on: onInscription, when: "the token is unknown, was requested for another use, or is older than 30 minutes"}

// The products of inscribed cards. Holds and captures have the codes of redirect payments.
var (
	inscriptionTokens   = newProduct("", inscribed)
	inscriptions        = inscriptionProduct()
	inscriptionHolds    = inscriptionHoldProduct("PREAUTHORIZATION")
	inscriptionCaptures = inscriptionCaptureProduct()
)

// inscribed is what all have in common.
var inscribed = map[pasarela.Code]*refusal{
	pasarela.CodeUnauthorized:     errRecurringMerchant,
	pasarela.CodeMerchantDisabled: errRecurringDisabled,
	pasarela.CodeTokenSpent:       errRecurringSpent,
	pasarela.CodeInternal:         errRefundFailed,
}

func inscriptionProduct() product {
	p := newProduct("", inscribed)
	p.table[pasarela.CodeNotFound], p.table[pasarela.CodeTokenExpired] = errInscriptionToken, errInscriptionToken
	p.table[pasarela.CodeAmountMismatch] = errCurrency
	return p
}

// inscriptionHoldProduct refuses whatever there is no card or no hold for.
func inscriptionHoldProduct(transactionType string) product {
	p := newProduct(transactionType, inscribed)
	for _, code := range []pasarela.Code{pasarela.CodeNotFound, pasarela.CodeWrongState, pasarela.CodeAlreadyVoided, pasarela.CodeAlreadyRefunded} {
		p.table[code] = errAsyncNotHeld
	}
	return p
}

func inscriptionCaptureProduct() product {
	p := inscriptionHoldProduct("CAPTURE")
	p.table[pasarela.CodeCaptureAmount], p.table[pasarela.CodeCurrencyMismatch] = errAsyncAmount, errAsyncOther
	return p
}
