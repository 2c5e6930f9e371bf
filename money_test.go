package pasarela

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMoneyIsReadExactly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		literal  string
		currency Currency
		minor    int64
		err      error
	}{
		{"16.98", "USD", 1698, nil},
		{"1.0E7", "USD", 10_000_000_00, nil},
		{"1e2", "CLP", 100, nil},
		{"1.5e-1", "USD", 15, nil},
		{"0", "USD", 0, nil},
		{"-0.0", "USD", 0, nil},
		{"0e999999999999", "USD", 0, nil},
		{"10.00", "CLP", 10, nil},
		{"0.0001", "CLF", 1, nil},
		{"20000", "COP", 2_000_000, nil},
		{"16.981", "USD", 0, ErrPrecision},
		{"0.5", "CLP", 0, ErrPrecision},
		{"0.00001", "CLF", 0, ErrPrecision},
		{"1e-400", "USD", 0, ErrPrecision},
		{"-1", "USD", 0, ErrNegative},
		{"9999999999.99", "USD", 999_999_999_999, nil},
		{"10000000000", "USD", 0, ErrOverflow},
		{"1e999999999999", "USD", 0, ErrOverflow},
		{"", "USD", 0, ErrNotDecimal},
		{"1.", "USD", 0, ErrNotDecimal},
		{".5", "USD", 0, ErrNotDecimal},
		{"01", "USD", 0, ErrNotDecimal},
		{"+1", "USD", 0, ErrNotDecimal},
		{"1e", "USD", 0, ErrNotDecimal},
		{"0x10", "USD", 0, ErrNotDecimal},
		{"NaN", "USD", 0, ErrNotDecimal},
	} {
		m, err := ParseMoney(c.literal, c.currency)
		if !errors.Is(err, c.err) || m.Minor != c.minor {
			t.Errorf("ParseMoney(%q, %s) = %d, %v; want %d, %v", c.literal, c.currency, m.Minor, err, c.minor, c.err)
		}
	}
}

// What is written is what was read: exact decimals against math/big as the witness.
func TestMoneyAgreesWithRationals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]Currency{"USD", "CLP", "CLF", "COP"}).Draw(t, "currency")
		m := Money{rapid.Int64Range(0, maxMinor).Draw(t, "minor"), c}
		back, err := ParseMoney(m.Decimal(), c)
		if err != nil || back != m {
			t.Fatalf("%s came back as %v, %v", m, back, err)
		}
		exact, _ := new(big.Rat).SetString(m.Decimal())
		scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Digits())), nil))
		if exact.Mul(exact, scale).Cmp(new(big.Rat).SetInt64(m.Minor)) != 0 {
			t.Fatalf("%d minor units of %s were written as %s", m.Minor, c, m.Decimal())
		}
	})
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"16.98", "1.0E7", "-0", "1e-2", strings.Repeat("9", 40), "1e+5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, literal string) {
		m, err := ParseMoney(literal, "USD")
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(literal)
		if !ok || exact.Mul(exact, big.NewRat(100, 1)).Cmp(new(big.Rat).SetInt64(m.Minor)) != 0 {
			t.Fatalf("%q was read as %d cents", literal, m.Minor)
		}
	})
}

func TestCaptureCeilingRoundsDown(t *testing.T) {
	t.Parallel()
	for minor, want := range map[int64]int64{100: 110, 101: 111, 109: 119, 1: 1, 9: 9, 10: 11, maxMinor: 1_099_999_999_998} {
		if got := (Payment{Amount: Money{minor, "USD"}}).CaptureCeiling().Minor; got != want {
			t.Errorf("ceiling of %d is %d, want %d", minor, got, want)
		}
	}
}

func TestCurrencyDigits(t *testing.T) {
	t.Parallel()
	for c, want := range map[Currency]int{"USD": 2, "COP": 2, "CLP": 0, "CLF": 4, "PEN": 2, "MXN": 2, "BAM": 2, "EUR": 2, "HRK": 2} {
		if c.Digits() != want {
			t.Errorf("%s has %d digits, want %d", c, c.Digits(), want)
		}
		if back, ok := CurrencyByNumeric(c.Numeric()); !ok || back != c {
			t.Errorf("%s travels as %s and comes back as %s", c, c.Numeric(), back)
		}
	}
	if _, err := ParseCurrency("usd"); err == nil || strings.Contains(err.Error(), "internal") {
		t.Errorf("lower-case code: %v", err)
	}
}
