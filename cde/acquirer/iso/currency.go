package iso

import (
	"sync"

	"pasarela"
)

// byNumeric remembers what was looked up before: the search through all currencies would cost more than
// the rest of reading a message. Only numbers that exist are kept, so a peer can't fill it.
var byNumeric sync.Map // of string to pasarela.Currency

func currencyByNumeric(numeric string) (pasarela.Currency, bool) {
	if c, ok := byNumeric.Load(numeric); ok {
		return c.(pasarela.Currency), true
	}
	c, ok := pasarela.CurrencyByNumeric(numeric)
	if ok {
		byNumeric.Store(numeric, c)
	}
	return c, ok
}
