package cards

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pasarela"
	"pasarela/cde/internal/pan"
)

const (
	maxBankCharacters = 100
	maxDelay          = time.Hour
	looksLikeNumber   = 12 // this many digits in a text may be a card number
)

var (
	cardTypes = []string{string(pasarela.CardCredit), string(pasarela.CardDebit), string(pasarela.CardPrepaid)}
	brands    = []string{string(pasarela.BrandVisa), string(pasarela.BrandMastercard), string(pasarela.BrandAmex),
		string(pasarela.BrandMaestro), string(pasarela.BrandDiners), string(pasarela.BrandDiscover), string(pasarela.BrandJCB),
		string(pasarela.BrandUnionPay), string(pasarela.BrandUnknown)}
	outcomes = []string{ThreeDSNone, ThreeDSFrictionless, ThreeDSChallenge, ThreeDSAttempted, ThreeDSRejected, ThreeDSUnavailable}
)

// DecodeTestCard reads what the sandbox control is given: {"number":"...","behaviour":{...}}. What behaviour
// leaves out is as the number tells (the bank and the country of a published card as before), approved and without
// 3-D Secure. Errors have CodeInvalid, name the member and never hold the number.
func DecodeTestCard(text []byte) (TestCard, error) {
	var number, behaviour json.RawMessage
	err := members(text, "request", map[string]func(json.RawMessage) error{
		"number":    keep(&number),
		"behaviour": keep(&behaviour),
	})
	if err != nil {
		return TestCard{}, err
	}
	defer clear(number)
	var n pan.Number
	if err := n.UnmarshalJSON(number); err != nil || n.IsZero() {
		return TestCard{}, invalid("number must be a string of 12 to 19 digits")
	}
	c := TestCard{Number: n, Profile: testProfile(n), Behaviour: Behaviour{ResponseCode: codeApproved, ThreeDS: ThreeDSNone}}
	if known, ok := referenceCards()[pan.Digits(n)]; ok {
		c.Profile.Bank, c.Profile.Country = known.Profile.Bank, known.Profile.Country
	}
	if behaviour == nil {
		return c, nil
	}
	if err := c.decodeBehaviour(behaviour); err != nil {
		return TestCard{}, err
	}
	return c, nil
}

func (c *TestCard) decodeBehaviour(text json.RawMessage) error {
	var kind, brand string
	var delay, balance int64
	err := members(text, "behaviour", map[string]func(json.RawMessage) error{
		"type":          oneOf(&kind, "type", cardTypes),
		"brand":         readText(&brand, "brand must be one of "+strings.Join(brands, ", "), func(s string) bool { return slices.Contains(brands, plainBrand(s)) }),
		"bank":          readText(&c.Profile.Bank, "bank must be a text of at most 100 printable characters without a card number", isBank),
		"country":       readText(&c.Profile.Country, "country must be an ISO 3166-1 alpha-2 code, such as EC", isCountry),
		"response_code": readText(&c.Behaviour.ResponseCode, "response_code must be two capital letters or digits, as in ISO 8583 field 39", isResponseCode),
		"balance_minor": func(raw json.RawMessage) error {
			c.Behaviour.BalanceMinor = &balance
			return readInteger(&balance, raw, 1<<53, "balance_minor must be a whole number of minor units from 0 to 9007199254740992")
		},
		"three_ds": oneOf(&c.Behaviour.ThreeDS, "three_ds", outcomes),
		"otp":      readBool(&c.Behaviour.OTP, "otp must be true or false"),
		"delay_ms": func(raw json.RawMessage) error {
			return readInteger(&delay, raw, maxDelay.Milliseconds(), "delay_ms must be a whole number of milliseconds from 0 to 3600000")
		},
	})
	if kind != "" {
		c.Profile.Type = pasarela.CardType(kind)
	}
	if brand != "" {
		c.Profile.Brand = pasarela.Brand(plainBrand(brand))
	}
	c.Behaviour.Delay = time.Duration(delay) * time.Millisecond
	c.Profile.AsksOTP = c.Behaviour.OTP
	return err
}

// members reads one JSON object and hands each value to its reader. Unknown and repeated members are errors.
func members(text []byte, what string, readers map[string]func(json.RawMessage) error) error {
	broken := invalid(what + " must be one JSON object")
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return broken
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return broken
		}
		read, ok := readers[name]
		if !ok {
			return invalid("unknown or repeated member " + safeName(name) + " in " + what)
		}
		delete(readers, name)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return broken
		}
		if err := read(value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return broken
	}
	if d.InputOffset() < int64(len(bytes.TrimRight(text, " \t\r\n"))) {
		return broken
	}
	return nil
}

func keep(into *json.RawMessage) func(json.RawMessage) error {
	return func(raw json.RawMessage) error { *into = raw; return nil }
}

// plainBrand takes a brand as answers spell it too: Visa, Master Card, MASTERCARD.
func plainBrand(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

func oneOf(into *string, name string, allowed []string) func(json.RawMessage) error {
	return readText(into, name+" must be one of "+strings.Join(allowed, ", "), func(s string) bool { return slices.Contains(allowed, s) })
}

func readText(into *string, otherwise string, good func(string) bool) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var s string
		if raw[0] != '"' || json.Unmarshal(raw, &s) != nil || !good(s) {
			return invalid(otherwise)
		}
		*into = s
		return nil
	}
}

func readBool(into *bool, otherwise string) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if string(raw) != "true" && string(raw) != "false" {
			return invalid(otherwise)
		}
		*into = string(raw) == "true"
		return nil
	}
}

func readInteger(into *int64, raw json.RawMessage, most int64, otherwise string) error {
	if raw[0] == 'n' || json.Unmarshal(raw, into) != nil || *into < 0 || *into > most {
		return invalid(otherwise)
	}
	return nil
}

func isBank(s string) bool {
	return utf8.RuneCountInString(s) <= maxBankCharacters && countDigits(s) < looksLikeNumber &&
		strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) < 0
}

func isCountry(s string) bool { return CountryName(s) != "" }

func isResponseCode(s string) bool {
	return len(s) == 2 && strings.Trim(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// safeName quotes the name of a member, unless it is so long or so full of digits that it may hold a number.
func safeName(name string) string {
	if len(name) > 64 || countDigits(name) >= looksLikeNumber {
		return "(name not shown: it may hold a card number)"
	}
	return `"` + strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name) + `"`
}

func countDigits(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

func invalid(text string) error { return pasarela.Errorf(pasarela.CodeInvalid, "%s", text) }
