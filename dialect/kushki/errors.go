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

// refusal is an error as a caller sees it.
type refusal struct {
	status         int
	code           string // "" for answers of the API's front, which have a message only
	message        string
	processorError string
	text           string // details.responseText where it differs from message
	detailed       bool   // carries a reference, and details where the request asked for them
}

func (r *refusal) Error() string { return r.code + " " + r.message }

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

// Refusals that come from the dialect itself.
var (
	errNoRoute         = &refusal{status: http.StatusForbidden, message: "Missing Authentication Token"}
	errWrongCredential = &refusal{status: http.StatusUnauthorized, message: "Unauthorized"}
	errNotAllowed      = &refusal{status: http.StatusBadRequest, code: "K041", message: "Operación no permitida"}
	errTicket          = &refusal{status: http.StatusBadRequest, code: "K010", message: "Ticket number inválido"}
	errZeroAmount      = &refusal{status: http.StatusBadRequest, code: "K039", message: "La suma de los valores de la propiedad amount debe ser mayor a 0"}
	errCurrencyType    = &refusal{status: http.StatusBadRequest, code: "K205", message: "Tipo de moneda no válido", detailed: true}
	errExpiredCard     = &refusal{status: http.StatusBadRequest, code: "018", message: "Tarjeta vencida", processorError: "K006"}
	errStartDate       = &refusal{status: http.StatusBadRequest, code: "K011", message: "Fecha de inicio no válida"}
	errEndDate         = &refusal{status: http.StatusBadRequest, code: "K013", message: "Fecha de fin no válida"}
	errSubscriptionID  = &refusal{status: http.StatusBadRequest, code: "K012", message: "Id de subscripción no válido"}
)

// product is a group of endpoints that share the meaning of codes.
type product struct {
	transactionType string // of what it makes
	table           map[pasarela.Code]refusal
}

// general is what most products answer; each product's table names only where it differs.
var general = map[pasarela.Code]refusal{
	pasarela.CodeInvalid:            {status: 400, code: "K001", message: "Cuerpo de la petición inválido."},
	pasarela.CodeUnauthorized:       {status: 400, code: "K004", message: "ID de comercio o credencial no válido"},
	pasarela.CodeForbidden:          {status: 400, code: "K041", message: "Operación no permitida"},
	pasarela.CodeNotFound:           {status: 400, code: "222", message: "Transacción no encontrada"},
	pasarela.CodeTokenSpent:         {status: 400, code: "577", message: "El token es invalido , o ya fue usado en otra transaccion.", processorError: "566", text: "El token de la transacción no es válido", detailed: true},
	pasarela.CodeTokenExpired:       {status: 400, code: "578", message: "El token de la transacción ha expirado", detailed: true},
	pasarela.CodeAmountMismatch:     {status: 400, code: "K220", message: "Monto de la transacción es diferente al monto de la venta inicial"},
	pasarela.CodeDeferredMismatch:   {status: 400, code: "K013", message: "Transacción tokenizada como diferido"},
	pasarela.CodeCurrencyNotAllowed: {status: 400, code: "K055", message: "Tipo de moneda no permitido"},
	pasarela.CodeCurrencyMismatch:   {status: 400, code: "K042", message: "El código de moneda es diferente al de la transacción inicial."},
	pasarela.CodeCaptureAmount:      {status: 400, code: "K012", message: "Monto de captura inválido.", detailed: true},
	pasarela.CodeVoidAmount:         {status: 400, code: "K023", message: "Monto del void superior al del sale"},
	pasarela.CodeWrongState:         {status: 400, code: "223", message: "Transacción no soportada"},
	pasarela.CodeAlreadyVoided:      {status: 400, code: "238", message: "Transaccón anulada"},
	pasarela.CodeAlreadyRefunded:    {status: 400, code: "231", message: "Anulación de venta no permitida"},
	pasarela.CodeBusy:               {status: 409, code: "K006", message: "Hay otra operación en curso sobre esta transacción; intente nuevamente."},
	pasarela.CodeCardRejected:       {status: 400, code: "017", message: "Transacción declinada.", processorError: "K006"},
	pasarela.CodeCardNotEnabled:     {status: 402, code: "K003", message: "Tarjeta no habilitada por el emisor"},
	pasarela.CodeCVVRequired:        {status: 400, code: "K015", message: "Transacción no permitida sin ccv2."},
	pasarela.CodeKeyReused:          {status: 400, code: "K001", message: "El Idempotency-Key ya fue usado con otro cuerpo de petición."},
	pasarela.CodeInternal:           {status: 500, code: "K002", message: "Ha ocurrido un error inesperado."},
}

// The products.
var (
	cardTokens        = newProduct("", nil)
	charges           = newProduct("SALE", nil)
	preauthorizations = newProduct("PREAUTHORIZATION", nil)
	captures          = newProduct("CAPTURE", nil)
	voids             = newProduct("VOID", map[pasarela.Code]refusal{
		pasarela.CodeInternal: {status: 500, code: "K006", message: "Ha ocurrido un error inesperado."},
	})
	refunds = newProduct("REFUND", map[pasarela.Code]refusal{
		pasarela.CodeNotFound:        {status: 400, code: "K020", message: "Transacción rechazada."},
		pasarela.CodeWrongState:      {status: 400, code: "K020", message: "Transacción rechazada."},
		pasarela.CodeAlreadyRefunded: {status: 400, code: "216", message: "Transacción reembolsada"},
		pasarela.CodeInternal:        {status: 500, code: "K002", message: "Ha ocurrido un error inesperado"},
	})
	subscriptionTokens   = newProduct("", recurring)
	subscriptions        = newProduct("", recurring)
	subscriptionPayments = newProduct("PREAUTHORIZATION", recurring)
)

// recurring is how the subscription pages use the codes.
var recurring = map[pasarela.Code]refusal{
	pasarela.CodeInvalid:       {status: 400, code: "K001", message: "El cuerpo de la petición es inválido"},
	pasarela.CodeUnauthorized:  {status: 400, code: "K004", message: "Id de comercio no válido."},
	pasarela.CodeNotFound:      {status: 400, code: "K037", message: "Subscripción no encontrada"},
	pasarela.CodeTokenSpent:    {status: 400, code: "K022", message: "Token utilizado anteriormente"},
	pasarela.CodeTokenExpired:  {status: 400, code: "K008", message: "El token de la transacción ha expirado"},
	pasarela.CodeCaptureAmount: {status: 400, code: "K014", message: "Monto de captura inválido.", detailed: true},
	pasarela.CodeInternal:      {status: 500, code: "K002", message: "Ha ocurrido un error inesperado"},
}

// newProduct completes a table with what it does not name.
func newProduct(transactionType string, own map[pasarela.Code]refusal) product {
	table := make(map[pasarela.Code]refusal, len(general))
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
	row := p.table[pasarela.CodeOf(err)]
	return &row
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
	return row.answer()
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
