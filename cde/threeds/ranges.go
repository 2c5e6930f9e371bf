package threeds

import (
	"cmp"
	"maps"
	"slices"

	"pasarela"
	"pasarela/cde/internal/pan"
	"pasarela/cde/vault"
)

// What to do with a range (actionInd).
const (
	ActionAdd    = "A"
	ActionDelete = "D"
	ActionModify = "M"
)

// PReq asks which card ranges take part. With a serial number it asks for what has changed since that answer.
type PReq struct {
	Header
	ThreeDSServerRefNumber  string `json:"threeDSServerRefNumber"`
	ThreeDSServerOperatorID string `json:"threeDSServerOperatorID,omitempty"`
	ThreeDSServerTransID    string `json:"threeDSServerTransID"`
	SerialNum               string `json:"serialNum,omitempty"`
}

// PRes answers a PReq.
type PRes struct {
	Header
	ThreeDSServerTransID   string      `json:"threeDSServerTransID"`
	DSTransID              string      `json:"dsTransID"`
	DSStartProtocolVersion string      `json:"dsStartProtocolVersion,omitempty"`
	DSEndProtocolVersion   string      `json:"dsEndProtocolVersion,omitempty"`
	SerialNum              string      `json:"serialNum"`
	CardRangeData          []CardRange `json:"cardRangeData,omitempty"`
	MessageExtension       []Extension `json:"messageExtension,omitempty"`
}

// CardRange is a run of card numbers of one length. In a sandbox it may be a single one, so its ends are numbers
// that print as masks.
type CardRange struct {
	StartRange              vault.Number `json:"startRange"`
	EndRange                vault.Number `json:"endRange"`
	ActionInd               string       `json:"actionInd,omitempty"` // "" is ActionAdd
	ACSStartProtocolVersion string       `json:"acsStartProtocolVersion,omitempty"`
	ACSEndProtocolVersion   string       `json:"acsEndProtocolVersion,omitempty"`
	ThreeDSMethodURL        string       `json:"threeDSMethodURL,omitempty"`
	ACSInfoInd              []string     `json:"acsInfoInd,omitempty"`
}

// span is a range with its ends as integers, which hold 19 digits.
type span struct{ low, high uint64 }

// maxLength is the longest card number, in digits.
const maxLength = 19

// rangeSet is the ranges that take part. It is replaced, never changed.
type rangeSet struct {
	known   bool // false until the directory server has told any
	serial  string
	named   map[key]bool // as the directory server names them, for its changes; true with a method URL
	all     spans
	methods spans // those of issuers that would look at the browser first (threeDSMethodURL)
}

type key struct {
	length int
	span
}

// spans are ranges by the numbers' length, sorted and merged.
type spans [maxLength + 1][]span

// contains must not allocate: it is asked for every token.
func (s *spans) contains(n vault.Number) bool {
	length := n.Length()
	if length > maxLength {
		return false
	}
	list, wanted := s[length], integer(n)
	i, found := slices.BinarySearchFunc(list, wanted, func(s span, v uint64) int { return cmp.Compare(s.low, v) })
	return found || (i > 0 && wanted <= list[i-1].high)
}

func (s *spans) merge() {
	for length, list := range s {
		s[length] = merged(list)
	}
}

// integer reads at most 19 digits.
func integer(n vault.Number) uint64 {
	var buffer [maxLength]byte
	var v uint64
	for _, c := range pan.AppendDigits(buffer[:0], n) {
		v = v*10 + uint64(c-'0')
	}
	return v
}

// apply is the set after the changes of an answer. The error has CodeInvalid and no number.
func (r *rangeSet) apply(serial string, changes []CardRange) (*rangeSet, error) {
	next := &rangeSet{known: true, serial: serial, named: make(map[key]bool, len(r.named)+len(changes))}
	maps.Copy(next.named, r.named)
	for i, c := range changes {
		k := key{c.StartRange.Length(), span{integer(c.StartRange), integer(c.EndRange)}}
		if k.length == 0 || c.EndRange.Length() != k.length || k.low > k.high {
			return nil, pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: card range %d has no order, or ends of different length", i)
		}
		switch c.ActionInd {
		case "", ActionAdd, ActionModify:
			next.named[k] = c.ThreeDSMethodURL != ""
		case ActionDelete:
			delete(next.named, k)
		default:
			return nil, pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: card range %d has an unknown action", i)
		}
	}
	for k, method := range next.named {
		next.all[k.length] = append(next.all[k.length], k.span)
		if method {
			next.methods[k.length] = append(next.methods[k.length], k.span)
		}
	}
	next.all.merge()
	next.methods.merge()
	return next, nil
}

// merged sorts spans and joins those that overlap or touch, so that one look-up decides.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.low, b.low) })
	out := spans[:0]
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && s.low <= out[last].high+1 {
			out[last].high = max(out[last].high, s.high)
			continue
		}
		out = append(out, s)
	}
	return out
}
