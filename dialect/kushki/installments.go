package kushki

import (
	"slices"
	"strconv"

	"pasarela"
)

// installmentOption is one way of paying in installments, as the answer of GET /card/v1/deferred/{bin} lists it.
type installmentOption struct {
	Name          string   `json:"name,omitzero"` // Ecuador and Mexico
	Type          string   `json:"type"`          // credit type of a charge; typeAll is sent as creditAll
	Months        []string `json:"months"`
	MonthsOfGrace []string `json:"monthsOfGrace"`
}

// The credit types that rules name.
const (
	typeAll        = "all" // of an option: the issuer's installments
	creditAll      = "01"  // and how a charge asks for them
	creditMerchant = "03"  // the merchant bears the interest: Mexico's months without interest, Chile's cuotas comercio

	fewestMonths         = 2
	mostMonths           = 48
	mostMonthsOfMerchant = 12 // Chile

	noGrace = "00"
)

// mexicanMonths are those of every type, with the least total, in cents, for months without interest.
var mexicanMonths = map[int]int64{3: 300_00, 6: 600_00, 9: 900_00, 12: 1_200_00, 18: 1_800_00}

// optionsOf says what a merchant of the country can offer; whose merchant it is (acquirer's or aggregator's) makes no
// difference in the published table. Of Ecuador's types that print no months and no name, those are ours.
var optionsOf = map[string][]installmentOption{
	"MX": {
		{Name: "Sin promoción", Type: "00", Months: mexican(), MonthsOfGrace: []string{}},
		{Name: "Sin intereses al tarjetahabiente", Type: creditMerchant, Months: mexican(), MonthsOfGrace: []string{}},
		{Name: "Skip payment (compre hoy y pague después)", Type: "07", Months: mexican(), MonthsOfGrace: []string{}},
	},
	"CL": {
		{Type: typeAll, Months: monthsBetween(fewestMonths, mostMonths), MonthsOfGrace: []string{}},
		{Type: creditMerchant, Months: monthsBetween(fewestMonths, mostMonthsOfMerchant), MonthsOfGrace: []string{}},
	},
	"PE": {{Type: typeAll, Months: monthsBetween(fewestMonths, mostMonths), MonthsOfGrace: []string{}}},
	"CO": {{Type: typeAll, Months: monthsBetween(fewestMonths, mostMonths), MonthsOfGrace: []string{}}},
	"EC": {
		ecuadorian("01", "Cuotas fijas con intereses"),
		ecuadorian("02", "Meses de gracia con intereses", "1", "2", "3"),
		ecuadorian("03", "Mes a mes con intereses"),
		ecuadorian("04", "Cuotas fijas sin intereses"),
		ecuadorian("05", "Meses de gracia sin intereses", "1", "2", "3"),
		ecuadorian("06", "Mes a mes sin intereses"),
		ecuadorian("07", "Especial sin intereses"),
		ecuadorian("50", "Promoción Supermaxi"),
		ecuadorian("002", "Diferido con intereses", "1", "2", "3"),
		ecuadorian("003", "Diferido sin intereses"),
		ecuadorian("004", "Diferido especial 004"),
		ecuadorian("007", "Diferido con intereses y meses de gracia", "1", "2", "3"),
		ecuadorian("008", "Diferido especial 008"),
		ecuadorian("009", "Diferido sin intereses y meses de gracia", "1", "2", "3"),
		ecuadorian("021", "Diferido plus cuotas"),
		ecuadorian("022", "Diferido plus"),
	},
}

func ecuadorian(creditType, name string, grace ...string) installmentOption {
	return installmentOption{Name: name, Type: creditType, Months: []string{"3", "6", "9", "12"}, MonthsOfGrace: append([]string{}, grace...)}
}

func mexican() []string { return []string{"3", "6", "9", "12", "18"} }

func monthsBetween(from, to int) []string {
	var months []string
	for m := from; m <= to; m++ {
		months = append(months, strconv.Itoa(m))
	}
	return months
}

// installmentOptions lists how a card of this type can pay in installments at a merchant of the country: an empty
// list for what is no credit card, and for countries without installments. Callers do not change it.
func installmentOptions(country string, kind pasarela.CardType) []installmentOption {
	if options, ok := optionsOf[country]; ok && kind == pasarela.CardCredit {
		return options
	}
	return []installmentOption{}
}

// checkInstallments holds the installments that a payment asks for, in months or in d, against the rules of the
// merchant's country. It returns CodeInvalid, and nil where none are asked for. Chile, Colombia and Peru take either
// form from every merchant: the published pages tie the form to the affiliation, and then print both for one.
func checkInstallments(country string, kind pasarela.CardType, months int, d *deferred, total pasarela.Money) error {
	asked := months
	if d != nil {
		asked = d.Months
	}
	if asked < fewestMonths {
		return nil
	}
	if len(installmentOptions(country, kind)) == 0 {
		return pasarela.Errorf(pasarela.CodeInvalid, "months: this card has no installments here: send the charge without months and deferred")
	}
	switch {
	case d == nil && (country == "EC" || country == "MX"):
		return pasarela.Errorf(pasarela.CodeInvalid, "months: in %s send deferred instead", country)
	case country == "MX":
		return checkMexican(d, total)
	case country == "EC":
		return checkEcuadorian(d)
	}
	return checkIssuers(country, asked, d)
}

func checkMexican(d *deferred, total pasarela.Money) error {
	least, offered := mexicanMonths[d.Months]
	switch {
	case !offered:
		return pasarela.Errorf(pasarela.CodeInvalid, "deferred.months: send 3, 6, 9, 12 or 18")
	case d.GraceMonths != noGrace:
		return graceError()
	case d.CreditType != "00" && d.CreditType != creditMerchant && d.CreditType != "07":
		return pasarela.Errorf(pasarela.CodeInvalid, `deferred.creditType: send "00", "03" or "07"`)
	case d.CreditType == creditMerchant && total.Currency == "MXN" && total.Minor < least:
		return pasarela.Errorf(pasarela.CodeInvalid, "deferred.months: %d months without interest need a total of %d MXN", d.Months, least/100)
	}
	return nil
}

// checkEcuadorian leaves the months of each type to the processor behind: the published pages do not print them.
func checkEcuadorian(d *deferred) error {
	known := slices.ContainsFunc(optionsOf["EC"], func(o installmentOption) bool { return o.Type == d.CreditType })
	switch {
	case !known:
		return pasarela.Errorf(pasarela.CodeInvalid, "deferred.creditType: send a type that GET /card/v1/deferred lists")
	case d.Months > mostMonths:
		return pasarela.Errorf(pasarela.CodeInvalid, "deferred.months: send %d to %d", fewestMonths, mostMonths)
	}
	return nil
}

// checkIssuers is for the countries whose issuers split the payment: Chile, Colombia and Peru.
func checkIssuers(country string, months int, d *deferred) error {
	most := mostMonths
	if d != nil {
		switch {
		case d.GraceMonths != noGrace:
			return graceError()
		case d.CreditType == creditMerchant && country == "CL":
			most = mostMonthsOfMerchant
		case d.CreditType != creditAll:
			return pasarela.Errorf(pasarela.CodeInvalid, `deferred.creditType: send "01", or in Chile "03" for installments of the merchant`)
		}
	}
	if months > most {
		return pasarela.Errorf(pasarela.CodeInvalid, "months: send %d to %d", fewestMonths, most)
	}
	return nil
}

func graceError() error {
	return pasarela.Errorf(pasarela.CodeInvalid, `deferred.graceMonths: send "00": there are none in this country`)
}
