package kushki

import (
	"testing"

	"github.com/go-json-experiment/json"

	"pasarela"
)

// money reads an amount in major units.
func money(t *testing.T, literal string, c pasarela.Currency) pasarela.Money {
	t.Helper()
	m, err := pasarela.ParseMoney(literal, c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const planBody = `{"amount":{"subtotalIva":10,"subtotalIva0":5.5,"ice":0,"iva":1.8,"extraTaxes":{"propina":2,"iac":1},"currency":"USD"},` +
	`"months":3,"metadata":{"customer":"C-77"},"contactDetails":{"email":"ana@example.com"},"threeDomainSecure":{"eci":"05"},` +
	`"webhooks":[{"events":["approvedTransaction"],"urls":["https://shop.example/hook"]}],"language":"es","retryConfiguration":{"retryType":"fixed","value":[10]}}`

// An adjustment works on each part by itself, exactly, and none goes below zero (docs/kushki-choices.md, "Subscriptions").
func TestAPeriodCostsItsAdjustedParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind     pasarela.AdjustmentKind
		by       string
		currency pasarela.Currency
		total    string
		parts    string
	}{
		"no adjustment": {total: "20.3", parts: `{"subtotalIva":10,"subtotalIva0":5.5,"ice":0,"iva":1.8,"extraTaxes":{"propina":2,"iac":1},"currency":"USD"}`},
		"replaced": {kind: pasarela.AdjustReplace, by: `{"subtotalIva":0,"subtotalIva0":39.9,"ice":0,"iva":0,"currency":"USD"}`,
			total: "39.9", parts: `{"subtotalIva":0,"subtotalIva0":39.9,"ice":0,"iva":0,"currency":"USD"}`},
		"charged": {kind: pasarela.AdjustCharge, by: `{"subtotalIva":0.1,"subtotalIva0":0.2,"ice":0.01,"iva":0,"extraTaxes":{"iac":0.5,"tip":1},"currency":"USD"}`,
			total: "22.11", parts: `{"subtotalIva":10.1,"subtotalIva0":5.7,"ice":0.01,"iva":1.8,"extraTaxes":{"propina":2,"iac":1.5,"tip":1},"currency":"USD"}`},
		"discounted": {kind: pasarela.AdjustDiscount, by: `{"subtotalIva":2.5,"subtotalIva0":100,"ice":7,"iva":0.3,"extraTaxes":{"propina":3,"tip":1},"currency":"USD"}`,
			total: "10", parts: `{"subtotalIva":7.5,"subtotalIva0":0,"ice":0,"iva":1.5,"extraTaxes":{"propina":0,"iac":1,"tip":0},"currency":"USD"}`},
		"for nothing": {kind: pasarela.AdjustReplace, by: `{"subtotalIva":0,"subtotalIva0":0,"ice":0,"iva":0,"currency":"USD"}`,
			total: "0", parts: `{"subtotalIva":0,"subtotalIva0":0,"ice":0,"iva":0,"currency":"USD"}`},
	} {
		s := pasarela.Subscription{Dialect: dialect, Order: []byte(planBody), Amount: money(t, "20.3", "USD")}
		if c.kind != "" {
			s.Adjustment = pasarela.Adjustment{Kind: c.kind, Amount: money(t, "1", "USD"), Order: []byte(c.by), Left: 1}
		}
		before := string(s.Order) + string(s.Adjustment.Order)
		total, stored, err := Pricing{}.Price(s)
		if err != nil || total != money(t, c.total, "USD") {
			t.Errorf("%s: %v, %v, want %s", name, total, err, c.total)
			continue
		}
		want := `{"amount":` + c.parts + `,"metadata":{"customer":"C-77"},"contactDetails":{"email":"ana@example.com"},` +
			`"webhooks":[{"events":["approvedTransaction"],"urls":["https://shop.example/hook"]}]}`
		if string(stored) != want {
			t.Errorf("%s: order is\n%s\nwant\n%s", name, stored, want)
		}
		if before != string(s.Order)+string(s.Adjustment.Order) {
			t.Errorf("%s: the subscription's own order was changed", name)
		}
		var o order
		if err := json.Unmarshal(stored, &o); err != nil {
			t.Errorf("%s: a payment could not read its order: %v", name, err)
		}
	}
}

// An amount has the decimals of its currency: four of Chile's unit of account, none of its peso.
func TestPricesKeepTheDecimalsOfTheirCurrency(t *testing.T) {
	t.Parallel()
	s := pasarela.Subscription{Dialect: dialect, Amount: money(t, "1.0001", "CLF"),
		Order:      []byte(`{"amount":{"subtotalIva":0,"subtotalIva0":1.0001,"ice":0,"iva":0,"currency":"UF"}}`),
		Adjustment: pasarela.Adjustment{Kind: pasarela.AdjustCharge, Amount: money(t, "0.0002", "CLF"), Left: 1, Order: []byte(`{"subtotalIva":0,"subtotalIva0":0.0002,"ice":0,"iva":0,"currency":"UF"}`)}}
	total, _, err := Pricing{}.Price(s)
	if err != nil || total != money(t, "1.0003", "CLF") {
		t.Errorf("%v, %v", total, err)
	}
}

// What cannot be priced says why, and nothing is charged.
func TestPricesThatCannotBe(t *testing.T) {
	t.Parallel()
	large := `{"subtotalIva":0,"subtotalIva0":9999999999,"ice":0,"iva":0,"currency":"USD"}`
	for name, c := range map[string]struct {
		s    pasarela.Subscription
		code pasarela.Code
	}{
		"of another dialect": {pasarela.Subscription{Dialect: "monri", Order: []byte(planBody)}, pasarela.CodeNotFound},
		"no order":           {pasarela.Subscription{Dialect: dialect}, pasarela.CodeInternal},
		"no amount":          {pasarela.Subscription{Dialect: dialect, Order: []byte(`{}`)}, pasarela.CodeInternal},
		"damaged adjustment": {pasarela.Subscription{Dialect: dialect, Order: []byte(planBody), Amount: pasarela.Money{Currency: "USD"},
			Adjustment: pasarela.Adjustment{Kind: pasarela.AdjustCharge, Left: 1, Order: []byte(`x`)}}, pasarela.CodeInternal},
		"too large": {pasarela.Subscription{Dialect: dialect, Order: []byte(`{"amount":` + large + `}`), Amount: pasarela.Money{Currency: "USD"},
			Adjustment: pasarela.Adjustment{Kind: pasarela.AdjustCharge, Amount: pasarela.Money{Currency: "USD"}, Left: 1, Order: []byte(large)}}, pasarela.CodeInvalid},
	} {
		if _, _, err := (Pricing{}).Price(c.s); err == nil || pasarela.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}
