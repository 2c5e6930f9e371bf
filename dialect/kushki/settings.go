package kushki

import (
	"html/template"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/gateway"
)

// clientCalls are what browser and mobile libraries ask beside their tokens.
var clientCalls = newProduct("", recurring)

// merchantSettings is what browser and mobile libraries ask first. Android stops reading at the first member that
// is missing, and the browser takes a key for set unless it is null, so all of them are there.
type merchantSettings struct {
	Country        string                 `json:"country"`
	MerchantName   string                 `json:"merchant_name"`
	ProcessorName  string                 `json:"processor_name"`
	Processors     map[string][]processor `json:"processors"`
	ProdAccountID  string                 `json:"prodAccountId"`
	ProdBeaconKey  jsontext.Value         `json:"prodBaconKey"` // spelled so
	TestAccountID  string                 `json:"sandboxAccountId"`
	TestBeaconKey  jsontext.Value         `json:"sandboxBaconKey"`
	ActiveThreeDS  bool                   `json:"active_3dsecure"`
	SandboxEnabled bool                   `json:"sandboxEnable"`
}

type processor struct {
	Name string `json:"processorName"`
}

// null says that no device fingerprints are taken.
var null = jsontext.Value("null")

// settings answers GET /merchant/v1/merchant/settings, and its older form with the credential in the path.
func (c *call) settings() (gateway.Answer, error) {
	return encode(http.StatusOK, merchantSettings{
		Country: c.CountryName(c.merchant.Country), MerchantName: c.merchant.Name, ProcessorName: processorName,
		Processors:    map[string][]processor{"card": {{processorName}}},
		ProdBeaconKey: null, TestBeaconKey: null,
		ActiveThreeDS: c.activeThreeDS(), SandboxEnabled: c.Sandbox,
	}), nil
}

// shownBrands are the schemes whose cards are taken.
var shownBrands = []pasarela.Brand{pasarela.BrandVisa, pasarela.BrandMastercard, pasarela.BrandAmex, pasarela.BrandDiners,
	pasarela.BrandDiscover, pasarela.BrandMaestro, pasarela.BrandJCB, pasarela.BrandUnionPay}

// brands answers GET /card/v1/merchant/brands.
func (c *call) brands() (gateway.Answer, error) {
	names := make([]string, len(shownBrands))
	for i, b := range shownBrands {
		names[i] = brandName(b)
	}
	return encode(http.StatusOK, names), nil
}

type brandLogo struct {
	Brand string `json:"brand"`
	URL   string `json:"url"`
}

// brandLogos answers GET /card/v1/merchant/brands-logos.
func (c *call) brandLogos() (gateway.Answer, error) {
	logos := make([]brandLogo, len(shownBrands))
	for i, b := range shownBrands {
		logos[i] = brandLogo{brandName(b), c.PublicURL() + logoPath + string(b) + ".svg"}
	}
	return encode(http.StatusOK, logos), nil
}

const logoPath = "/assets/kushki/brands/"

// logo draws a card with a scheme's name on it. The schemes' own marks are theirs to give away.
func logo(b pasarela.Brand) string {
	name := template.HTMLEscapeString(brandName(b))
	return `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="60" viewBox="0 0 96 60" role="img" aria-label="` + name + `">` +
		`<rect x="1" y="1" width="94" height="58" rx="6" fill="#fff" stroke="#76828f" stroke-width="2"/>` +
		`<text x="48" y="35" text-anchor="middle" font-family="system-ui,sans-serif" font-size="13" font-weight="600" fill="#1b2430">` + name + `</text></svg>`
}

// serveLogo answers with a drawing, which any page may show.
func serveLogo(w http.ResponseWriter, r *http.Request) {
	name, _ := strings.CutSuffix(r.PathValue("file"), ".svg")
	for _, b := range shownBrands {
		if string(b) == name {
			serveAsset(w, "image/svg+xml", []byte(logo(b)))
			return
		}
	}
	http.NotFound(w, r)
}

// methods says which payment methods the merchant can use now.
type methods struct {
	Card     bool `json:"card"`
	Transfer bool `json:"transfer"` // not part of this gateway
	Cash     bool `json:"cash"`     // neither
}

// gatewayStatus answers GET /rules/v1/gatewayStatus.
func (c *call) gatewayStatus() (gateway.Answer, error) {
	return encode(http.StatusOK, methods{Card: !c.merchant.Disabled}), nil
}

// applePay answers GET /apple-pay/v1/validate: no domain is registered with Apple.
func (c *call) applePay() (gateway.Answer, error) {
	return encode(http.StatusOK, struct {
		Valid bool `json:"isValid"`
	}{}), nil
}

// subscriptionUser answers POST /v1/subscriptions/{subscription}/user: the name under which a library reports the
// device of a stored card's holder.
func (c *call) subscriptionUser() (gateway.Answer, error) {
	s, err := c.subscription(c.request.PathValue("subscription"))
	if err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, struct {
		User string `json:"userId"`
	}{c.merchant.Kushki.PublicID + s.Facts.BIN + s.Facts.LastFour}), nil
}
