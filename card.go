package pasarela

import (
	"strings"
	"time"
)

// Sealed is card data as the rest of the gateway may hold it: ciphertext bound to a merchant and to the
// record it was made for. Only cde/vault can open it, and only for that merchant and record.
type Sealed struct {
	Record string // what it is bound to, such as "token/4f0c..."; copies keep the name of their origin
	Bytes  []byte
}

// Empty says that there is nothing sealed: a card without a CVV, or one whose CVV has served.
func (s Sealed) Empty() bool { return len(s.Bytes) == 0 }

// Keyset is a set of keys, sealed by the key-encryption key. It belongs to the installation, not to a
// merchant.
type Keyset struct {
	Name    string
	Version int // 1 for the first
	Sealed  []byte
}

// Brand is a card scheme, in lower case.
type Brand string

// The schemes told apart by their number ranges (cde/cards).
const (
	BrandVisa       Brand = "visa"
	BrandMastercard Brand = "mastercard"
	BrandAmex       Brand = "amex"
	BrandMaestro    Brand = "maestro"
	BrandDiners     Brand = "diners"
	BrandDiscover   Brand = "discover"
	BrandJCB        Brand = "jcb"
	BrandUnionPay   Brand = "unionpay"
	BrandUnknown    Brand = "unknown"
)

// BINFile is a table of card ranges as an operator loaded it.
type BINFile struct {
	Version    int    // 1 for the first
	Ranges     int    // how many it holds
	Data       []byte // compressed; cde/cards can read it
	ImportedAt time.Time
}

// CardType says whose money it is.
type CardType string

// The card types.
const (
	CardCredit  CardType = "credit"
	CardDebit   CardType = "debit"
	CardPrepaid CardType = "prepaid"
)

// CardFacts is what everybody may know of a card: nothing that could be charged.
type CardFacts struct {
	BIN      string // first six digits
	LastFour string
	Length   int // digits of the number, 12 to 19
	Brand    Brand
	Type     CardType
	Bank     string // issuer's name, "" when unknown
	Country  string // issuing country, ISO 3166-1 alpha-2, "" when unknown
	Holder   string
	Expiry   string // YYMM
}

// Mask writes the number with fill in place of what is hidden: Mask("X") is 545195XXXXXX5480.
func (f CardFacts) Mask(fill string) string {
	return f.BIN + strings.Repeat(fill, max(f.Length-len(f.BIN)-len(f.LastFour), 0)) + f.LastFour
}

// ExpiresBefore says whether the card's last month lies before t. A card is good through its month.
func (f CardFacts) ExpiresBefore(t time.Time) bool {
	end, err := f.MonthAfterExpiry()
	return err != nil || !t.Before(end)
}

// MonthAfterExpiry is the first instant at which the card is no longer good.
func (f CardFacts) MonthAfterExpiry() (time.Time, error) {
	month, err := time.Parse("0601", f.Expiry)
	if err != nil {
		return time.Time{}, Errorf(CodeInvalid, "expiry must be a two-digit year and month")
	}
	if month.Year() < 2000 { // time's pivot puts 69 and above into the last century; cards live in this one
		month = month.AddDate(100, 0, 0)
	}
	return month.AddDate(0, 1, 0), nil
}

// CardProfile is what the sandbox or a BIN table knows beyond the number itself.
type CardProfile struct {
	Brand           Brand
	Type            CardType
	Bank            string
	Country         string
	RejectAtToken   bool // refused before any authorization (Kushki's test card for code 017)
	NotEnabled      bool // BIN not enabled for e-commerce (Kushki's K003)
	SkipLuhn        bool // a published test number with a wrong check digit
	KnownTestNumber bool // a sandbox takes these only
	AsksOTP         bool // sandbox: its token has to be confirmed by a one-time password
}
