package kushki

import (
	"pasarela"
	"pasarela/gateway"
)

// declines is from ISO 8583 field 39; what is not named is declined, 017.
var declines = map[string]*refusal{
	"06": declinedProcessor,
	"14": declinedNumber,
	"78": declinedInfo,
	"46": declinedForGood, "R0": declinedForGood, "R1": declinedForGood, "R3": declinedForGood,
	"33": declinedExpired, "54": declinedExpired,
	"57": declinedCardType, "58": declinedCardType,
	"51": declinedFunds,
	"82": declinedCVV, "N7": declinedCVV,
	"04": declinedBlocked, "07": declinedBlocked, "41": declinedBlocked, "43": declinedBlocked, "62": declinedBlocked,
	pasarela.ResponseNoAnswer:    declinedNoAnswer,
	pasarela.ResponseUnreachable: declinedUnreached,
	pasarela.ResponseUnsendable:  declinedUnreached,
}

func declineOf(responseCode string) *refusal {
	if d, ok := declines[responseCode]; ok {
		return d
	}
	return declined
}

// followUpDecline is the decline of a capture, void or refund.
func followUpDecline(responseCode string) *refusal {
	switch responseCode {
	case pasarela.ResponseNoAnswer:
		return declinedNoAnswer
	case pasarela.ResponseUnreachable, pasarela.ResponseUnsendable:
		return declinedUnreached
	default:
		return declinedFollowUp
	}
}

// declineAnswer renders a decline.
func (c *call) declineAnswer(t transaction, d *refusal) gateway.Answer {
	t = t.refused(d)
	b := d.body()
	b.Details, b.Reference, b.External = c.details(t), t.reference, t.external()
	return encode(d.status, b)
}

// declinedWithin is isoErrorCode where the decline is the gateway's own.
const declinedWithin = "228"

// isoErrorCode is what the network said, or the code of a decline within the gateway.
func isoErrorCode(responseCode string) string {
	switch responseCode {
	case pasarela.ResponseUnreachable, pasarela.ResponseUnsendable:
		return declinedWithin
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
	t.status, t.declined, t.approved.Minor = statusDeclined, row, 0
	t.processorError = row.processorError
	if t.reference == "" {
		t.reference = string(c.gateway.IDs.Payment())
	}
	t.rules, t.baseMessage = rulesOf(err)
	b := row.body()
	b.Details, b.Reference, b.External = c.details(t), t.reference, t.external()
	if b.Details == nil && t.rules != nil {
		b.Details = briefRules{t.baseMessage, t.rules}
	}
	return &renderedRefusal{Answer: encode(row.status, b), cause: err}
}
