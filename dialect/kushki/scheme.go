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
	Restricted bool     `json:"restricted,omitzero"` // no further attempt with this card can succeed
}

// field48 is what a Mastercard's issuer is told and says besides.
type field48 struct {
	S22 *initiator `json:"s22,omitzero"`
	S84 string     `json:"s84,omitzero"` // merchant advice code
}

// initiator echoes citMit.
type initiator struct {
	SE5 string `json:"se5"`
}

// advices is Mastercard's advice to the merchant by field 39: 01 new details of the card may be had, 02 try again
// later, 03 do not try again, 21 the cardholder has cancelled.
var advices = map[string]string{
	"54": "01", "78": "01",
	"51": "02", "61": "02", "65": "02", "91": "02", "96": "02",
	"04": "03", "07": "03", "14": "03", "15": "03", "41": "03", "43": "03", "46": "03", "57": "03",
	"R0": "21", "R1": "21", "R3": "21",
}

// hopeless are the answers after which an issuer will never approve.
var hopeless = []string{"04", "07", "14", "15", "41", "43", "46", "R0", "R1", "R3"}

// schemeSaid renders what the scheme answered.
func (c *call) schemeSaid(t transaction) *messageFields {
	m := &messageFields{F38: t.approval, F39: t.iso, Restricted: t.declined != nil && slices.Contains(hopeless, t.iso)}
	if t.facts.Brand != pasarela.BrandMastercard || !t.firstMessage() {
		return m
	}
	var f field48
	domesticMexican := c.merchant.Country == "MX" && t.facts.Country == "MX"
	if t.order != nil && t.order.CitMit != "" && !domesticMexican {
		f.S22 = &initiator{t.order.CitMit}
	}
	if t.declined != nil {
		f.S84 = advices[t.iso]
	}
	if f != (field48{}) {
		m.F48 = &f
	}
	return m
}
