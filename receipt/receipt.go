package receipt

import (
	"strconv"
	"strings"
	"time"

	"pasarela"
)

// Kind is what the receipt is of.
type Kind string

// The kinds.
const (
	KindSale          Kind = "sale"
	KindAuthorization Kind = "authorization"
	KindCapture       Kind = "capture"
	KindVoid          Kind = "void"
	KindRefund        Kind = "refund"
)

var kindNames = map[Kind]string{KindSale: "Venta", KindAuthorization: "Preautorización", KindCapture: "Captura",
	KindVoid: "Anulación", KindRefund: "Devolución"}

// Receipt is what is told to the buyer.
type Receipt struct {
	Merchant          string // name, cut after three lines
	Kind              Kind
	At                time.Time      // of the transaction
	Zone              *time.Location // of the merchant; dates and hours are printed in it
	Card              pasarela.CardFacts
	Amount            pasarela.Money
	AuthorizationCode string // "" leaves the line out
	Ticket            string
	Reference         string
	Installments      pasarela.Installments
	CreatedAt         time.Time // of the document, which is otherwise the same each time
}

// PDF writes the receipt. The error has CodeInternal: something is missing, or the page cannot be set.
func PDF(r Receipt) ([]byte, error) {
	switch {
	case r.Merchant == "" || r.Ticket == "" || r.At.IsZero() || r.CreatedAt.IsZero() || r.Zone == nil:
		return nil, pasarela.Errorf(pasarela.CodeInternal, "receipt needs the merchant's name and zone, a ticket and its times")
	case kindNames[r.Kind] == "":
		return nil, pasarela.Errorf(pasarela.CodeInternal, "receipt is of no known kind")
	}
	return r.set()
}

// line is a row of the page: what it is, and how much.
type line struct{ label, value string }

func (r Receipt) lines() []line {
	at := r.At.In(r.Zone)
	all := []line{
		{"Transacción", kindNames[r.Kind]},
		{"Fecha", at.Format("02/01/2006")},
		{"Hora", at.Format("15:04:05")},
		{"Tarjeta", cardName(r.Card)},
		{"Número", masked(r.Card)},
		{"Cuotas", installments(r.Installments)},
		{"Código de autorización", r.AuthorizationCode},
		{"Ticket", r.Ticket},
		{"Referencia", r.Reference},
	}
	kept := all[:0]
	for _, l := range all {
		if l.value != "" {
			kept = append(kept, l)
		}
	}
	return kept
}

var (
	brandNames = map[pasarela.Brand]string{pasarela.BrandVisa: "Visa", pasarela.BrandMastercard: "Mastercard",
		pasarela.BrandAmex: "American Express", pasarela.BrandMaestro: "Maestro", pasarela.BrandDiners: "Diners Club",
		pasarela.BrandDiscover: "Discover", pasarela.BrandJCB: "JCB", pasarela.BrandUnionPay: "UnionPay"}
	typeNames = map[pasarela.CardType]string{pasarela.CardCredit: "crédito", pasarela.CardDebit: "débito", pasarela.CardPrepaid: "prepago"}
)

func cardName(c pasarela.CardFacts) string {
	return strings.TrimSpace(brandNames[c.Brand] + " " + typeNames[c.Type])
}

// masked shows the last four digits only: a receipt lies about.
func masked(c pasarela.CardFacts) string {
	return strings.Repeat("*", max(c.Length-len(c.LastFour), 0)) + c.LastFour
}

// merchantPlan is the credit type of installments whose interest the merchant bears.
const merchantPlan = "03"

func installments(i pasarela.Installments) string {
	if i.Months < 2 {
		return "Sin cuotas"
	}
	text := strconv.Itoa(i.Months) + " cuotas"
	if i.Plan == merchantPlan {
		text += " comercio"
	}
	return text
}

// amount writes the money as Chile does: CLP 1.234.567, UF 1,2300.
func amount(m pasarela.Money) string {
	whole, fraction, _ := strings.Cut(m.Decimal(), ".")
	var b strings.Builder
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte('.')
		}
		b.WriteByte(whole[i])
	}
	if d := m.Currency.Digits(); d > 0 {
		b.WriteString("," + fraction + strings.Repeat("0", d-len(fraction)))
	}
	name := string(m.Currency)
	if name == "CLF" { // the unit of account is known by its own name
		name = "UF"
	}
	return name + " " + b.String()
}
