package receipt

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"pasarela"
)

func sample(t *testing.T) Receipt {
	t.Helper()
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	return Receipt{Merchant: "Librería Ñuñoa", Kind: KindSale, At: time.Date(2031, 7, 1, 2, 30, 15, 0, time.UTC), Zone: santiago,
		Card:   pasarela.CardFacts{BIN: "405188", LastFour: "6623", Length: 16, Brand: pasarela.BrandVisa, Type: pasarela.CardCredit},
		Amount: pasarela.Money{Minor: 1234567, Currency: "CLP"}, AuthorizationCode: "012345", Ticket: "203107010230150001",
		Reference: "7d5a4a31-6f0b-4a39-8b2f-0c1d2e3f4a5b", Installments: pasarela.Installments{Months: 6, Plan: "03"},
		CreatedAt: time.Date(2031, 7, 2, 12, 0, 0, 0, time.UTC)}
}

func pdf(t *testing.T, r Receipt) []byte {
	t.Helper()
	b, err := PDF(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shows says whether the page has the text in one piece.
func shows(t *testing.T, page []byte, text string) bool {
	t.Helper()
	encoded, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(page, []byte("("+encoded+")Tj")) || bytes.Contains(page, []byte("("+encoded+") Tj"))
}

// Rule: the buyer reads who took what from which card, when by the merchant's clock, and by which numbers it is
// found again.
func TestReceiptTellsThePayment(t *testing.T) {
	t.Parallel()
	page := pdf(t, sample(t))
	if !bytes.HasPrefix(page, []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(page), []byte("%%EOF")) || bytes.Count(page, []byte("/Type /Page\n")) != 1 {
		t.Errorf("not a PDF of one page: %.40q", page)
	}
	for _, text := range []string{"Librería Ñuñoa", "Comprobante de venta y servicios", "Transacción", "Venta", "30/06/2031", "22:30:15",
		"Visa crédito", "************6623", "6 cuotas comercio", "Código de autorización", "012345", "203107010230150001",
		"7d5a4a31-6f0b-4a39-8b2f-0c1d2e3f4a5b", "Total", "CLP 1.234.567", "Copia para el comprador"} {
		if !shows(t, page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	if bytes.Contains(page, []byte("405188")) {
		t.Error("the page tells more of the card than its last digits")
	}
}

// Rule: one receipt is always the same bytes; another date makes others.
func TestReceiptIsDeterministic(t *testing.T) {
	t.Parallel()
	r := sample(t)
	first, again := pdf(t, r), pdf(t, r)
	if !bytes.Equal(first, again) {
		t.Error("the same receipt came out in two ways")
	}
	r.CreatedAt = r.CreatedAt.Add(time.Hour)
	if bytes.Equal(first, pdf(t, r)) {
		t.Error("the date of creation is not in the document")
	}
}

// Rule: amounts are written as in Chile, to the currency's last decimal.
func TestAmount(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]pasarela.Money{
		"CLP 0": {Minor: 0, Currency: "CLP"}, "CLP 999": {Minor: 999, Currency: "CLP"}, "CLP 1.000": {Minor: 1000, Currency: "CLP"},
		"CLP 999.999.999.999": {Minor: 999_999_999_999, Currency: "CLP"}, "UF 1,2300": {Minor: 12300, Currency: "CLF"},
		"UF 1.234,0001": {Minor: 12340001, Currency: "CLF"}, "USD 0,05": {Minor: 5, Currency: "USD"}, "USD 16,00": {Minor: 1600, Currency: "USD"},
	} {
		if got := amount(m); got != want {
			t.Errorf("%v is written %q, want %q", m, got, want)
		}
	}
}

// Rule: each kind has its word, and what is not known has no line.
func TestReceiptKinds(t *testing.T) {
	t.Parallel()
	for kind, word := range kindNames {
		r := sample(t)
		r.Kind, r.AuthorizationCode, r.Installments = kind, "", pasarela.Installments{}
		page := pdf(t, r)
		if !shows(t, page, word) || shows(t, page, "Código de autorización") || !shows(t, page, "Sin cuotas") {
			t.Errorf("the page of a %s is not right", kind)
		}
	}
	for name, spoil := range map[string]func(*Receipt){
		"kind": func(r *Receipt) { r.Kind = "gift" }, "zone": func(r *Receipt) { r.Zone = nil }, "name": func(r *Receipt) { r.Merchant = "" },
		"ticket": func(r *Receipt) { r.Ticket = "" }, "time": func(r *Receipt) { r.At = time.Time{} }, "date": func(r *Receipt) { r.CreatedAt = time.Time{} },
	} {
		r := sample(t)
		spoil(&r)
		if _, err := PDF(r); pasarela.CodeOf(err) != pasarela.CodeInternal || err == nil {
			t.Errorf("without a good %s it gave %v", name, err)
		}
	}
}

// Rule: a long name is broken and then cut, a word longer than the page too, and nothing in a name is code.
func TestNamesFitThePage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		merchant string
		has      []string
		lacks    string
	}{
		"long":           {"Comercializadora e Importadora de Artículos Escolares del Sur Limitada", []string{"Comercializadora e"}, ellipsis + ")"},
		"endless":        {strings.Repeat("Sociedad Anónima ", 40) + "fin", []string{"…"}, "fin"},
		"one word":       {strings.Repeat("W", 300), []string{"…"}, strings.Repeat("W", 60)},
		"syntax":         {`Bar (a) \ b) Tj ET`, []string{`Bar \(a\) \\ b\) Tj ET`}, "b) Tj"},
		"lines":          {"Uno\nDos\tTres\x00", []string{"Uno Dos Tres"}, "Uno\nDos"},
		"foreign":        {"Čokolada Šećer 東京", []string{"Cokolada Šecer ??"}, "Č"},
		"taken apart":    {"Peñalolén", []string{"Peñalolén"}, "n\u0303"},
		"invalid UTF-8":  {"Bar\xff", []string{"Bar?"}, "Bar\xff"},
		"spaces at ends": {" Bar ", []string{"Bar"}, "( Bar"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sample(t)
			r.Merchant = c.merchant
			page := pdf(t, r)
			for _, has := range c.has {
				encoded, err := charmap.Windows1252.NewEncoder().String(has)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Contains(page, []byte(encoded)) {
					t.Errorf("the page lacks %q", has)
				}
			}
			if bytes.Contains(page, []byte(c.lacks)) {
				t.Errorf("the page has %q", c.lacks)
			}
		})
	}
}
