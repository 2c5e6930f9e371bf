package pages

import (
	"github.com/bojanz/currency"

	"pasarela"
)

// Amount writes an amount for a reader of a language, with all its decimals and the currency's code: 10.016,98 USD.
func Amount(l Language, m pasarela.Money) string {
	a, err := currency.NewAmountFromInt64(m.Minor, string(m.Currency))
	if err != nil {
		return m.String() // a currency that is no longer in use
	}
	f := currency.NewFormatter(currency.NewLocale(string(l)))
	f.CurrencyDisplay = currency.DisplayCode
	return f.Format(a)
}
