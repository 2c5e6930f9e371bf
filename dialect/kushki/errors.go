package kushki

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/gateway"
)

// refusalBody is every error's shape; what is empty is left out.
type refusalBody struct {
	Code           string `json:"code,omitzero"`
	Message        string `json:"message"`
	ProcessorError string `json:"processorError,omitzero"`
	Details        any    `json:"details,omitzero"`
	Reference      string `json:"transactionReference,omitzero"`
	External       string `json:"externalReferenceId,omitzero"`
}

func (r *refusal) body() refusalBody {
	return refusalBody{Code: r.code, Message: r.message, ProcessorError: r.processorError}
}

func (r *refusal) answer() gateway.Answer { return encode(r.status, r.body()) }

// product is a group of endpoints that share the meaning of codes.
type product struct {
	transactionType string // of what it makes
	tokenless       bool   // card and payment in one request
	table           map[pasarela.Code]*refusal
}

// general is what most products answer; each product's table names only where it differs.
var general = map[pasarela.Code]*refusal{
	pasarela.CodeInvalid:                errInvalid,
	pasarela.CodeUnauthorized:           errUnauthorized,
	pasarela.CodeForbidden:              errNotAllowed,
	pasarela.CodeMerchantDisabled:       errDisabled,
	pasarela.CodeNotFound:               errNotFound,
	pasarela.CodeTokenSpent:             errTokenSpent,
	pasarela.CodeTokenExpired:           errTokenExpired,
	pasarela.CodeAmountMismatch:         errAmountMismatch,
	pasarela.CodeDeferredMismatch:       errDeferred,
	pasarela.CodeCurrencyNotAllowed:     errCurrency,
	pasarela.CodeCurrencyMismatch:       errCurrencyDiffers,
	pasarela.CodeCaptureAmount:          errCaptureAmount,
	pasarela.CodeVoidAmount:             errVoidAmount,
	pasarela.CodeWrongState:             errUnsupported,
	pasarela.CodeAlreadyVoided:          errVoided,
	pasarela.CodeAlreadyRefunded:        errRefundedBefore,
	pasarela.CodeBusy:                   errBusy,
	pasarela.CodeCardRejected:           errCardRejected,
	pasarela.CodeCardNotEnabled:         errNotEnabled,
	pasarela.CodeCVVRequired:            errCVVRequired,
	pasarela.CodeAuthenticationRequired: errInsecure,
	pasarela.CodeAuthenticationFailed:   errInsecure,
	pasarela.CodeOTPRequired:            errInsecure,
	pasarela.CodeWrongCode:              errInsecure,
	pasarela.CodeAttemptsExceeded:       errInsecure,
	pasarela.CodeRecurrence:             errIncomplete,
	pasarela.CodeKeyReused:              errKeyReused,
	pasarela.CodeInternal:               errUnexpected,
}

// The products.
var (
	cardTokens        = newProduct("", nil)
	charges           = newProduct("SALE", nil)
	preauthorizations = newProduct("PREAUTHORIZATION", nil)
	captures          = newProduct("CAPTURE", nil)
	reauthorizations  = newProduct("REAUTHORIZATION", map[pasarela.Code]*refusal{
		pasarela.CodeUnauthorized:    errRecurringMerchant,
		pasarela.CodeNotFound:        errNotReauthorized,
		pasarela.CodeWrongState:      errNotReauthorized,
		pasarela.CodeAlreadyVoided:   errNotReauthorized,
		pasarela.CodeAlreadyRefunded: errNotReauthorized,
	})
	tokenlessCharges           = tokenless("SALE")
	tokenlessPreauthorizations = tokenless("PREAUTHORIZATION")
	voids                      = newProduct("VOID", map[pasarela.Code]*refusal{pasarela.CodeInternal: errVoidUnexpected})
	refunds                    = newProduct("REFUND", map[pasarela.Code]*refusal{
		pasarela.CodeNotFound:        errRefused,
		pasarela.CodeWrongState:      errRefused,
		pasarela.CodeAlreadyRefunded: errRepaid,
		pasarela.CodeInternal:        errRefundFailed,
	})
	validations = newProduct("", map[pasarela.Code]*refusal{
		pasarela.CodeUnauthorized: errAccountMerchant,
		pasarela.CodeForbidden:    errAccountNotAllowed,
	})
	lookUps  = newProduct("", nil)
	receipts = newProduct("", map[pasarela.Code]*refusal{pasarela.CodeNotFound: errNoReceipt})

	subscriptionTokens   = newProduct("", recurring)
	subscriptions        = newProduct("", recurring)
	subscriptionCharges  = newProduct("SALE", recurring)
	subscriptionPayments = newProduct("PREAUTHORIZATION", recurring)
)

// recurring is how the subscription pages use the codes.
var recurring = map[pasarela.Code]*refusal{
	pasarela.CodeInvalid:          errRecurringInvalid,
	pasarela.CodeUnauthorized:     errRecurringMerchant,
	pasarela.CodeMerchantDisabled: errRecurringDisabled,
	pasarela.CodeNotFound:         errNoSubscription,
	pasarela.CodeTokenSpent:       errRecurringSpent,
	pasarela.CodeTokenExpired:     errRecurringExpired,
	pasarela.CodeCaptureAmount:    errRecurringCapture,
	pasarela.CodeInternal:         errRefundFailed,
}

func tokenless(transactionType string) product {
	p := newProduct(transactionType, nil)
	p.tokenless = true
	return p
}

// newProduct completes a table with what it does not name.
func newProduct(transactionType string, own map[pasarela.Code]*refusal) product {
	table := make(map[pasarela.Code]*refusal, len(general))
	for code, row := range general {
		table[code] = row
	}
	for code, row := range own {
		table[code] = row
	}
	return product{transactionType: transactionType, table: table}
}

// refusalOf finds what the product answers to an error.
func (p *product) refusalOf(err error) *refusal {
	if own, ok := errors.AsType[*refusal](err); ok {
		return own
	}
	return p.table[pasarela.CodeOf(err)]
}

// refuse answers an error, or replays what was answered before.
func (c *call) refuse(err error) gateway.Answer {
	if replay, ok := errors.AsType[*gateway.Replay](err); ok {
		return gateway.Answer{Status: replay.Status, Body: replay.Body}
	}
	if rendered, ok := errors.AsType[*renderedRefusal](err); ok {
		return rendered.Answer
	}
	row := c.product.refusalOf(err)
	if row.status >= http.StatusInternalServerError {
		c.Log.LogAttrs(c.request.Context(), slog.LevelError, "request failed",
			slog.String("merchant", string(c.merchant.ID)), slog.String("route", c.request.Pattern), slog.Any("error", err))
	}
	b := row.body()
	b.External = c.external
	return encode(row.status, b)
}

// renderedRefusal is an error whose answer was rendered where its details were known.
type renderedRefusal struct {
	gateway.Answer
	cause error
}

func (r *renderedRefusal) Error() string { return r.cause.Error() }

func (r *renderedRefusal) Unwrap() error { return r.cause }

// encode renders an answer. Our own structs can always be written; that it fails would be a mistake of ours.
func encode(status int, v any) gateway.Answer {
	document, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return gateway.Answer{Status: http.StatusInternalServerError,
			Body: []byte(`{"code":"K002","message":"Ha ocurrido un error inesperado."}`)}
	}
	return gateway.Answer{Status: status, Body: document, Success: status < http.StatusMultipleChoices}
}
