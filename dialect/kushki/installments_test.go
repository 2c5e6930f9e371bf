package kushki

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pasarela"
)

// Rule: each country offers the types and months of the published table, and nothing to cards that are no credit.
func TestInstallmentOptions(t *testing.T) {
	t.Parallel()
	ecuador := []string{"01", "02", "03", "04", "05", "06", "07", "50", "002", "003", "004", "007", "008", "009", "021", "022"}
	for country, want := range map[string]struct {
		types  []string
		months []string // first and last of each type
		named  bool
	}{
		"MX": {[]string{"00", "03", "07"}, []string{"3", "18", "3", "18", "3", "18"}, true},
		"CL": {[]string{"all", "03"}, []string{"2", "48", "2", "12"}, false},
		"PE": {[]string{"all"}, []string{"2", "48"}, false},
		"CO": {[]string{"all"}, []string{"2", "48"}, false},
		"EC": {ecuador, slices.Repeat([]string{"3", "12"}, 16), true},
		"HR": {}, "": {},
	} {
		var types, months []string
		for _, o := range installmentOptions(country, pasarela.CardCredit) {
			types = append(types, o.Type)
			months = append(months, o.Months[0], o.Months[len(o.Months)-1])
			if (o.Name != "") != want.named || o.MonthsOfGrace == nil {
				t.Errorf("%s: %+v", country, o)
			}
		}
		if !slices.Equal(types, want.types) || !slices.Equal(months, want.months) {
			t.Errorf("%s offers %v with %v, want %v with %v", country, types, months, want.types, want.months)
		}
		for _, kind := range []pasarela.CardType{pasarela.CardDebit, pasarela.CardPrepaid} {
			if got := installmentOptions(country, kind); got == nil || len(got) > 0 {
				t.Errorf("%s offers a %s card %v", country, kind, got)
			}
		}
	}
}

// Rule: the answer has the members of the published one, and lists where there is nothing in them.
func TestInstallmentOptionsAsJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(installmentOptions("MX", pasarela.CardCredit)[1])
	if want := `{"name":"Sin intereses al tarjetahabiente","type":"03","months":["3","6","9","12","18"],"monthsOfGrace":[]}`; err != nil || string(got) != want {
		t.Errorf("got %s %v, want %s", got, err, want)
	}
	if got, err := json.Marshal(installmentOptions("PE", pasarela.CardDebit)); err != nil || string(got) != "[]" {
		t.Errorf("got %s %v", got, err)
	}
}

// Rule: a charge in installments is one that its country has, and the error names the member.
func TestCheckInstallments(t *testing.T) {
	t.Parallel()
	ask := func(grace, creditType string, months int) *deferred {
		return &deferred{GraceMonths: grace, CreditType: creditType, Months: months}
	}
	pesos := func(minor int64) pasarela.Money { return pasarela.Money{Minor: minor, Currency: "MXN"} }
	for name, c := range map[string]struct {
		country string
		kind    pasarela.CardType
		months  int
		d       *deferred
		total   pasarela.Money
		wrong   string // "" passes
	}{
		"none":                       {country: "EC", kind: "debit"},
		"one month":                  {country: "MX", kind: "debit", months: 1},
		"one deferred month":         {country: "MX", kind: "credit", d: ask("00", "03", 1)},
		"debit":                      {country: "CL", kind: "debit", months: 3, wrong: "no installments"},
		"elsewhere":                  {country: "HR", kind: "credit", months: 3, wrong: "no installments"},
		"CO months":                  {country: "CO", kind: "credit", months: 2},
		"PE many months":             {country: "PE", kind: "credit", months: 48},
		"PE too many":                {country: "PE", kind: "credit", months: 49, wrong: "2 to 48"},
		"CL deferred":                {country: "CL", kind: "credit", d: ask("00", "01", 48)},
		"CL merchant":                {country: "CL", kind: "credit", d: ask("00", "03", 12)},
		"CL merchant, too many":      {country: "CL", kind: "credit", d: ask("00", "03", 13), wrong: "2 to 12"},
		"CL grace":                   {country: "CL", kind: "credit", d: ask("01", "01", 6), wrong: "graceMonths"},
		"PE deferred":                {country: "PE", kind: "credit", d: ask("00", "01", 6)},
		"PE merchant":                {country: "PE", kind: "credit", d: ask("00", "03", 6), wrong: "creditType"},
		"CO unknown type":            {country: "CO", kind: "credit", d: ask("00", "002", 6), wrong: "creditType"},
		"MX months":                  {country: "MX", kind: "credit", months: 3, wrong: "send deferred"},
		"MX without promotion":       {country: "MX", kind: "credit", d: ask("00", "00", 3), total: pesos(1)},
		"MX skip payment":            {country: "MX", kind: "credit", d: ask("00", "07", 9), total: pesos(1)},
		"MX other type":              {country: "MX", kind: "credit", d: ask("00", "01", 3), wrong: "creditType"},
		"MX four months":             {country: "MX", kind: "credit", d: ask("00", "03", 4), total: pesos(999_999), wrong: "3, 6, 9, 12 or 18"},
		"MX grace":                   {country: "MX", kind: "credit", d: ask("02", "03", 3), total: pesos(999_999), wrong: "graceMonths"},
		"MX 3 months, enough":        {country: "MX", kind: "credit", d: ask("00", "03", 3), total: pesos(300_00)},
		"MX 3 months, one cent less": {country: "MX", kind: "credit", d: ask("00", "03", 3), total: pesos(299_99), wrong: "300 MXN"},
		"MX 18 months, enough":       {country: "MX", kind: "credit", d: ask("00", "03", 18), total: pesos(1_800_00)},
		"MX 18 months, too little":   {country: "MX", kind: "credit", d: ask("00", "03", 18), total: pesos(1_799_99), wrong: "1800 MXN"},
		"EC months":                  {country: "EC", kind: "credit", months: 3, wrong: "send deferred"},
		"EC two digits":              {country: "EC", kind: "credit", d: ask("03", "02", 6)},
		"EC three digits":            {country: "EC", kind: "credit", d: ask("00", "022", 24)},
		"EC unknown type":            {country: "EC", kind: "credit", d: ask("00", "08", 6), wrong: "creditType"},
		"EC too many":                {country: "EC", kind: "credit", d: ask("00", "01", 60), wrong: "2 to 48"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkInstallments(c.country, c.kind, c.months, c.d, c.total)
			switch {
			case c.wrong == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.wrong != "" && (err == nil || pasarela.CodeOf(err) != pasarela.CodeInvalid || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("got %v, want %q in it", err, c.wrong)
			}
		})
	}
}
