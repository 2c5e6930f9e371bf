package cards

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"pasarela"
)

// binFormat begins what Encode writes, before compression.
const binFormat = "pasarela card ranges 1\n"

// Encode is the table for the store, compressed; DecodeBINs reads it.
func (b *BINs) Encode() ([]byte, error) {
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	w := bufio.NewWriter(compressed)
	var buffer []byte
	put := func(n uint64) { buffer = binary.AppendUvarint(buffer, n) }
	text := func(s string) { put(uint64(len(s))); buffer = append(buffer, s...) }
	flush := func() { _, _ = w.Write(buffer); buffer = buffer[:0] } // a failure stays with w until its Flush
	buffer = append(buffer, binFormat...)
	put(uint64(len(b.facts)))
	for _, f := range b.facts {
		text(string(f.Brand))
		text(string(f.Type))
		text(f.Bank)
		text(f.Country)
		put(oneIf(f.Enabled))
		flush()
	}
	put(uint64(len(b.rows)))
	last := uint64(0)
	for _, r := range b.rows { // differences are small numbers, and those compress
		put(r.start() - last)
		put(r.end() - r.start())
		put(uint64(r.facts()))
		last = r.start()
		flush()
	}
	flush()
	if err := errors.Join(w.Flush(), compressed.Close()); err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "compress the table of card ranges")
	}
	return out.Bytes(), nil
}

func oneIf(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// errBINFile says that another version, or nobody, wrote these bytes.
var errBINFile = pasarela.Errorf(pasarela.CodeInternal, "the stored table of card ranges cannot be read by this version: import it again with `pasarela bins import`")

// DecodeBINs reads what Encode wrote. The error has CodeInternal.
func DecodeBINs(data []byte) (*BINs, error) {
	compressed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, errBINFile
	}
	r := binDecoder{in: bufio.NewReader(compressed), seen: map[string]string{}}
	if r.text(uint64(len(binFormat))) != binFormat {
		return nil, errBINFile
	}
	facts := make([]BINFacts, 0, 64)
	for range r.upTo(maxBINRanges) {
		facts = append(facts, BINFacts{Brand: pasarela.Brand(r.short()), Type: pasarela.CardType(r.short()), Bank: r.short(), Country: r.short(), Enabled: r.upTo(1) == 1})
		if r.failed {
			return nil, errBINFile
		}
	}
	rows := make([]spanRow, r.upTo(maxBINRanges))
	last := uint64(0)
	for i := range rows {
		rows[i].start = last + r.upTo(maxBound)
		rows[i].end = rows[i].start + r.upTo(maxBound)
		rows[i].facts = uint32(r.upTo(maxBINRanges))
		if last = rows[i].start; r.failed || rows[i].end > maxBound || int(rows[i].facts) >= len(facts) {
			return nil, errBINFile
		}
	}
	if _, err := r.in.ReadByte(); r.failed || !errors.Is(err, io.EOF) { // the end is where the checksum is compared
		return nil, errBINFile
	}
	b, err := buildBINs(rows, facts)
	if err != nil {
		return nil, errBINFile
	}
	return b, nil
}

// maxBound is the largest number of eleven digits.
const maxBound = 99_999_999_999

// binDecoder remembers that something failed, so that it is asked once.
type binDecoder struct {
	in     *bufio.Reader
	buffer []byte
	seen   map[string]string // texts come again and again; each is kept once
	failed bool
}

// upTo reads a number that is at most limit.
func (d *binDecoder) upTo(limit uint64) uint64 {
	n, err := binary.ReadUvarint(d.in)
	if err != nil || n > limit {
		d.failed = true
		return 0
	}
	return n
}

func (d *binDecoder) text(length uint64) string {
	d.buffer = slices.Grow(d.buffer[:0], int(length))[:length]
	if _, err := io.ReadFull(d.in, d.buffer); err != nil {
		d.failed = true
		return ""
	}
	text, known := d.seen[string(d.buffer)]
	if !known {
		text = string(d.buffer)
		d.seen[text] = text
	}
	return text
}

// short reads a text behind its length.
func (d *binDecoder) short() string { return d.text(d.upTo(4 * maxBankCharacters)) }
