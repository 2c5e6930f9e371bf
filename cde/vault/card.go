package vault

import (
	"pasarela"
	"pasarela/cde/internal/pan"
)

// What code outside the cardholder data environment may hold of a card. The types can be filled, passed on,
// masked and wiped; they have no method that returns digits.
type (
	// Number is a card number of 12 to 19 digits. It prints, logs and encodes as its mask.
	Number = pan.Number
	// SpacedNumber is a Number whose JSON may have single spaces between the digits.
	SpacedNumber = pan.SpacedNumber
	// CVV is a card verification value of three or four digits.
	CVV = pan.CVV
)

// Card is a card in clear, on its way into the vault.
type Card struct {
	Number Number
	CVV    CVV // empty where none was given
	Holder string
	Expiry string // YYMM

	// Cryptogram proves that a network token may serve once: base64, "" where none was given. It is sealed with
	// the CVV, and lost with it.
	Cryptogram string
}

// Wipe overwrites number and CVV, also in copies of the card. Nobody may be reading them.
func (c Card) Wipe() {
	pan.Wipe(c.Number)
	pan.WipeCVV(c.CVV)
}

// Beginning is the first eight digits of a number of 16 and more, the first six of a shorter one: what may be shown of
// it beside the last four. It is for an answer while the number is there; the store keeps six.
func Beginning(n Number) string { return pan.Beginning(n) }

// ParseNumber reads 12 to 19 digits, as a form has them. The error has CodeInvalid and never holds the text.
func ParseNumber(text string) (Number, error) { return pan.Parse(text) }

// ParseSpacedNumber is ParseNumber that tolerates single spaces between digits.
func ParseSpacedNumber(text string) (Number, error) { return pan.ParseSpaced(text) }

// ParseCVV reads three or four digits. The error has CodeInvalid and never holds the text.
func ParseCVV(text string) (CVV, error) { return pan.ParseCVV(text) }

// Check says whether the card may be taken, and what is known of it. It returns CodeInvalid for what is not
// there or malformed, CodeCardRejected for a wrong check digit, a card that is refused on sight, or one that
// is no test card where only those are taken, and CodeCardNotEnabled for a range closed to e-commerce. It does
// not look at the date: CardFacts.ExpiresBefore does.
func (v *Vault) Check(c Card) (pasarela.CardProfile, error) {
	if c.Number.IsZero() {
		return pasarela.CardProfile{}, pasarela.Errorf(pasarela.CodeInvalid, "card number is missing")
	}
	if !validExpiry(c.Expiry) {
		return pasarela.CardProfile{}, pasarela.Errorf(pasarela.CodeInvalid, "expiry must be a two-digit year and a month from 01 to 12")
	}
	p := v.cards.Profile(c.Number)
	switch {
	case v.testOnly && !p.KnownTestNumber:
		return p, pasarela.Errorf(pasarela.CodeCardRejected, "this is a sandbox: it takes known test cards only")
	case !p.SkipLuhn && !pan.Luhn(c.Number):
		return p, pasarela.Errorf(pasarela.CodeCardRejected, "card number has a wrong check digit")
	case p.NotEnabled:
		return p, pasarela.Errorf(pasarela.CodeCardNotEnabled, "cards of this range are not enabled for e-commerce")
	case p.RejectAtToken:
		return p, pasarela.Errorf(pasarela.CodeCardRejected, "card is refused")
	}
	return p, nil
}

func validExpiry(s string) bool {
	if len(s) != 4 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	month := int(s[2]-'0')*10 + int(s[3]-'0')
	return month >= 1 && month <= 12
}
