package acquirer

import (
	"errors"
	"strings"

	"pasarela"
	"pasarela/cde/acquirer/iso"
)

// kind is how a message of the gateway travels.
type kind struct {
	mti, repeat string // repeat is the type of a second and further attempt, "" where it stays
	processing  string
	reason      string // of a reversal or reauthorization
	refers      bool   // to an original message
	opens       bool   // a payment or an account: takes a CVV and terms
}

var kinds = map[pasarela.Message]kind{
	pasarela.MessageAuthorize: {mti: iso.AuthorizationRequest, processing: iso.ProcessingPurchase, opens: true},
	pasarela.MessageSale:      {mti: iso.FinancialRequest, processing: iso.ProcessingPurchase, opens: true},
	pasarela.MessageVerify:    {mti: iso.AuthorizationRequest, processing: iso.ProcessingVerify, opens: true},
	pasarela.MessageReauthorize: {mti: iso.AuthorizationRequest, processing: iso.ProcessingPurchase,
		reason: iso.ReasonReauthorize, refers: true},
	pasarela.MessageCapture: {mti: iso.CaptureAdvice, repeat: iso.CaptureRepeat, processing: iso.ProcessingPurchase,
		refers: true},
	pasarela.MessageRefund: {mti: iso.FinancialRequest, processing: iso.ProcessingRefund, refers: true},

	pasarela.MessageVoid:               reversal(iso.ReasonVoid),
	pasarela.MessageRelease:            reversal(iso.ReasonRelease),
	pasarela.MessageReverse:            reversal(iso.ReasonReverse),
	pasarela.MessageReverseCapture:     reversal(iso.ReasonReverseCapture),
	pasarela.MessageReduce:             reversal(iso.ReasonReduce),
	pasarela.MessageReverseReauthorize: reversal(iso.ReasonReverseReauthorize),
}

func reversal(reason string) kind {
	return kind{mti: iso.ReversalRequest, processing: iso.ProcessingPurchase, reason: reason, refers: true}
}

// originalType is the type of the message that a later one refers to.
func originalType(of pasarela.Message) string {
	if k, ok := kinds[of]; ok {
		return k.mti
	}
	return iso.AuthorizationRequest
}

// typeFor is the message type of an attempt. A reversal becomes an advice, then a repeated advice.
func (k kind) typeFor(attempt int) string {
	switch {
	case attempt <= 1:
		return k.mti
	case k.mti == iso.ReversalRequest && attempt == 2:
		return iso.ReversalAdvice
	case k.mti == iso.ReversalRequest:
		return iso.ReversalRepeat
	case k.repeat != "":
		return k.repeat
	default:
		return k.mti
	}
}

var (
	errMessage = errors.New("unknown kind of network message")
	errTrace   = errors.New("trace needs a STAN of 1 to 999999 and an RRN of twelve digits: take it from NextTrace")
	errAmount  = errors.New("amount does not fit the twelve digits of field 4")
)

// compose turns a request into a message. The card is opened here.
func (c *Client) compose(r pasarela.NetworkRequest) (iso.Message, error) {
	k, ok := kinds[r.Message]
	switch {
	case !ok:
		return iso.Message{}, errMessage
	case !validTrace(r.Trace):
		return iso.Message{}, errTrace
	}
	if _, err := pasarela.NewMoney(r.Amount.Minor, r.Amount.Currency); err != nil {
		return iso.Message{}, errAmount
	}
	sentAt := r.Trace.SentAt.UTC().Format("0102150405")
	m := iso.Message{
		MTI:            k.typeFor(r.Attempt),
		ProcessingCode: k.processing,
		SentAt:         sentAt,
		STAN:           iso.Pad(int64(r.Trace.STAN), 6),
		Time:           sentAt[4:],
		Date:           sentAt[:4],
		Expiry:         r.Facts.Expiry,
		MCC:            c.cfg.MCC,
		EntryMode:      entryMode(r),
		Condition:      "59",
		Acquirer:       c.cfg.AcquirerID,
		RRN:            r.Trace.RRN,
		Terminal:       column(c.cfg.TerminalID, terminalWidth),
		Merchant:       merchantNumber(r.Merchant),
		NameLocation:   nameLocation(r.Name, r.Country),
		Reason:         k.reason,
		Reference:      string(r.Reference),
	}
	m.SetAmount(r.Amount)
	if k.refers && validTrace(r.Original) {
		m.Original = iso.OriginalData(originalType(r.Of), r.Original, c.cfg.AcquirerID)
		m.OriginalRRN = r.Original.RRN
	}
	err := c.openInto(&m, r, k)
	return m, err
}

// openInto puts into the message what not every kind has: terms, the number, the CVV.
func (c *Client) openInto(m *iso.Message, r pasarela.NetworkRequest, k kind) (err error) {
	if k.opens {
		if r.NetworkToken && r.Secure.Value == "" && !r.CVV.Empty() { // they travel in the same place
			if r.Secure.Value, err = c.cfg.Opener.OpenCryptogram(r.Merchant, r.CVV); err != nil {
				return err
			}
		}
		if err := m.SetTerms(r.Terms); err != nil {
			return err
		}
	}
	if !r.Card.Empty() {
		if m.Card, err = c.cfg.Opener.OpenCard(r.Merchant, r.Card); err != nil {
			return err
		}
	}
	if k.opens && !r.CVV.Empty() {
		m.CVV, err = c.cfg.Opener.OpenCVV(r.Merchant, r.CVV)
	}
	return err
}

// entryMode is field 22. A series goes on with the card that its first payment left on file.
func entryMode(r pasarela.NetworkRequest) string {
	if r.Stored || r.Recurrence == pasarela.RecurrenceSubsequent {
		return "102"
	}
	return "812"
}

func validTrace(t pasarela.Trace) bool {
	if t.STAN == 0 || t.STAN > maxSTAN || len(t.RRN) != 12 {
		return false
	}
	return strings.Trim(t.RRN, "0123456789") == ""
}

// merchantNumber is field 42: the last fifteen digits of the merchant's id, which hold all that differs.
func merchantNumber(id pasarela.MerchantID) string {
	s := string(id)
	if len(s) > 15 {
		return s[len(s)-15:]
	}
	return strings.Repeat("0", 15-len(s)) + s
}

// nameLocation is field 43. The city stays blank: merchants are not asked for one.
func nameLocation(name, country string) string {
	return column(name, 25) + strings.Repeat(" ", 13) + column(country, 2)
}

// column writes s in ASCII, cut or filled to width.
func column(s string, width int) string {
	b := make([]byte, 0, width)
	for _, r := range s {
		if len(b) == width {
			break
		}
		b = append(b, ascii(r))
	}
	for len(b) < width {
		b = append(b, ' ')
	}
	return string(b)
}

// folded pairs letters of the countries' languages with the ones that a statement shows instead.
const folded = "ÁAÀAÂAÄAÃAÇCČCĆCĐDÉEÈEÊEËEÍIÎIÏIÑNÓOÔOÖOÕOŠSÚUÛUÜUŽZ" +
	"áaàaâaäaãaçcčcćcđdéeèeêeëeíiîiïiñnóoôoöoõošsúuûuüužz"

func ascii(r rune) byte {
	if r >= ' ' && r <= '~' {
		return byte(r)
	}
	if _, after, ok := strings.Cut(folded, string(r)); ok && after != "" && r > '~' {
		return after[0]
	}
	return ' '
}
