package simulator

import "pasarela"

// advices are Mastercard's codes for the merchant, by response code; doc.go says what they mean.
var advices = map[string]string{
	"14": "01", "54": "01", "78": "01",
	"51": "02", "61": "02", "65": "02", "91": "02", "96": "02",
	"04": "03", "07": "03", "15": "03", "41": "03", "43": "03", "46": "03", "62": "03",
	"R0": "21", "R1": "21", "R3": "21",
}

// advice is what the issuer of a Mastercard says besides its no; "" is nothing.
func (s *Simulator) advice(q request, responseCode string) string {
	switch q.op {
	case pasarela.MessageAuthorize, pasarela.MessageSale, pasarela.MessageVerify, pasarela.MessageReauthorize:
	default:
		return ""
	}
	code := advices[responseCode]
	if code == "" || s.cfg.Cards.Profile(q.number).Brand != pasarela.BrandMastercard {
		return ""
	}
	return code
}
