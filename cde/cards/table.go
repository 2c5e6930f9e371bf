package cards

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/cde/internal/pan"
)

// The outcomes of 3-D Secure that a test card can have.
const (
	ThreeDSNone         = "none"
	ThreeDSFrictionless = "frictionless"
	ThreeDSChallenge    = "challenge"
	ThreeDSAttempted    = "attempted"
	ThreeDSRejected     = "rejected"
	ThreeDSUnavailable  = "unavailable"
)

// The ISO 8583 response codes that stand where nothing more exact is said.
const (
	codeApproved    = "00"
	codeDoNotHonour = "05"
)

// TestCard is a number that belongs to nobody, with what is known of it and how its issuer behaves.
type TestCard struct {
	Number    pan.Number
	Profile   pasarela.CardProfile
	Behaviour Behaviour
}

// Behaviour is how the issuer simulator answers for a card.
type Behaviour struct {
	ResponseCode string        // ISO 8583 field 39; "00" approves
	BalanceMinor *int64        // what can be held, in minor units of whatever currency is asked; nil without limit
	ThreeDS      string        // one of the constants
	OTP          bool          // asks for a one-time password
	Delay        time.Duration // before the answer
}

// Table is a set of test cards and of card ranges, safe for concurrent use. Look-ups take no lock. A nil Table is
// empty.
type Table struct {
	cards atomic.Pointer[map[string]TestCard] // by number; replaced, never changed
	bins  atomic.Pointer[BINs]                // what an operator imported; nil where nothing was

	testRanges *BINs // nil where there are no test cards

	adding sync.Mutex // one change at a time
	file   *sealedFile
}

// Reference is a new table of the published cards. What is added to it is kept in memory.
func Reference() *Table {
	t := &Table{testRanges: testRanges()}
	all := maps.Clone(referenceCards())
	t.cards.Store(&all)
	return t
}

// Lookup finds a test card.
func (t *Table) Lookup(n pan.Number) (TestCard, bool) {
	var buffer [19]byte
	return t.lookup(pan.AppendDigits(buffer[:0], n))
}

// Knows says whether the ASCII digits are those of a test card.
func (t *Table) Knows(digits []byte) bool {
	_, ok := t.lookup(digits)
	return ok
}

func (t *Table) lookup(digits []byte) (TestCard, bool) {
	if t == nil {
		return TestCard{}, false
	}
	c, ok := (*t.cards.Load())[string(digits)]
	return c, ok
}

// All lists the test cards, in no order.
func (t *Table) All() []TestCard {
	if t == nil {
		return nil
	}
	return slices.Collect(maps.Values(*t.cards.Load()))
}

// Add puts a card into the table, in place of one with the same number, and returns once it is on disk where
// the table has a folder. The error has CodeInvalid for a card without a number, CodeInternal when the disk
// fails; then the table is as it was.
func (t *Table) Add(c TestCard) error {
	if c.Number.IsZero() {
		return pasarela.Errorf(pasarela.CodeInvalid, "a test card needs a number")
	}
	t.adding.Lock()
	defer t.adding.Unlock()
	all := maps.Clone(*t.cards.Load())
	all[pan.Digits(c.Number)] = c
	return t.replace(all)
}

// Reset forgets the cards that were added. Its errors are those of Add.
func (t *Table) Reset() error {
	t.adding.Lock()
	defer t.adding.Unlock()
	return t.replace(maps.Clone(referenceCards()))
}

// replace runs under t.adding.
func (t *Table) replace(all map[string]TestCard) error {
	if t.file != nil {
		if err := t.file.write(added(all)); err != nil {
			return err
		}
	}
	t.cards.Store(&all)
	return nil
}

// added lists the cards that are not the published ones, or no longer as published.
func added(all map[string]TestCard) []storedCard {
	var list []storedCard
	for number, c := range all {
		if p, ok := referenceCards()[number]; ok && p.Profile == c.Profile && p.Behaviour == c.Behaviour {
			continue
		}
		list = append(list, storedCard{Number: number, Profile: c.Profile, Behaviour: c.Behaviour})
	}
	return list
}
