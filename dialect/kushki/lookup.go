package kushki

import (
	"net/http"
	"slices"

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

// binV1 answers GET /card/v1/bin/{bin}, of six digits.
func (c *call) binV1() (gateway.Answer, error) { return c.binInfoOf(6) }

// binV2 answers GET /deferred/v2/bin/{bin}, of eight or ten digits.
func (c *call) binV2() (gateway.Answer, error) { return c.binInfoOf(8, 10) }

func (c *call) binInfoOf(lengths ...int) (gateway.Answer, error) {
	p, err := c.rangeOf(lengths...)
	if err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, binFacts{p.Bank, p.Brand, p.Type, c.CountryName(p.Country)}), nil
}

// rangeOf looks the path's bin up, which has one of these lengths. It returns CodeInvalid for one that no scheme has
// given out.
func (c *call) rangeOf(lengths ...int) (pasarela.CardProfile, error) {
	bin := c.request.PathValue("bin")
	if !digits(bin) || !slices.Contains(lengths, len(bin)) {
		return pasarela.CardProfile{}, pasarela.Errorf(pasarela.CodeInvalid, "bin: send the first %v digits of the card", lengths)
	}
	p, err := c.DescribeBIN(bin)
	if err == nil && p.Brand == pasarela.BrandUnknown {
		err = pasarela.Errorf(pasarela.CodeInvalid, "bin: no scheme has this range")
	}
	return p, err
}

// deferredOptions answers GET /card/v1/deferred/{bin}, of six or eight digits: how a card can pay in installments.
func (c *call) deferredOptions() (gateway.Answer, error) {
	p, err := c.rangeOf(6, 8)
	if err != nil {
		return gateway.Answer{}, err
	}
	options, err := json.Marshal(installmentOptions(c.merchant.Country, p.Type))
	if err != nil {
		return gateway.Answer{}, pasarela.Wrap(pasarela.CodeInternal, err, "options cannot be encoded")
	}
	return gateway.Answer{Status: http.StatusOK, Body: options, Success: true}, nil
}
