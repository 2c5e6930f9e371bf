package kushki

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/gateway"
)

// binFacts is what is told of a range of cards.
type binFacts struct {
	Bank    string            `json:"bank"`
	Brand   pasarela.Brand    `json:"brand"`
	Type    pasarela.CardType `json:"cardType"`
	Country string            `json:"country"`
}

// describeBIN answers GET /card/v1/bin/{bin} and GET /deferred/v2/bin/{bin}.
func (c *call) describeBIN() (gateway.Answer, error) {
	p, err := c.rangeOf()
	if err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, binFacts{p.Bank, p.Brand, p.Type, c.CountryName(p.Country)}), nil
}

// How many digits a look-up takes. The pages name six, eight and ten for one address or the other, and published
// clients do not keep to them.
const (
	leastBIN = 6
	mostBIN  = 10
)

// rangeOf looks the path's bin up. It returns CodeInvalid for one that no scheme has given out.
func (c *call) rangeOf() (pasarela.CardProfile, error) {
	bin := c.request.PathValue("bin")
	if !digits(bin) || len(bin) < leastBIN || len(bin) > mostBIN {
		return pasarela.CardProfile{}, pasarela.Errorf(pasarela.CodeInvalid, "bin: send the first %d to %d digits of the card", leastBIN, mostBIN)
	}
	p, err := c.DescribeBIN(bin)
	if err == nil && p.Brand == pasarela.BrandUnknown {
		err = pasarela.Errorf(pasarela.CodeInvalid, "bin: no scheme has this range")
	}
	return p, err
}

// deferredOptions answers GET /card/v1/deferred/{bin}: how a card can pay in installments.
func (c *call) deferredOptions() (gateway.Answer, error) {
	p, err := c.rangeOf()
	if err != nil {
		return gateway.Answer{}, err
	}
	options, err := json.Marshal(installmentOptions(c.merchant.Country, p.Type))
	if err != nil {
		return gateway.Answer{}, pasarela.Wrap(pasarela.CodeInternal, err, "options cannot be encoded")
	}
	return gateway.Answer{Status: http.StatusOK, Body: options, Success: true}, nil
}
