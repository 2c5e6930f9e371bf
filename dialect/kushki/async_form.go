package kushki

import (
	"bytes"
	"time"
	"unicode"
	"unicode/utf8"

	"pasarela"
	"pasarela/cde/vault"
)

// agentForm is what was typed. Of the card only the date and the name may be shown again, and only where they are
// what they should be: a number typed into the wrong field is not echoed either.
type agentForm struct {
	card       vault.Card
	expiration string // as it may be shown again
	cancelled  bool
	errors     struct{ number, expiration, cvv, holder message }
	problem    message // about more than a field
}

// message chooses a text in the reader's language; nil for none.
type message func(agentWords) string

// maxHolder is how many bytes a cardholder's name may have.
const maxHolder = 256

// readAgentForm reads application/x-www-form-urlencoded without a copy of it: the caller wipes body. shortNumbers
// admits the 12 and 13 digits of published test cards.
func readAgentForm(body []byte, now time.Time, shortNumbers bool) agentForm {
	var f agentForm
	fields := map[string][]byte{}
	for part := range bytes.SplitSeq(body, []byte("&")) {
		name, value, _ := bytes.Cut(part, []byte("="))
		switch n := string(unescape(name)); n {
		case "pan", "expiration_date", "cvv", "cardholder_name", "cancel":
			fields[n] = unescape(value)
		}
	}
	if _, f.cancelled = fields["cancel"]; f.cancelled {
		return f
	}
	f.readNumber(fields["pan"], shortNumbers)
	f.readExpiration(fields["expiration_date"], now)
	f.readCVV(fields["cvv"])
	f.readHolder(fields["cardholder_name"])
	return f
}

// unescape decodes in place. What is no escape stays as it is, and fails as what it stands in.
func unescape(s []byte) []byte {
	out := s[:0]
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && nibble(s[i+1]) < 16 && nibble(s[i+2]) < 16:
			out = append(out, nibble(s[i+1])<<4|nibble(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

// nibble is the value of a hexadecimal digit, 16 for what is none.
func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	default:
		return 16
	}
}

// quoted takes digits out of what people put between them, and quotes them as the card data types read it.
func quoted(text []byte) []byte {
	out := make([]byte, 0, len(text)+2)
	out = append(out, '"')
	for _, c := range text {
		if c != ' ' && c != '-' {
			out = append(out, c)
		}
	}
	return append(out, '"')
}

func (f *agentForm) readNumber(text []byte, short bool) {
	digits := quoted(text)
	defer clear(digits)
	err := f.card.Number.UnmarshalJSON(digits)
	if err != nil || (!short && f.card.Number.Length() < 14) {
		f.errors.number = func(t agentWords) string { return t.BadNumber }
	}
}

func (f *agentForm) readCVV(text []byte) {
	digits := quoted(text)
	defer clear(digits)
	if f.card.CVV.UnmarshalJSON(digits) != nil {
		f.errors.cvv = func(t agentWords) string { return t.BadCVV }
	}
}

// readExpiration reads MM/YY, and the other ways in which people and browsers write it: MMYY, MM/YYYY, M/YY.
func (f *agentForm) readExpiration(text []byte, now time.Time) {
	f.errors.expiration = func(t agentWords) string { return t.BadDate }
	month, year, parted := bytes.Cut(bytes.ReplaceAll(text, []byte(" "), nil), []byte("/"))
	if !parted && len(month) == 4 {
		month, year = month[:2], month[2:]
	}
	if len(year) == 4 && string(year[:2]) == "20" {
		year = year[2:]
	}
	if len(month) > 2 || len(year) != 2 {
		return
	}
	expiry, err := expiryOf(&cardRequest{ExpiryMonth: string(month), ExpiryYear: string(year)})
	if err != nil {
		return
	}
	f.card.Expiry, f.expiration, f.errors.expiration = expiry, expiry[2:]+"/"+expiry[:2], nil
	if (pasarela.CardFacts{Expiry: expiry}).ExpiresBefore(now) {
		f.errors.expiration = func(t agentWords) string { return t.Expired }
	}
}

func (f *agentForm) readHolder(text []byte) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || len(text) > maxHolder || !utf8.Valid(text) || bytes.ContainsFunc(text, unicode.IsControl) {
		f.errors.holder = func(t agentWords) string { return t.BadHolder }
		return
	}
	f.card.Holder = string(text)
}

func (f *agentForm) valid() bool {
	e := f.errors
	return e.number == nil && e.expiration == nil && e.cvv == nil && e.holder == nil
}

// holder is the name as it may be shown again.
func (f *agentForm) holder(mask func([]byte) []byte) string {
	if f.card.Holder == "" || bytes.ContainsAny([]byte(f.card.Holder), "0123456789") {
		return "" // no name: something else that was typed there
	}
	return string(mask([]byte(f.card.Holder)))
}

// wrong is what is wrong, field by field, in the reader's language.
type wrong struct{ Number, Expiration, CVV, Holder, Problem string }

func (f *agentForm) words(t agentWords) wrong {
	say := func(m message) string {
		if m == nil {
			return ""
		}
		return m(t)
	}
	e := f.errors
	return wrong{say(e.number), say(e.expiration), say(e.cvv), say(e.holder), say(f.problem)}
}

// agentView is what the template sees.
type agentView struct {
	agentShown
	T          agentWords
	Action     string
	Sandbox    bool
	Expiration string
	Holder     string
	Wrong      wrong
}

// agentShown is what the buyer is told of what the card is for.
type agentShown struct {
	Facts  []agentFact
	Submit string // what the button says
}

type agentFact struct{ Name, Value string }
