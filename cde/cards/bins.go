package cards

import (
	"iter"
	"strconv"

	"pasarela"
)

// BINFacts are what a table of card ranges says about one of them. An empty member says nothing.
type BINFacts struct {
	Brand   pasarela.Brand
	Type    pasarela.CardType
	Bank    string
	Country string // ISO 3166-1 alpha-2
	Enabled bool   // for e-commerce
}

// BINRange is a range of card numbers by their leading digits: Start and End are equally long, 6 to 11 digits,
// and both belong to it.
type BINRange struct {
	Start, End string
	BINFacts
}

const (
	// binDigits is how many leading digits tell ranges apart. A card number has at least one more, so a table
	// of ranges cannot hold one.
	binDigits    = 11
	minBINDigits = 6

	maxBINRanges = 1_000_000
)

// BINs is a table of card ranges, 16 bytes for each. It never changes, so look-ups take no lock. Where ranges lie
// within each other the innermost counts; none cross. A nil BINs is empty.
type BINs struct {
	rows  []binRow // by start; of those that begin alike the widest first
	facts []BINFacts
}

// binRow packs a range into two words: each bound in 37 bits (eleven digits), and beside the start the index of
// its facts, beside the end how many rows before it the range stands that holds it, 0 for none.
type binRow struct{ startFacts, endOuter uint64 }

const (
	lowBits = 27
	lowMask = 1<<lowBits - 1
)

func (r binRow) start() uint64 { return r.startFacts >> lowBits }
func (r binRow) end() uint64   { return r.endOuter >> lowBits }
func (r binRow) facts() int    { return int(r.startFacts & lowMask) }
func (r binRow) outer() int    { return int(r.endOuter & lowMask) }

// Len is how many ranges there are.
func (b *BINs) Len() int {
	if b == nil {
		return 0
	}
	return len(b.rows)
}

// Touching lists the ranges that have numbers with this prefix, in order; with "" all of them. The error has
// CodeInvalid.
func (b *BINs) Touching(prefix string) (iter.Seq[BINRange], error) {
	low, high := uint64(0), ^uint64(0)
	if prefix != "" {
		var err error
		if low, high, err = prefixBounds(prefix); err != nil {
			return nil, err
		}
	}
	return func(yield func(BINRange) bool) {
		for i := range b.Len() {
			r := b.rows[i]
			if r.start() > high {
				return
			}
			if r.end() >= low && !yield(b.describe(r)) {
				return
			}
		}
	}, nil
}

// describe writes the bounds with no more digits than they need.
func (b *BINs) describe(r binRow) BINRange {
	start, end := padded(r.start()), padded(r.end())
	n := binDigits
	for n > minBINDigits && start[n-1] == '0' && end[n-1] == '9' {
		n--
	}
	return BINRange{Start: start[:n], End: end[:n], BINFacts: b.facts[r.facts()]}
}

func padded(n uint64) string {
	return strconv.FormatUint(1e11+n, 10)[1:] // the one in front keeps the zeros
}

// ofNumber is what is said of the number with these ASCII digits, twelve or more.
func (b *BINs) ofNumber(digits []byte) (BINFacts, bool) {
	if b.Len() == 0 || len(digits) <= binDigits {
		return BINFacts{}, false
	}
	n := uint64(0)
	for _, d := range digits[:binDigits] {
		n = n*10 + uint64(d-'0')
	}
	i, ok := b.innermost(n)
	if !ok {
		return BINFacts{}, false
	}
	return b.facts[b.rows[i].facts()], true
}

// ofPrefix is what is said of all numbers from low to high: by the innermost range that holds them all, or else
// what the ranges among them agree on.
func (b *BINs) ofPrefix(low, high uint64) (BINFacts, bool) {
	var all agreement
	i, ok := b.innermost(low)
	for ; ok; i, ok = b.around(i) {
		r := b.rows[i]
		if r.end() >= high {
			return b.facts[r.facts()], true
		}
		all.add(b.facts[r.facts()])
	}
	for i := b.after(low); i < b.Len() && b.rows[i].start() <= high; i++ {
		all.add(b.facts[b.rows[i].facts()])
	}
	return all.facts, all.some
}

// innermost finds the narrowest range that holds n. Of the ranges that begin at or before n, the last one either
// holds it, or whatever does lies around that one.
func (b *BINs) innermost(n uint64) (int, bool) {
	i := b.after(n) - 1
	for ok := i >= 0; ok; i, ok = b.around(i) {
		if b.rows[i].end() >= n {
			return i, true
		}
	}
	return 0, false
}

func (b *BINs) around(i int) (int, bool) {
	outer := b.rows[i].outer()
	return i - outer, outer > 0
}

// after is the index of the first range that begins behind n.
func (b *BINs) after(n uint64) int {
	low, high := 0, b.Len()
	for low < high {
		middle := int(uint(low+high) / 2)
		if b.rows[middle].start() > n {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// agreement gathers what several ranges say alike.
type agreement struct {
	facts BINFacts
	some  bool
}

func (a *agreement) add(f BINFacts) {
	if !a.some {
		a.facts, a.some = f, true
		return
	}
	if a.facts.Brand != f.Brand {
		a.facts.Brand = ""
	}
	if a.facts.Type != f.Type {
		a.facts.Type = ""
	}
	if a.facts.Bank != f.Bank {
		a.facts.Bank = ""
	}
	if a.facts.Country != f.Country {
		a.facts.Country = ""
	}
	a.facts.Enabled = a.facts.Enabled || f.Enabled
}

// onto writes what the facts say over what was known before.
func (f BINFacts) onto(p *pasarela.CardProfile) {
	if f.Brand != "" {
		p.Brand = f.Brand
	}
	if f.Type != "" {
		p.Type = f.Type
	}
	if f.Bank != "" {
		p.Bank = f.Bank
	}
	if f.Country != "" {
		p.Country = f.Country
	}
	p.NotEnabled = !f.Enabled
}

// prefixBounds are the first and the last eleven digits of the numbers that begin with prefix.
func prefixBounds(prefix string) (low, high uint64, err error) {
	low, okLow := leading(prefix, '0')
	high, okHigh := leading(prefix, '9')
	if len(prefix) > binDigits || !okLow || !okHigh {
		return 0, 0, invalid("bin must be the first 6 to 11 digits of a card number")
	}
	return low, high, nil
}

// leading reads the first eleven of 6 to 19 digits. Where there are fewer, fill stands for the others; where
// there are more, they must be fill.
func leading(digits string, fill byte) (n uint64, ok bool) {
	if len(digits) < minBINDigits || len(digits) > 19 {
		return 0, false
	}
	for i := range max(len(digits), binDigits) {
		d := fill
		if i < len(digits) {
			d = digits[i]
		}
		if d < '0' || d > '9' || (i >= binDigits && d != fill) {
			return 0, false
		}
		if i < binDigits {
			n = n*10 + uint64(d-'0')
		}
	}
	return n, true
}
