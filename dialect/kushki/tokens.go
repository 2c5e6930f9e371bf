package kushki

import (
	"encoding/base64"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// cardRequest is a card on its way into the vault.
type cardRequest struct {
	Name        string       `json:"name"`
	Number      vault.Number `json:"number"`
	ExpiryMonth string       `json:"expiryMonth"`
	ExpiryYear  string       `json:"expiryYear"`
	CVV         givenCVV     `json:"cvv"`
	Cryptogram  string       `json:"cryptogram"`
	AccountType string       `json:"accountType"`
}

// givenCVV is a CVV whose field was left empty where libraries send "".
type givenCVV struct{ vault.CVV }

// UnmarshalJSON reads what a CVV reads, and an empty text as none.
func (v *givenCVV) UnmarshalJSON(text []byte) error {
	if string(text) == `""` {
		v.CVV = vault.CVV{}
		return nil
	}
	return v.CVV.UnmarshalJSON(text)
}

// tokenRequest is what both token endpoints understand; a subscription's has no totalAmount.
type tokenRequest struct {
	Card            *cardRequest       `json:"card"`
	TotalAmount     wire.Decimal       `json:"totalAmount"`
	Currency        string             `json:"currency"`
	IsDeferred      bool               `json:"isDeferred"`
	Months          int                `json:"months"`
	TransactionMode string             `json:"transactionMode"`
	AuthValidation  string             `json:"authValidation"`
	CallbackURL     string             `json:"callbackUrl"`
	JWT             string             `json:"jwt"`
	IsNetworkToken  bool               `json:"isNetworkToken"`
	NetworkToken    kept[networkToken] `json:"networkToken"`
	UserID          string             `json:"userId"`
	SessionID       string             `json:"sessionId"`
}

// tokenDetails is what a token remembers of its request, beside what its other members say.
type tokenDetails struct {
	Months       int            `json:"months,omitzero"`
	NetworkToken jsontext.Value `json:"networkToken,omitzero"`
	SessionID    string         `json:"sessionId,omitzero"`
}

// Values of authValidation.
const (
	authURL   = "url"
	authFrame = "iframe"
)

const accountValidation = "accountValidation"

// cardToken answers POST /card/v1/tokens.
func (c *call) cardToken() (gateway.Answer, error) {
	var r tokenRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	defer r.wipe()
	if err := c.checkToken(&r); err != nil {
		return gateway.Answer{}, err
	}
	total, use, err := c.tokenTotal(&r)
	if err != nil {
		return gateway.Answer{}, err
	}
	return c.tokenize(&r, use, total)
}

// subscriptionToken answers POST /subscriptions/v1/card/tokens.
func (c *call) subscriptionToken() (gateway.Answer, error) {
	var r tokenRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	defer r.wipe()
	if err := c.checkToken(&r); err != nil {
		return gateway.Answer{}, err
	}
	currency, err := currencyOf(r.Currency, c.merchant)
	if err == nil && !c.merchant.Allows(currency) {
		err = pasarela.Errorf(pasarela.CodeCurrencyNotAllowed, "merchant may not charge in %s", currency)
	}
	if err != nil {
		return gateway.Answer{}, err
	}
	return c.tokenize(&r, pasarela.UseSubscription, pasarela.Money{Currency: currency})
}

// wipe overwrites the card once it was sealed.
func (r *tokenRequest) wipe() {
	if r.Card != nil {
		vault.Card{Number: r.Card.Number, CVV: r.Card.CVV.CVV}.Wipe()
	}
}

// tokenTotal is what the token's charge must add up to, and what the token is for.
func (c *call) tokenTotal(r *tokenRequest) (pasarela.Money, pasarela.TokenUse, error) {
	if !r.TotalAmount.Present() {
		return pasarela.Money{}, "", pasarela.Errorf(pasarela.CodeInvalid, "totalAmount is missing")
	}
	currency, err := currencyOf(r.Currency, c.merchant)
	if err != nil {
		return pasarela.Money{}, "", err
	}
	total, err := r.TotalAmount.Money(currency)
	if err != nil || r.TransactionMode != accountValidation {
		return total, pasarela.UseCharge, err
	}
	switch {
	case c.merchant.Model != pasarela.ModelAcquirer, c.merchant.Country == "EC", c.merchant.Country == "MX":
		return total, "", errNotAllowed
	case total.Minor != 0:
		return total, "", pasarela.Errorf(pasarela.CodeInvalid, "totalAmount: an account is validated with 0")
	}
	return total, pasarela.UseValidation, nil
}

// checkToken looks at what types cannot say.
func (c *call) checkToken(r *tokenRequest) error {
	switch {
	case r.Card == nil:
		return pasarela.Errorf(pasarela.CodeInvalid, "card is missing")
	case r.Card.Name == "" || len(r.Card.Name) > 256:
		return pasarela.Errorf(pasarela.CodeInvalid, "card: name is missing or longer than 256 bytes")
	case r.Card.Number.IsZero(), !c.Sandbox && r.Card.Number.Length() < 14:
		return pasarela.Errorf(pasarela.CodeInvalid, "card: send a number of 14 to 19 digits")
	case r.Months < 0 || r.Months > maxMonths:
		return pasarela.Errorf(pasarela.CodeInvalid, "months: send 1 to %d", maxMonths)
	case r.IsNetworkToken && r.NetworkToken.IsZero():
		return pasarela.Errorf(pasarela.CodeInvalid, "networkToken is missing")
	case !base64Text(r.Card.Cryptogram):
		return pasarela.Errorf(pasarela.CodeInvalid, "card: send cryptogram in base64, at most %d characters", maxCryptogram)
	case (r.AuthValidation == "") != (r.CallbackURL == ""):
		return pasarela.Errorf(pasarela.CodeInvalid, "authValidation and callbackUrl come together")
	}
	if err := c.checkCallback(r.CallbackURL); err != nil {
		return err
	}
	if err := oneOf("authValidation", r.AuthValidation, "", authURL, authFrame); err != nil {
		return err
	}
	if err := oneOf("transactionMode", r.TransactionMode, "", modes[1], modes[2], accountValidation); err != nil {
		return err
	}
	if err := c.hasTerms(r.TransactionMode, r.IsNetworkToken); err != nil {
		return err
	}
	expiry, err := expiryOf(r.Card)
	if err == nil && (pasarela.CardFacts{Expiry: expiry}).ExpiresBefore(c.now()) {
		err = errExpiredCard
	}
	return err
}

// checkCallback looks at the address to come back to, where there is one.
func (c *call) checkCallback(address string) error {
	if address == "" {
		return nil
	}
	if err := absoluteURL("callbackUrl", address); err != nil {
		return err
	}
	if address != string(c.Mask([]byte(address))) {
		return pasarela.Errorf(pasarela.CodeInvalid, "callbackUrl: send an address that does not look like a card number")
	}
	return nil
}

// expiryOf reads the two members into YYMM.
func expiryOf(r *cardRequest) (string, error) {
	month, year := r.ExpiryMonth, r.ExpiryYear
	if len(month) == 1 {
		month = "0" + month
	}
	if len(month) != 2 || !digits(month) || month < "01" || month > "12" {
		return "", pasarela.Errorf(pasarela.CodeInvalid, "card: send expiryMonth as a string from 01 to 12")
	}
	if len(year) != 2 || !digits(year) {
		return "", pasarela.Errorf(pasarela.CodeInvalid, "card: send expiryYear as a string of two digits")
	}
	return year + month, nil
}

// maxCryptogram is how many characters of a cryptogram the network carries.
const maxCryptogram = 32

func base64Text(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(s) <= maxCryptogram
}

// recurrences is what a token's transactionMode says of a series.
var recurrences = map[string]pasarela.Recurrence{modes[1]: pasarela.RecurrenceInitial, modes[2]: pasarela.RecurrenceSubsequent}

// holder is the name on the card. Android writes it as a form does, on the mobile libraries' addresses: spaces
// are plus signs, other letters percent and hexadecimal digits. A name as people write it has a space, or none of these.
func (c *call) holder(name string) string {
	mobile := strings.HasPrefix(c.request.URL.Path, "/v1/")
	if !mobile || strings.Contains(name, " ") || !strings.ContainsAny(name, "+%") {
		return name
	}
	decoded, err := url.QueryUnescape(name)
	if err != nil || !utf8.ValidString(decoded) || strings.ContainsFunc(decoded, unicode.IsControl) {
		return name
	}
	return decoded
}

// tokenize seals the card and answers its token.
func (c *call) tokenize(r *tokenRequest, use pasarela.TokenUse, total pasarela.Money) (gateway.Answer, error) {
	remember, err := c.remember(everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	details, err := c.tokenDetails(r)
	if err != nil {
		return gateway.Answer{}, err
	}
	expiry, err := expiryOf(r.Card)
	if err != nil {
		return gateway.Answer{}, err
	}
	r.Card.Name = c.holder(r.Card.Name)
	c.maskText(&r.Card.Name)
	card := vault.Card{Number: r.Card.Number, CVV: r.Card.CVV.CVV, Holder: r.Card.Name, Expiry: expiry}
	if r.IsNetworkToken {
		card.Cryptogram = r.Card.Cryptogram
	}
	challenge, err := c.challenge(r, total)
	if err != nil {
		return gateway.Answer{}, err
	}
	answer := c.tokenAnswer(r.JWT != "", vault.Beginning(r.Card.Number))
	t, a, err := c.gateway.Tokenize(c.request.Context(), c.merchant, gateway.TokenizeRequest{
		Use: use, Card: card, Total: total, Deferred: r.IsDeferred, NeedsCVV: r.TransactionMode != modes[2],
		Details: details, Recurrence: recurrences[r.TransactionMode], NetworkToken: r.IsNetworkToken, Challenge: challenge,
		Remember: remember, Answer: answer,
	})
	if err != nil {
		return gateway.Answer{}, err
	}
	return answer(t, a), nil
}

// tokenDetails renders what is kept of the request; most have nothing.
func (c *call) tokenDetails(r *tokenRequest) ([]byte, error) {
	d := tokenDetails{Months: r.Months, SessionID: r.SessionID}
	if r.Months == 0 && r.NetworkToken.IsZero() && r.SessionID == "" {
		return nil, nil
	}
	c.maskText(&d.SessionID)
	if !r.NetworkToken.IsZero() {
		d.NetworkToken = c.Mask(r.NetworkToken.raw)
	}
	b, err := json.Marshal(d)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "details of a token cannot be encoded")
	}
	return b, nil
}
