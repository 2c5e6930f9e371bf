package pasarela

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"sync"

	"github.com/bojanz/currency"
)

// Currency is an ISO 4217 alphabetic code in upper case, such as "USD" or "CLF".
type Currency string

// kuna was replaced by the euro in 2023, so lists of currencies in use have it no more; Monri's public
// documentation still names it.
const (
	kuna        = "HRK"
	kunaNumeric = "191"
	kunaDigits  = 2
)

// ParseCurrency accepts an ISO 4217 alphabetic code exactly as the standard spells it.
func ParseCurrency(code string) (Currency, error) {
	if !currency.IsValid(code) && code != kuna {
		return "", Errorf(CodeInvalid, "unknown currency %q: send an ISO 4217 code", clip(code, 8))
	}
	return Currency(code), nil
}

// Digits is the number of decimals of the minor unit: 2 for USD and COP, 0 for CLP, 4 for CLF.
func (c Currency) Digits() int {
	if c == kuna {
		return kunaDigits
	}
	d, _ := currency.GetDigits(string(c))
	return int(d)
}

// Numeric is the three-digit ISO 4217 code that travels in ISO 8583 field 49.
func (c Currency) Numeric() string {
	if c == kuna {
		return kunaNumeric
	}
	n, _ := currency.GetNumericCode(string(c))
	return n
}

// byNumeric is made once: messages are read by the thousand.
var byNumeric = sync.OnceValue(func() map[string]Currency {
	m := map[string]Currency{kunaNumeric: kuna}
	for _, code := range currency.GetCurrencyCodes() {
		if n, ok := currency.GetNumericCode(code); ok {
			m[n] = Currency(code)
		}
	}
	return m
})

// CurrencyByNumeric finds a currency by its three-digit ISO 4217 code.
func CurrencyByNumeric(numeric string) (Currency, bool) {
	c, ok := byNumeric()[numeric]
	return c, ok
}

// Money is a non-negative amount in minor units of its currency. It never touches a float.
type Money struct {
	Minor    int64
	Currency Currency
}

// Errors of reading and adding amounts. Each is CodeInvalid, with a text that says what to send instead.
var (
	ErrNotDecimal = Errorf(CodeInvalid, "amount is not a decimal number")
	ErrNegative   = Errorf(CodeInvalid, "amount is negative")
	ErrPrecision  = Errorf(CodeInvalid, "amount has more decimals than its currency")
	ErrOverflow   = Errorf(CodeInvalid, "amount is too large")
	ErrCurrency   = Errorf(CodeInvalid, "amounts are in different currencies")
)

// maxMinor keeps every amount within the twelve digits of ISO 8583 field 4.
const maxMinor = 999_999_999_999

// ParseMoney reads a JSON number in major units exactly: 16.98 USD is 1698 cents and 1.0E7 is ten million.
// It returns ErrNotDecimal, ErrNegative, ErrPrecision or ErrOverflow.
func ParseMoney(literal string, c Currency) (Money, error) {
	digits, exponent, err := splitDecimal(literal)
	if err != nil {
		return Money{}, err
	}
	if digits == "" {
		return Money{Currency: c}, nil
	}
	if literal[0] == '-' {
		return Money{}, ErrNegative
	}
	exponent += c.Digits()
	if exponent < 0 {
		return Money{}, ErrPrecision
	}
	if len(digits)+exponent > 12 {
		return Money{}, ErrOverflow
	}
	minor, err := strconv.ParseInt(digits+strings.Repeat("0", exponent), 10, 64)
	if err != nil {
		return Money{}, ErrOverflow
	}
	return Money{Minor: minor, Currency: c}, nil
}

// splitDecimal turns a JSON number into significant digits without leading or trailing zeros and a power
// of ten. Zero is no digits at all.
func splitDecimal(literal string) (digits string, exponent int, err error) {
	rest := strings.TrimPrefix(literal, "-")
	mantissa, exp, hasExp := cutExponent(rest)
	if hasExp {
		// Whatever has an exponent of more than six digits is out of range either way; zero stays zero.
		exponent, err = strconv.Atoi(exp)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return "", 0, ErrNotDecimal
		}
		exponent = max(-1_000_000, min(1_000_000, exponent))
	}
	whole, fraction, hasPoint := strings.Cut(mantissa, ".")
	if !allDigits(whole) || whole == "" || (hasPoint && (fraction == "" || !allDigits(fraction))) {
		return "", 0, ErrNotDecimal
	}
	if len(whole) > 1 && whole[0] == '0' {
		return "", 0, ErrNotDecimal
	}
	digits = strings.TrimLeft(whole+fraction, "0")
	exponent -= len(fraction)
	trimmed := strings.TrimRight(digits, "0")
	return trimmed, exponent + len(digits) - len(trimmed), nil
}

func cutExponent(s string) (mantissa, exponent string, found bool) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// NewMoney checks an amount that is already in minor units.
func NewMoney(minor int64, c Currency) (Money, error) {
	switch {
	case minor < 0:
		return Money{}, ErrNegative
	case minor > maxMinor:
		return Money{}, ErrOverflow
	}
	return Money{Minor: minor, Currency: c}, nil
}

// Add returns the sum, or ErrCurrency or ErrOverflow.
func (m Money) Add(other Money) (Money, error) {
	if m.Currency != other.Currency {
		return Money{}, ErrCurrency
	}
	return NewMoney(m.Minor+other.Minor, m.Currency)
}

// Percent is p percent of the amount, rounded down to the minor unit.
func (m Money) Percent(p uint64) Money { return m.parts(p, 100) }

// BasisPoints is p hundredths of a percent of the amount, rounded down to the minor unit.
func (m Money) BasisPoints(p uint64) Money { return m.parts(p, 10_000) }

// parts is the one place that rounds.
func (m Money) parts(p, of uint64) Money {
	hi, lo := bits.Mul64(uint64(m.Minor), p)
	q, _ := bits.Div64(hi, lo, of)
	return Money{Minor: int64(min(q, math.MaxInt64)), Currency: m.Currency}
}

// Decimal writes the amount in major units as a JSON number without superfluous zeros: 16.98, 59, 0.5.
func (m Money) Decimal() string {
	d := m.Currency.Digits()
	s := strconv.FormatInt(m.Minor, 10)
	if d == 0 {
		return s
	}
	if len(s) <= d {
		s = strings.Repeat("0", d-len(s)+1) + s
	}
	whole, fraction := s[:len(s)-d], strings.TrimRight(s[len(s)-d:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

func (m Money) String() string { return m.Decimal() + " " + string(m.Currency) }

// clip shortens foreign text before it is quoted in an error.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "..."
}
