package cards

import (
	"pasarela"
	"pasarela/cde/internal/pan"
)

// schemeRange gives the scheme of the numbers whose leading digits lie from first to last, which are equally long.
type schemeRange struct {
	first, last string
	brand       pasarela.Brand
}

// schemeRanges is searched in order: the narrower range comes first.
var schemeRanges = []schemeRange{
	{"3528", "3589", pasarela.BrandJCB},
	{"300", "305", pasarela.BrandDiners},
	{"3095", "3095", pasarela.BrandDiners},
	{"36", "36", pasarela.BrandDiners},
	{"38", "39", pasarela.BrandDiners},
	{"34", "34", pasarela.BrandAmex},
	{"37", "37", pasarela.BrandAmex},
	{"4", "4", pasarela.BrandVisa},
	{"51", "55", pasarela.BrandMastercard},
	{"2221", "2720", pasarela.BrandMastercard},
	{"6011", "6011", pasarela.BrandDiscover},
	{"644", "649", pasarela.BrandDiscover},
	{"65", "65", pasarela.BrandDiscover},
	{"62", "62", pasarela.BrandUnionPay},
	{"81", "81", pasarela.BrandUnionPay},
	{"50", "50", pasarela.BrandMaestro},
	{"56", "58", pasarela.BrandMaestro},
	{"6", "6", pasarela.BrandMaestro},
}

// issuer is what is known of the numbers that begin with a six-digit BIN.
type issuer struct {
	bank    string
	country string
	kind    pasarela.CardType
}

// issuers holds what the references print about the ranges of their test cards. Of the others they tell
// nothing, and neither do we: real cards lie in the same ranges. The test cards themselves have a home.
var issuers = map[string]issuer{
	"545195": {"BANCO DE LA PRODUCCION S.A. (PRODUBANCO)", "EC", pasarela.CardCredit},
	"405188": {"", "CL", pasarela.CardCredit}, // Webpay; its debit test card says so itself
	"518605": {"", "CL", pasarela.CardCredit},
	"518600": {"", "CL", pasarela.CardDebit},
}

// Describe is what the number tells by itself. A card is taken for a credit card where nothing says otherwise.
func Describe(n pan.Number) pasarela.CardProfile { return describe(pan.BIN(n)) }

func describe(bin string) pasarela.CardProfile {
	known := issuers[bin]
	if known.kind == "" {
		known.kind = pasarela.CardCredit
	}
	return pasarela.CardProfile{Brand: BrandOf(bin), Type: known.kind, Bank: known.bank, Country: known.country}
}

// BrandOf is the scheme of the numbers that begin with bin: four digits or more.
func BrandOf(bin string) pasarela.Brand {
	for _, r := range schemeRanges {
		if len(bin) < len(r.first) {
			continue
		}
		if head := bin[:len(r.first)]; r.first <= head && head <= r.last {
			return r.brand
		}
	}
	return pasarela.BrandUnknown
}
