package kushki

import (
	"net/http"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// verified is what came of an account's verification. Whether it is good, responseCode says and not the status.
type verified struct {
	Brand            string `json:"paymentBrand"`
	Code             string `json:"responseCode"`
	Text             string `json:"responseText"`
	ProcessorError   string `json:"processorError,omitzero"`
	ProcessorMessage string `json:"processorMessage,omitzero"`
	Approval         string `json:"approvalCode,omitzero"`
	Reference        string `json:"transactionReference"`
}

// validate answers POST /card/v1/validation. Chile, Colombia and Peru have it, of the acquirer's merchants.
func (c *call) validate() (gateway.Answer, error) {
	if !c.validatesAccounts() {
		return gateway.Answer{}, errAccountNotAllowed
	}
	var r struct {
		Token string `json:"token"`
	}
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	if r.Token == "" || len(r.Token) > 64 {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "token: send the token as it was given")
	}
	facts, v, err := c.gateway.Verify(c.request.Context(), c.merchant, pasarela.TokenID(r.Token))
	if err != nil {
		return gateway.Answer{}, err
	}
	answer := verified{Brand: flatBrandName(facts.Brand), Code: "000", Text: approvedText, Approval: v.ApprovalCode, Reference: string(v.Reference)}
	if v.Outcome != pasarela.OutcomeApproved {
		d := accountDecline(v.ResponseCode)
		answer.Code, answer.Text, answer.Approval = d.code, d.responseText(), ""
		answer.ProcessorError, answer.ProcessorMessage = d.processorError, rejected
	}
	return encode(http.StatusCreated, answer), nil
}

// rejected is the processor's message about an account that is not good.
const rejected = "Transacción rechazada"

func (c *call) validatesAccounts() bool {
	return c.merchant.Model == pasarela.ModelAcquirer && c.merchant.Country != "EC" && c.merchant.Country != "MX"
}

// accountDecline is what an issuer's no to an account becomes.
func accountDecline(responseCode string) *refusal {
	if responseCode == pasarela.ResponseNoAnswer || pasarela.NeverSent(responseCode) {
		return declineOf(responseCode)
	}
	return declinedAccount
}
