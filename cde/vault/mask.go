package vault

import (
	"encoding/json"
	"sync"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
)

// reference is the published cards, for texts that are masked before there is a vault.
var reference = sync.OnceValue(cards.Reference)

const (
	shortest = 12 // a test card can have as few digits
	ordinary = 13 // a number that only the check digit gives away has as many
	longest  = 19

	openHead = 6 // digits that a mask leaves at the beginning
	openTail = 4 // and at the end
)

// Mask replaces whatever in a text looks like a card number by its mask: the first six and the last four
// digits, the others as asterisks. It looks for 13 to 19 digits in a scheme's range with a right check digit, or for a published
// test number, whole or with single spaces or dashes between digits. One number in ten that is none of a card,
// such as a ticket, has a right check digit too and is masked.
//
// A text with fewer than 12 digits comes back as it is, without an allocation.
func Mask(text string) string { return maskText(nil, text) }

// MaskBytes is Mask for bytes, which it does not change: it returns them, or a masked copy. JSON stays JSON: in
// a bare number, zeros stand for the digits hidden, and digits written as escapes are found as well.
func MaskBytes(text []byte) []byte { return maskBytes(nil, text) }

// Mask is the function Mask, which knows the test cards that were added as well.
func (v *Vault) Mask(text string) string { return maskText(v.cards, text) }

// MaskBytes is the function MaskBytes, which knows the test cards that were added as well.
func (v *Vault) MaskBytes(text []byte) []byte { return maskBytes(v.cards, text) }

func maskText(t *cards.Table, text string) string {
	if !enoughDigits(text) {
		return text
	}
	in := []byte(text)
	out := mask(t, in, false)
	if out == nil {
		return text
	}
	return string(out)
}

func maskBytes(t *cards.Table, text []byte) []byte {
	if !enoughDigits(text) {
		return text
	}
	if out := mask(t, text, json.Valid(text)); out != nil {
		return out
	}
	return text
}

func enoughDigits[T ~string | ~[]byte](text T) bool {
	n := 0
	for i := range len(text) {
		if c := text[i]; '0' <= c && c <= '9' {
			if n++; n == shortest {
				return true
			}
		}
	}
	return false
}

// mask returns the masked copy, or nil where there is nothing to mask.
func mask(t *cards.Table, text []byte, isJSON bool) []byte {
	s := scanner{table: t, text: text, json: isJSON}
	s.scan()
	if len(s.hidden) == 0 {
		return nil
	}
	out, from := make([]byte, 0, len(text)), 0
	for _, h := range s.hidden {
		out = append(out, text[from:h.start]...)
		if out = append(out, '*'); h.bare {
			out[len(out)-1] = '0'
		}
		from = h.end
	}
	return append(out, text[from:]...)
}

// glyph is one character as it is written: a byte, or in JSON an escape of up to six bytes.
type glyph struct {
	start, end int
	char       byte // the ASCII character meant; 0 for any other
	bare       bool // in JSON, outside a string
}

// scanner goes through a text and collects the digits to be hidden.
type scanner struct {
	table *cards.Table
	text  []byte
	json  bool

	quoted bool    // inside a JSON string
	run    []glyph // digits of the run being read
	ascii  []byte  // the same as characters
	edges  []int   // where in run a group of digits begins, and its end at last
	hidden []glyph // in the order of the text
}

// scan cuts the text into runs: digits with at most one space or dash between them.
func (s *scanner) scan() {
	separated := true // whether the next digit begins a group
	for i := 0; i < len(s.text); {
		g := s.next(i)
		i = g.end
		switch {
		case '0' <= g.char && g.char <= '9':
			if separated {
				s.edges = append(s.edges, len(s.run))
			}
			s.run, s.ascii, separated = append(s.run, g), append(s.ascii, g.char), false
		case (g.char == ' ' || g.char == '-') && !separated:
			separated = true
		default:
			s.endRun()
			separated = true
		}
	}
	s.endRun()
}

func (s *scanner) next(i int) glyph {
	g := glyph{start: i, end: i + 1, char: s.text[i], bare: s.json && !s.quoted}
	if !s.json {
		return g
	}
	switch {
	case g.char == '"':
		s.quoted = !s.quoted
	case g.char == '\\' && s.text[i+1] == 'u': // valid JSON has four hexadecimal digits after it
		g.end, g.char = i+6, escaped(s.text[i+2:i+6])
	case g.char == '\\':
		g.end, g.char = i+2, 0
	}
	return g
}

// escaped is the ASCII character that four hexadecimal digits mean, where it matters here: a digit, a space or
// a dash.
func escaped(hex []byte) byte {
	if hex[0] != '0' || hex[1] != '0' {
		return 0
	}
	switch {
	case hex[2] == '3' && '0' <= hex[3] && hex[3] <= '9':
		return hex[3]
	case hex[2] == '2' && hex[3] == '0':
		return ' '
	case hex[2] == '2' && (hex[3] == 'd' || hex[3] == 'D'):
		return '-'
	}
	return 0
}

// endRun looks at every stretch of whole groups in the run. What any of them hides stays hidden, so that a
// number is not shown by one that happens to overlap it.
func (s *scanner) endRun() {
	n := len(s.run)
	if n >= shortest {
		s.edges = append(s.edges, n)
		hide := make([]bool, n)
		for i, from := range s.edges {
			for _, to := range s.edges[i+1:] {
				if to-from > longest {
					break
				}
				if s.isCard(s.ascii[from:to]) {
					for j := from + openHead; j < to-openTail; j++ {
						hide[j] = true
					}
				}
			}
		}
		for j, h := range hide {
			if h {
				s.hidden = append(s.hidden, s.run[j])
			}
		}
	}
	clear(s.ascii)
	s.run, s.ascii, s.edges = s.run[:0], s.ascii[:0], s.edges[:0]
}

func (s *scanner) isCard(digits []byte) bool {
	if len(digits) < shortest {
		return false
	}
	// A scheme's range as well as the check digit: one in ten order numbers has a right one.
	if len(digits) >= ordinary && pan.LuhnDigits(digits) && cards.BrandOf(string(digits[:6])) != pasarela.BrandUnknown {
		return true
	}
	return s.table.Knows(digits) || reference().Knows(digits)
}
