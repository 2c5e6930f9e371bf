package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/gateway"
)

// decline is what an issuer's response code becomes.
type decline struct {
	code string // this API's three digits
	text string // details.responseText
}

// The declines, with the catalogue's texts. 021 has none there, so it has one of ours.
var (
	declined          = decline{"017", "Tarjeta no válida"}
	declinedExpired   = decline{"018", "Tarjeta vencida"}
	declinedCardType  = decline{"019", "Fondos insuficientes para rembolsos"}
	declinedFunds     = decline{"021", "Fondos insuficientes"}
	declinedCVV       = decline{"022", "Tipo de tarjeta no compatible por MRC"}
	declinedBlocked   = decline{"023", "Fecha de expiración no válida"}
	declinedFollowUp  = decline{"579", "Transacción rechazada"}
	declinedNoAnswer  = decline{"597", "No hay respuesta del procesador"}
	declinedUnreached = decline{"228", "Procesador inalcanzable"}
)

// declines is from ISO 8583 field 39; what is not named is declined, 017.
var declines = map[string]decline{
	"33": declinedExpired, "54": declinedExpired,
	"57": declinedCardType, "58": declinedCardType,
	"51": declinedFunds,
	"82": declinedCVV, "N7": declinedCVV,
	"04": declinedBlocked, "07": declinedBlocked, "41": declinedBlocked, "43": declinedBlocked, "62": declinedBlocked,
	pasarela.ResponseNoAnswer:    declinedNoAnswer,
	pasarela.ResponseUnreachable: declinedUnreached,
}

func declineOf(responseCode string) decline {
	if d, ok := declines[responseCode]; ok {
		return d
	}
	return declined
}

// followUpDecline is the decline of a capture, void or refund.
func followUpDecline(responseCode string) decline {
	switch responseCode {
	case pasarela.ResponseNoAnswer:
		return declinedNoAnswer
	case pasarela.ResponseUnreachable:
		return declinedUnreached
	default:
		return declinedFollowUp
	}
}

// message is the top-level text: the catalogue's where nobody declined, else that of every decline.
func (d decline) message() string {
	if d == declinedNoAnswer || d == declinedUnreached {
		return d.text
	}
	return "Transacción declinada."
}

// processorError is the generic companion of a decline.
const processorError = "K006"

// declineAnswer renders a decline.
func (c *call) declineAnswer(t transaction, d decline) gateway.Answer {
	t.status, t.declined, t.message, t.approval, t.approved.Minor = statusDeclined, &d, d.message(), "", 0
	return encode(http.StatusBadRequest, refusalBody{
		Code: d.code, Message: d.message(), ProcessorError: processorError, Details: c.details(t),
		Reference: t.reference, External: t.external(),
	})
}

// isoErrorCode is what the network said, or the code of a decline within the gateway.
func isoErrorCode(responseCode string) string {
	switch responseCode {
	case pasarela.ResponseUnreachable:
		return "228"
	case pasarela.ResponseNoAnswer:
		return ""
	default:
		return responseCode
	}
}

// refuseDetailed renders a refusal whose product documents details: as an error that carries its answer.
func (c *call) refuseDetailed(err error, t transaction) error {
	row := c.product.refusalOf(err)
	if !row.detailed {
		return err
	}
	text := row.text
	if text == "" {
		text = row.message
	}
	t.status, t.declined, t.message, t.approved.Minor = statusDeclined, &decline{row.code, text}, row.message, 0
	t.processorError = row.processorError
	if t.reference == "" {
		t.reference = string(c.gateway.IDs.Payment())
	}
	b := row.body()
	b.Details, b.Reference, b.External = c.details(t), t.reference, t.external()
	return &renderedRefusal{Answer: encode(row.status, b), cause: err}
}
