package simulator

import (
	"pasarela"
	"pasarela/cde/acquirer/iso"
	"pasarela/cde/internal/pan"
)

// request is a message as the issuer understands it.
type request struct {
	op          pasarela.Message
	reference   pasarela.PaymentID
	rrn, stan   string
	originalRRN string
	amount      pasarela.Money
	expiry      string // YYMM, "" where the message has none
	number      pan.Number
	account     string // fingerprint; set where the request opens an authorization
}

// reasons are those of reversals.
var reasons = map[string]pasarela.Message{
	iso.ReasonVoid:               pasarela.MessageVoid,
	iso.ReasonRelease:            pasarela.MessageRelease,
	iso.ReasonReverse:            pasarela.MessageReverse,
	iso.ReasonReverseCapture:     pasarela.MessageReverseCapture,
	iso.ReasonReduce:             pasarela.MessageReduce,
	iso.ReasonReverseReauthorize: pasarela.MessageReverseReauthorize,
}

// operation is what a message asks for, "" where the issuer does not know.
func operation(m iso.Message) pasarela.Message {
	switch m.MTI {
	case iso.AuthorizationRequest:
		switch {
		case m.ProcessingCode == iso.ProcessingVerify:
			return pasarela.MessageVerify
		case m.Reason == iso.ReasonReauthorize:
			return pasarela.MessageReauthorize
		case m.Reason != "":
			return "" // of something else that must not be taken for a new authorization
		}
		return pasarela.MessageAuthorize
	case iso.FinancialRequest:
		if m.ProcessingCode == iso.ProcessingRefund {
			return pasarela.MessageRefund
		}
		return pasarela.MessageSale
	case iso.CaptureAdvice, iso.CaptureRepeat:
		return pasarela.MessageCapture
	case iso.ReversalRequest, iso.ReversalAdvice, iso.ReversalRepeat:
		return reasons[m.Reason]
	default:
		return ""
	}
}

// understand reads a message. It says false where something is missing without which nothing can be booked.
func understand(m iso.Message) (request, bool) {
	amount, err := m.Money()
	q := request{op: operation(m), reference: pasarela.PaymentID(m.Reference), rrn: m.RRN, stan: m.STAN,
		originalRRN: m.OriginalRRN, amount: amount, expiry: m.Expiry, number: m.Card}
	return q, err == nil && q.op != "" && q.reference != "" && q.rrn != "" && q.stan != ""
}

// answer is the message that answers m.
func answer(m iso.Message, r reply) iso.Message {
	return iso.Message{
		MTI:            iso.AnswerTo(m.MTI),
		ProcessingCode: m.ProcessingCode,
		Amount:         m.Amount,
		SentAt:         m.SentAt,
		STAN:           m.STAN,
		Acquirer:       m.Acquirer,
		RRN:            m.RRN,
		ApprovalCode:   r.approvalCode,
		ResponseCode:   r.responseCode,
		Terminal:       m.Terminal,
		Merchant:       m.Merchant,
		Currency:       m.Currency,
		Reference:      m.Reference,
		Function:       m.Function,
	}
}
