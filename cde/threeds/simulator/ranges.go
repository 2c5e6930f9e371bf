package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
	"pasarela/cde/threeds"
)

// maxSnapshots is how many earlier answers are remembered. Who knows an older one is told to begin anew.
const maxSnapshots = 16

// ranges remembers what was published, so that it can tell what has changed since.
type ranges struct {
	mu        sync.Mutex
	snapshots []snapshot // oldest first; guarded by mu
}

// snapshot is the cards that take part, at some time.
type snapshot struct {
	serial  string
	numbers map[string]pan.Number // by their digits
}

// snap is the cards of the table that take part. Its serial number tells the same cards by the same text.
func snap(table *cards.Table) snapshot {
	now := snapshot{numbers: map[string]pan.Number{}}
	for _, c := range table.All() {
		if c.Behaviour.ThreeDS != cards.ThreeDSNone {
			now.numbers[pan.Digits(c.Number)] = c.Number
		}
	}
	sum := sha256.New()
	for _, digits := range slices.Sorted(maps.Keys(now.numbers)) {
		sum.Write([]byte(digits + "\n"))
	}
	now.serial = hex.EncodeToString(sum.Sum(nil)[:10])
	return now
}

// since lists what has changed since a serial number, "" for the beginning; false for one that is forgotten.
func (r *ranges) since(serial string, now snapshot) ([]threeds.CardRange, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	find := func(serial string) int {
		return slices.IndexFunc(r.snapshots, func(s snapshot) bool { return s.serial == serial })
	}
	before := snapshot{}
	if serial != "" {
		i := find(serial)
		if i < 0 {
			return nil, false
		}
		before = r.snapshots[i]
	}
	if find(now.serial) < 0 {
		r.snapshots = append(r.snapshots, now)
		r.snapshots = r.snapshots[max(0, len(r.snapshots)-maxSnapshots):]
	}
	return append(missing(now, before, threeds.ActionAdd), missing(before, now, threeds.ActionDelete)...), true
}

// missing lists the cards of one snapshot that are not in another, each as a range of its own.
func missing(in, from snapshot, action string) []threeds.CardRange {
	var list []threeds.CardRange
	for digits, n := range in.numbers {
		if _, both := from.numbers[digits]; !both {
			list = append(list, threeds.CardRange{StartRange: n, EndRange: n, ActionInd: action,
				ACSStartProtocolVersion: threeds.Versions[0], ACSEndProtocolVersion: threeds.Version})
		}
	}
	return list
}

// inClear writes a PRes with its ends: numbers of test cards, which belong to nobody.
func inClear(m threeds.PRes) ([]byte, error) {
	return json.Marshal(m, json.WithMarshalers(json.MarshalFunc(func(n pan.Number) ([]byte, error) {
		return []byte(`"` + pan.Digits(n) + `"`), nil
	})))
}
