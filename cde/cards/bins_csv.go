package cards

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pasarela"
)

// BINColumns is the header of a table of card ranges, exactly.
var BINColumns = []string{"start", "end", "brand", "type", "bank", "country", "enabled"}

const (
	maxProblems   = 10
	progressEvery = 100_000
	byteOrderMark = "\uFEFF" // spreadsheets begin a file with it
)

// ReadBINs reads a table of card ranges as CSV (RFC 4180, UTF-8) with the header BINColumns and at most a million
// rows. progress, which may be nil, is told now and then how many were read.
//
// A file with an error is refused as a whole. The error then has CodeInvalid and names line and column of the first
// ten things that are wrong, one to a line, without the digits that were read. CodeInternal says that r failed.
func ReadBINs(r io.Reader, progress func(rows int)) (*BINs, error) {
	b := binReader{progress: progress, known: map[binText]uint32{}}
	if err := b.read(r); err != nil {
		return nil, err
	}
	if err := b.wrong.err(); err != nil {
		return nil, err
	}
	return buildBINs(b.rows, b.facts)
}

// spanRow is a range before it found its place.
type spanRow struct {
	start, end  uint64
	facts, line uint32
}

// binText is what a row says about its range, as written.
type binText struct{ brand, kind, bank, country, enabled string }

type binReader struct {
	progress func(int)
	rows     []spanRow
	facts    []BINFacts
	known    map[binText]uint32 // index of facts; most rows say what another said
	wrong    problems
}

func (b *binReader) read(from io.Reader) error {
	buffered := bufio.NewReaderSize(from, 1<<16)
	if head, err := buffered.Peek(len(byteOrderMark)); err == nil && string(head) == byteOrderMark {
		_, _ = buffered.Discard(len(head)) // was peeked at
	}
	r := csv.NewReader(buffered)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	for header := true; len(b.wrong) < maxProblems; header = false {
		record, err := r.Read()
		broken, isBroken := errors.AsType[*csv.ParseError](err)
		switch {
		case errors.Is(err, io.EOF) && header:
			b.wrong.add(1, "", "the file is empty: it begins with the header %s", strings.Join(BINColumns, ","))
			return nil
		case errors.Is(err, io.EOF):
			return nil
		case isBroken: // where quotes are wrong, what follows cannot be told
			b.wrong.add(broken.Line, "", "character %d: %v", broken.Column, broken.Err)
			return nil
		case err != nil:
			return pasarela.Wrap(pasarela.CodeInternal, err, "read the table of card ranges")
		}
		line, _ := r.FieldPos(0)
		if header && !slices.Equal(record, BINColumns) {
			b.wrong.add(line, "", "the header must be %s", strings.Join(BINColumns, ","))
			return nil
		}
		if !header && !b.add(record, line) {
			return nil
		}
	}
	return nil
}

// add takes a row; it says whether to go on.
func (b *binReader) add(record []string, line int) bool {
	if len(record) != len(BINColumns) {
		b.wrong.add(line, "", "has %d columns instead of %d", len(record), len(BINColumns))
		return true
	}
	if len(b.rows) == maxBINRanges {
		b.wrong.add(line, "", "a table holds a million ranges at most")
		return false
	}
	row := spanRow{line: uint32(line)}
	ok := b.bounds(record[0], record[1], &row)
	text := binText{record[2], record[3], record[4], record[5], record[6]}
	facts, known := b.known[text]
	if !known {
		facts, known = b.learn(text, line)
	}
	if !ok || !known {
		return true
	}
	row.facts = facts
	b.rows = append(b.rows, row)
	if b.progress != nil && len(b.rows)%progressEvery == 0 {
		b.progress(len(b.rows))
	}
	return true
}

func (b *binReader) bounds(start, end string, row *spanRow) bool {
	const form = "must be the first 6 to 11 digits of a card number (up to 19, of which those after the eleventh are all %c)"
	var okStart, okEnd bool
	if row.start, okStart = leading(start, '0'); !okStart {
		b.wrong.add(int(row.line), "start", form, '0')
	}
	if row.end, okEnd = leading(end, '9'); !okEnd {
		b.wrong.add(int(row.line), "end", form, '9')
	}
	switch {
	case !okStart || !okEnd:
		return false
	case len(start) != len(end):
		b.wrong.add(int(row.line), "end", "must have as many digits as start: %d, not %d", len(start), len(end))
		return false
	case row.end < row.start:
		b.wrong.add(int(row.line), "end", "lies before start")
		return false
	}
	return true
}

// learn checks what was not met before.
func (b *binReader) learn(t binText, line int) (uint32, bool) {
	before := len(b.wrong)
	kind, brand := t.kind, plainBrand(t.brand)
	if brand != "" && !slices.Contains(brands, brand) {
		b.wrong.add(line, "brand", "must be empty or one of %s", strings.Join(brands, ", "))
	}
	if kind != "" && !slices.Contains(cardTypes, kind) {
		b.wrong.add(line, "type", "must be empty or one of %s", strings.Join(cardTypes, ", "))
	}
	if !isBank(t.bank) {
		b.wrong.add(line, "bank", "must be at most %d printable characters without a card number", maxBankCharacters)
	}
	if t.country != "" && !isCountry(t.country) {
		b.wrong.add(line, "country", "must be empty or an ISO 3166-1 alpha-2 code, such as EC")
	}
	if t.enabled != "true" && t.enabled != "false" {
		b.wrong.add(line, "enabled", "must be true or false")
	}
	if len(b.wrong) > before {
		return 0, false
	}
	// What is kept must not hold on to the whole line that it was cut from.
	t = binText{strings.Clone(t.brand), strings.Clone(t.kind), strings.Clone(t.bank), strings.Clone(t.country), strings.Clone(t.enabled)}
	index := uint32(len(b.facts))
	b.known[t] = index
	b.facts = append(b.facts, BINFacts{Brand: pasarela.Brand(brand), Type: pasarela.CardType(t.kind), Bank: t.bank, Country: t.country,
		Enabled: t.enabled == "true"})
	return index, true
}

// buildBINs puts the ranges in order and finds which lie within which.
func buildBINs(rows []spanRow, facts []BINFacts) (*BINs, error) {
	slices.SortFunc(rows, func(x, y spanRow) int {
		return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(y.end, x.end), cmp.Compare(x.line, y.line))
	})
	var wrong problems
	var around []int // the ranges that the present one may lie in, the innermost last
	b := &BINs{rows: make([]binRow, len(rows)), facts: facts}
	for i, r := range rows {
		for len(around) > 0 && rows[around[len(around)-1]].end < r.start {
			around = around[:len(around)-1]
		}
		outer := 0
		if len(around) > 0 {
			o := rows[around[len(around)-1]]
			switch {
			case o.start == r.start && o.end == r.end:
				wrong.add(int(r.line), "start", "the same range stands in line %d", o.line)
			case o.end < r.end:
				wrong.add(int(max(r.line, o.line)), "start", "the range crosses that of line %d: ranges may lie within each other, but not cross", min(r.line, o.line))
			}
			outer = i - around[len(around)-1]
		}
		b.rows[i] = binRow{r.start<<lowBits | uint64(r.facts), r.end<<lowBits | uint64(outer)}
		around = append(around, i)
		if len(wrong) == maxProblems {
			break
		}
	}
	return b, wrong.err()
}

// problems are what is wrong with a file, as far as it was looked at.
type problems []string

func (p *problems) add(line int, column, format string, args ...any) {
	if len(*p) >= maxProblems {
		return
	}
	where := fmt.Sprintf("line %d", line)
	if column != "" {
		where += ", column " + column
	}
	*p = append(*p, where+": "+fmt.Sprintf(format, args...))
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return invalid(strings.Join(p, "\n"))
}
