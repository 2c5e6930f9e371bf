package monri

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/gateway"
)

// The values of status in an answer of API v2.
const (
	statusApproved = "approved"
	statusInvalid  = "invalid-request"
	statusError    = "error"
)

// problem is how one kind of error looks on the wire.
type problem struct {
	http   int
	status string
	text   string
	shown  bool // the error's own text is written for the caller, and says more than text
}

// problems has a row for every pasarela.Code.
var problems = map[pasarela.Code]problem{
	pasarela.CodeInvalid:                {400, statusInvalid, "the request cannot be understood", true},
	pasarela.CodeCardRejected:           {400, statusInvalid, "the card cannot be used", false},
	pasarela.CodeCardNotEnabled:         {400, statusInvalid, "the card is not enabled for payments on the internet", false},
	pasarela.CodeCVVRequired:            {400, statusInvalid, "the card's verification value is missing", false},
	pasarela.CodeTokenSpent:             {400, statusInvalid, "the token is unknown or has served already", false},
	pasarela.CodeTokenExpired:           {400, statusInvalid, "the token has expired", false},
	pasarela.CodeAmountMismatch:         {400, statusInvalid, "the amount is not the expected one", false},
	pasarela.CodeDeferredMismatch:       {400, statusInvalid, "the token was requested for installments", false},
	pasarela.CodeCurrencyNotAllowed:     {400, statusInvalid, "the merchant may not charge in this currency", false},
	pasarela.CodeCurrencyMismatch:       {400, statusInvalid, "the currency differs from that of the first transaction", false},
	pasarela.CodeCaptureAmount:          {400, statusInvalid, "the amount cannot be captured", false},
	pasarela.CodeVoidAmount:             {400, statusInvalid, "the amount is more than what remains", false},
	pasarela.CodeWrongState:             {400, statusInvalid, "the transaction does not allow this any more", false},
	pasarela.CodeAlreadyVoided:          {400, statusInvalid, "the transaction was voided before", false},
	pasarela.CodeAlreadyRefunded:        {400, statusInvalid, "the transaction was refunded before", false},
	pasarela.CodeAuthenticationRequired: {400, statusInvalid, "the cardholder was not authenticated", false},
	pasarela.CodeAuthenticationFailed:   {400, statusInvalid, "the cardholder could not be authenticated", false},
	pasarela.CodeOTPRequired:            {400, statusInvalid, "the one-time password was not confirmed", false},
	pasarela.CodeWrongCode:              {400, statusInvalid, "the one-time password is not this one", false},
	pasarela.CodeAttemptsExceeded:       {400, statusInvalid, "the one-time password is no longer asked for", false},
	pasarela.CodeRecurrence:             {400, statusInvalid, "the first payment of the series was not approved", false},
	pasarela.CodeKeyReused:              {400, statusInvalid, "this Idempotency-Key came with another body before: use a new key", false},
	pasarela.CodeUnauthorized:           {401, statusError, "authorization is missing or does not hold", false},
	pasarela.CodeForbidden:              {403, statusError, "the merchant may not do this", false},
	pasarela.CodeMerchantDisabled:       {403, statusError, "the merchant is disabled", false},
	pasarela.CodeNotFound:               {404, statusError, "there is no such thing", false},
	pasarela.CodeBusy:                   {409, statusError, "another request about the same thing is under way: repeat this one later", false},
	pasarela.CodeInternal:               {500, statusError, "something went wrong on our side: repeat the request later", false},
}

// failure carries its text twice, because clients read the one name or the other.
type failure struct {
	Status  string `json:"status"`
	Message string `json:"message"`
	Error   string `json:"error"`
}

// render is the answer to an error. Nothing of an error without a row shows through.
func render(err error) gateway.Answer {
	p, ok := problems[pasarela.CodeOf(err)]
	if !ok {
		p = problems[pasarela.CodeInternal]
	}
	text := p.text
	if e, ok := errors.AsType[*pasarela.Error](err); ok && p.shown {
		text = e.Text
	}
	return refusal(p.http, p.status, text)
}

func refusal(code int, status, text string) gateway.Answer {
	return encode(code, failure{status, text, text})
}

// encode renders an answer. Our own structs can always be written; that it fails would be a mistake of ours.
func encode(status int, v any) gateway.Answer {
	body, err := json.Marshal(v)
	if err != nil {
		return gateway.Answer{Status: http.StatusInternalServerError, Body: []byte(`{"status":"error","message":"","error":""}`)}
	}
	return gateway.Answer{Status: status, Body: body, Success: status < http.StatusMultipleChoices}
}
