package kushki

import (
	"slices"

	"pasarela"
)

// messageFields is what the scheme answered, told to merchants of the acquirer model.
type messageFields struct {
	F38        string   `json:"f38,omitzero"`
	F39        string   `json:"f39,omitzero"`
	F48        *field48 `json:"f48,omitzero"`
	Restricted bool     `json:"restricted,omitzero"` // the scheme wants no further attempt with this card
}

// field48 is what a Mastercard's issuer is told and says besides.
type field48 struct {
	S22 *initiator `json:"s22,omitzero"`
	S84 string     `json:"s84,omitzero"` // merchant advice code, as the scheme gave it
}

// initiator echoes citMit.
type initiator struct {
	SE5 string `json:"se5"`
}

// hopeless are the advices after which the scheme wants no further attempt: 03 do not try again, 21 the cardholder
// has cancelled.
var hopeless = []string{"03", "21"}

// schemeSaid renders what the scheme answered.
func (c *call) schemeSaid(t transaction) *messageFields {
	m := &messageFields{F38: t.approval, F39: t.iso}
	if t.facts.Brand != pasarela.BrandMastercard || !t.firstMessage() {
		return m
	}
	var f field48
	domesticMexican := c.merchant.Country == "MX" && t.facts.Country == "MX"
	if t.order != nil && t.order.CitMit != "" && !domesticMexican {
		f.S22 = &initiator{t.order.CitMit}
	}
	if t.declined != nil {
		f.S84, m.Restricted = t.advice, slices.Contains(hopeless, t.advice)
	}
	if f != (field48{}) {
		m.F48 = &f
	}
	return m
}
