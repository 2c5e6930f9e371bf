package pasarela

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A commission is exact in minor units: parts of a cent are dropped, of the commission and then of its tax.
func TestACommissionIsExact(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) Money { return Money{Minor: minor, Currency: "USD"} }
	for name, c := range map[string]struct {
		of             Commission
		sale, fee, tax int64
	}{
		"one percent and tax":        {Commission{BasisPoints: 100, TaxBasisPoints: 1500}, 10000, 100, 15},
		"parts of a cent are lost":   {Commission{BasisPoints: 100, TaxBasisPoints: 1500}, 1698, 16, 2},
		"a quarter of a percent":     {Commission{BasisPoints: 25}, 1999, 4, 0},
		"a fixed amount":             {Commission{Fixed: usd(30), TaxBasisPoints: 1200}, 10000, 30, 3},
		"both":                       {Commission{BasisPoints: 250, Fixed: usd(30), TaxBasisPoints: 1200}, 10000, 280, 33},
		"of the largest amount":      {Commission{BasisPoints: 10_000, TaxBasisPoints: 10_000}, maxMinor, maxMinor, maxMinor},
		"of next to nothing":         {Commission{BasisPoints: 100, TaxBasisPoints: 1500}, 1, 0, 0},
		"fixed though next to none":  {Commission{BasisPoints: 100, Fixed: usd(30), TaxBasisPoints: 1500}, 1, 30, 4},
		"a third of a percent or so": {Commission{BasisPoints: 33, TaxBasisPoints: 1600}, 999_999, 3299, 527},
	} {
		c.of.Merchant = "20000000000000000001"
		fee, tax, err := c.of.Of(usd(c.sale))
		if err != nil || fee != usd(c.fee) || tax != usd(c.tax) {
			t.Errorf("%s: %d gives %v and tax %v, %v, want %d and %d", name, c.sale, fee, tax, err, c.fee, c.tax)
		}
	}
}

// Where there is no commission, or none in the sale's currency, nothing is invented; an amount that no message could carry is
// refused.
func TestNoCommissionIsMadeUp(t *testing.T) {
	t.Parallel()
	fixed := Commission{Merchant: "20000000000000000001", Fixed: Money{Minor: 30, Currency: "USD"}}
	for name, c := range map[string]struct {
		of   Commission
		sale Money
		want Code
	}{
		"none":             {Commission{}, Money{100, "USD"}, CodeNotFound},
		"another currency": {fixed, Money{100, "MXN"}, CodeNotFound},
		"too large":        {Commission{Merchant: "2", BasisPoints: 10_000, Fixed: Money{1, "USD"}}, Money{maxMinor, "USD"}, CodeInvalid},
	} {
		if fee, tax, err := c.of.Of(c.sale); err == nil || CodeOf(err) != c.want {
			t.Errorf("%s: gives %v, %v, %v, want %s", name, fee, tax, err, c.want)
		}
	}
}

// Of two secrets the current one stands until the switch, and from then on the next one alone.
func TestSecretsAreExchangedAtTheSwitch(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)
	s := SigningSecrets{Current: []byte("old"), Next: []byte("new"), Switch: at}
	k := KushkiCredentials{WebhookSignature: "old", NextSignature: "new", SignatureSwitch: at}
	for name, c := range map[string]struct {
		now           time.Time
		current, next string
	}{
		"before": {at.Add(-time.Microsecond), "old", "new"},
		"at":     {at, "new", ""},
		"after":  {at.Add(time.Hour), "new", ""},
	} {
		if got := s.At(c.now); string(got.Current) != c.current || string(got.Next) != c.next {
			t.Errorf("%s: signing by %s and %s, want %s and %q", name, got.Current, got.Next, c.current, c.next)
		}
		if current, next := k.Signatures(c.now); current != c.current || next != c.next {
			t.Errorf("%s: signatures by %s and %s, want %s and %q", name, current, next, c.current, c.next)
		}
	}
	alone := SigningSecrets{Current: []byte("old")}
	if got := alone.At(at); !bytes.Equal(got.Current, alone.Current) || got.Next != nil {
		t.Errorf("a secret without a next one becomes %s and %s", got.Current, got.Next)
	}
}

// A listener that could never be told, or that waits for what never happens, is refused with what to send.
func TestAListenerThatCannotBeToldIsRefused(t *testing.T) {
	t.Parallel()
	const good = "https://shop.example/events"
	for name, c := range map[string]struct {
		Listener
		says string
	}{
		"everything":        {Listener{URL: good}, ""},
		"a kind":            {Listener{URL: good, Events: []EventKind{EventPaymentCaptured}}, ""},
		"a pattern":         {Listener{URL: good, Events: []EventKind{"payment.*", "subscription.*"}}, ""},
		"no URL":            {Listener{}, "url"},
		"not the web":       {Listener{URL: "ftp://shop.example"}, "url"},
		"user and password": {Listener{URL: "https://shop:secret@shop.example"}, "url"},
		"another kind":      {Listener{URL: good, Events: []EventKind{"payment.paid"}}, `"payment.paid"`},
		"another pattern":   {Listener{URL: good, Events: []EventKind{"invoice.*"}}, `"invoice.*"`},
		"all of all":        {Listener{URL: good, Events: []EventKind{"*"}}, `"*"`},
		"half a pattern":    {Listener{URL: good, Events: []EventKind{"payment."}}, `"payment."`},
	} {
		err := c.Check()
		if (err == nil) != (c.says == "") || err != nil && (CodeOf(err) != CodeInvalid || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q in it", name, err, c.says)
		}
	}
}
