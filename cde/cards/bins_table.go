package cards

import (
	"bytes"
	_ "embed" // the published test ranges
	"strings"
	"sync"

	"pasarela"
	"pasarela/cde/internal/pan"
)

// Bare is a table without test cards, for production.
func Bare() *Table {
	t := &Table{}
	t.cards.Store(&map[string]TestCard{})
	return t
}

// UseBINs puts a table of card ranges to use, in place of the one before. Its facts go before those of test cards
// and schemes; what a range leaves empty is as they say.
func (t *Table) UseBINs(b *BINs) { t.bins.Store(b) }

//go:embed test-ranges.csv
var testRangesCSV []byte

// testRanges are ranges in which published test numbers of schemes lie, with banks that do not exist: each
// country that the dialects are made for has one of credit and one of debit cards.
var testRanges = sync.OnceValue(func() *BINs {
	b, err := ReadBINs(bytes.NewReader(testRangesCSV), nil)
	if err != nil {
		panic("cards: the published test ranges are malformed") // a constant of this package, met by every test
	}
	return b
})

// BINSource says who knew the most of a prefix.
type BINSource string

// The sources, from the one that goes before all others.
const (
	SourceImported   BINSource = "imported table"
	SourceTestCards  BINSource = "test cards"
	SourceTestRanges BINSource = "test ranges"
	SourceScheme     BINSource = "scheme"
)

// Profile is what is known of the number: that of the test card, or what the number and the published test ranges
// tell, below what the imported table says.
func (t *Table) Profile(n pan.Number) pasarela.CardProfile {
	if t == nil {
		return Describe(n)
	}
	var buffer [19]byte
	digits := pan.AppendDigits(buffer[:0], n)
	c, known := t.lookup(digits)
	p := c.Profile
	if !known {
		p = describe(string(digits[:min(minBINDigits, len(digits))])) // pan.BIN would allocate
		if f, ok := t.testRanges.ofNumber(digits); ok {
			f.onto(&p)
		}
	}
	if f, ok := t.bins.Load().ofNumber(digits); ok {
		f.onto(&p)
	}
	return p
}

// DescribeBIN is what is known of the numbers that begin with bin, of which 6 to 11 digits are given. Where ranges
// or test cards among them differ, it is what they agree on. The error has CodeInvalid.
func (t *Table) DescribeBIN(bin string) (pasarela.CardProfile, error) {
	p, _, err := t.LookUpBIN(bin)
	return p, err
}

// LookUpBIN is DescribeBIN and says where it is known from.
func (t *Table) LookUpBIN(bin string) (pasarela.CardProfile, BINSource, error) {
	low, high, err := prefixBounds(bin)
	if err != nil {
		return pasarela.CardProfile{}, "", err
	}
	p, source := describe(bin[:minBINDigits]), SourceScheme
	if t == nil {
		return p, source, nil
	}
	if f, ok := t.testRanges.ofPrefix(low, high); ok {
		f.onto(&p)
		source = SourceTestRanges
	}
	if f, ok := t.testCardsOf(bin); ok {
		f.onto(&p)
		source = SourceTestCards
	}
	if f, ok := t.bins.Load().ofPrefix(low, high); ok {
		f.onto(&p)
		source = SourceImported
	}
	return p, source, nil
}

// testCardsOf is what the test cards with this prefix have in common.
func (t *Table) testCardsOf(bin string) (BINFacts, bool) {
	var all agreement
	for number, c := range *t.cards.Load() {
		if p := c.Profile; strings.HasPrefix(number, bin) {
			all.add(BINFacts{Brand: p.Brand, Type: p.Type, Bank: p.Bank, Country: p.Country, Enabled: true})
		}
	}
	return all.facts, all.some
}
