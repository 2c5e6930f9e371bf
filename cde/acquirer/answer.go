package acquirer

import (
	"pasarela"
	"pasarela/cde/acquirer/iso"
)

// outcome reads an answer. Codes that approve something else than what was asked (with identification, in
// part, as a VIP) leave a hold that nobody will capture, and an issuer that answered too late for its own
// acquirer (68) may have one: they count as unknown, and the gateway reverses.
func outcome(message pasarela.Message, m iso.Message) pasarela.NetworkAnswer {
	a := pasarela.NetworkAnswer{Outcome: pasarela.OutcomeDeclined, ResponseCode: m.ResponseCode, Advice: m.Advice}
	switch m.ResponseCode {
	case iso.CodeApproved:
		a.Outcome, a.ApprovalCode = pasarela.OutcomeApproved, m.ApprovalCode
	case iso.CodeNoReasonToRefuse: // approves a verification; of an authorization it may have moved money
		switch message {
		case pasarela.MessageVerify:
			a.Outcome, a.ApprovalCode = pasarela.OutcomeApproved, m.ApprovalCode
		case pasarela.MessageAuthorize, pasarela.MessageSale, pasarela.MessageReauthorize:
			a.Outcome = pasarela.OutcomeUnknown
		}
	case "", "08", "10", "11", "16", "68":
		a.Outcome = pasarela.OutcomeUnknown
	}
	return a
}
