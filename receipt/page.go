package receipt

import (
	"bytes"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"pasarela"
)

// Measures of the page, in millimetres; letters in points.
const (
	pageWidth  = 80.0
	margin     = 6.0
	inner      = pageWidth - 2*margin
	labelWidth = 34.0 // the longest label, and a space
	rowHeight  = 4.6
	nameHeight = 6.0
	gap        = 2.5

	nameSize  = 13.0
	totalSize = 12.0
	textSize  = 8.5

	maxNameLines  = 3
	maxValueLines = 3
)

const (
	title  = "Comprobante de venta y servicios"
	footer = "Copia para el comprador"
)

// page is a document that is being set.
type page struct{ *fpdf.Fpdf }

// row is a line of the receipt, broken to fit. A value too wide to stand beside its label stands below it.
type row struct {
	label  string
	values []string
}

func (p page) newRow(l line) row {
	if p.GetStringWidth(encode(l.value)) <= inner-labelWidth {
		return row{encode(l.label), []string{encode(l.value)}}
	}
	return row{encode(l.label), append([]string{""}, p.fit(l.value, inner, maxValueLines)...)}
}

func (r Receipt) set() ([]byte, error) {
	p := newPage(r.CreatedAt)
	p.SetFont("Helvetica", "B", nameSize)
	name := p.fit(r.Merchant, inner, maxNameLines)
	p.SetFont("Helvetica", "", textSize)
	var rows []row
	height := 2*margin + float64(len(name))*nameHeight + 2*rowHeight + nameHeight + 3*gap
	for _, l := range r.lines() {
		fitting := p.newRow(l)
		rows = append(rows, fitting)
		height += rowHeight * float64(len(fitting.values))
	}
	p.AddPageFormat("P", fpdf.SizeType{Wd: pageWidth, Ht: height})
	p.head(name)
	p.rule()
	for _, l := range rows {
		p.row(l)
	}
	p.rule()
	p.total(amount(r.Amount))
	p.rule()
	p.SetFont("Helvetica", "I", textSize)
	p.CellFormat(inner, rowHeight, encode(footer), "", 1, "C", false, 0, "")
	return p.bytes()
}

// newPage is a document that depends on nothing but what is written to it: fixed order, given date, no compression
// (which may differ between versions of the compiler, and one page is small).
func newPage(created time.Time) page {
	p := page{fpdf.New("P", "mm", "", "")}
	p.SetCompression(false)
	p.SetCatalogSort(true)
	p.SetCreationDate(created.UTC())
	p.SetModificationDate(created.UTC())
	p.SetProducer("Pasarela", true)
	p.SetTitle(title, true)
	p.SetLang("es-CL")
	p.SetMargins(margin, margin, margin)
	p.SetCellMargin(0)
	p.SetAutoPageBreak(false, 0)
	return p
}

func (p page) head(name []string) {
	p.SetFont("Helvetica", "B", nameSize)
	for _, n := range name {
		p.CellFormat(inner, nameHeight, n, "", 1, "C", false, 0, "")
	}
	p.SetFont("Helvetica", "", textSize)
	p.CellFormat(inner, rowHeight, encode(title), "", 1, "C", false, 0, "")
}

// rule draws a line between parts.
func (p page) rule() {
	y := p.GetY() + gap/2
	p.SetLineWidth(0.2)
	p.Line(margin, y, pageWidth-margin, y)
	p.SetY(y + gap/2)
}

func (p page) row(r row) {
	p.SetFont("Helvetica", "", textSize)
	for i, value := range r.values {
		if i == 0 {
			p.CellFormat(inner, rowHeight, r.label, "", 0, "L", false, 0, "")
			p.SetX(margin)
		}
		p.CellFormat(inner, rowHeight, value, "", 1, "R", false, 0, "")
	}
}

func (p page) total(amount string) {
	p.SetFont("Helvetica", "B", totalSize)
	p.CellFormat(labelWidth, nameHeight, "Total", "", 0, "L", false, 0, "")
	p.CellFormat(inner-labelWidth, nameHeight, encode(amount), "", 1, "R", false, 0, "")
}

func (p page) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "set the receipt")
	}
	return out.Bytes(), nil
}

// fit breaks text in the present font into at most so many lines; what does not fit ends with an ellipsis.
func (p page) fit(text string, width float64, most int) []string {
	broken := p.SplitLines([]byte(encode(text)), width)
	var lines []string
	for _, l := range broken {
		lines = append(lines, string(bytes.TrimSpace(l)))
	}
	if len(lines) <= most {
		return lines
	}
	lines = lines[:most]
	last := lines[most-1]
	for last != "" && p.GetStringWidth(last+ellipsis) > width {
		last = last[:len(last)-1]
	}
	lines[most-1] = last + ellipsis
	return lines
}

// ellipsis is three dots in Windows-1252.
const ellipsis = "\x85"

// encode writes text in Windows-1252, on one line.
func encode(text string) string {
	out := make([]byte, 0, len(text))
	for _, r := range norm.NFC.String(text) {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			r = ' '
		}
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok { // the letter without its mark comes first when it is taken apart
			b, ok = charmap.Windows1252.EncodeRune([]rune(norm.NFD.String(string(r)))[0])
		}
		if !ok {
			b = '?'
		}
		out = append(out, b)
	}
	return string(out)
}
