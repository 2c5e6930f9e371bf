package dialecttest

import (
	"testing"

	"pasarela"
	"pasarela/cde/cards"
)

// AddKushkiMerchants adds, to be called from Mount, what the scripts of the Kushki dialect have besides the
// countries' merchants: one of Peru by the aggregator ("agg-public"), one that also charges in reais and lempiras
// ("many-public"), three that want their cardholders authenticated ("on-public", "always-public", and "otp-public" by a
// one-time password), two that want to be told of everything ("told-public", and "told-cl-public" of Chile), two of whose
// sales another gets a commission ("split-public" of Ecuador, 1 % and tax, and "split-mx-public" of Mexico, 2.5 % and 3.50
// without tax), and cards whose issuers differ in 3-D Secure.
func (w *World) AddKushkiMerchants(t testing.TB) {
	t.Helper()
	for _, m := range []pasarela.Merchant{
		{Name: "Aggregated PE", Model: pasarela.ModelAggregator, Kushki: pasarela.KushkiCredentials{PublicID: "agg-public", PrivateID: "agg-private"}},
		{Name: "Many PE", ThreeDS: pasarela.ThreeDSOff, Currencies: []pasarela.Currency{"PEN", "BRL", "HNL"}, Kushki: pasarela.KushkiCredentials{PublicID: "many-public", PrivateID: "many-private"}},
		{Name: "Segura PE", Kushki: pasarela.KushkiCredentials{PublicID: "on-public", PrivateID: "on-private"}},
		{Name: "Muy Segura PE", ThreeDS: pasarela.ThreeDSAlways, Kushki: pasarela.KushkiCredentials{PublicID: "always-public", PrivateID: "always-private"}},
		{Name: "Con clave PE", ThreeDS: pasarela.ThreeDSOff, OTP: true, Kushki: pasarela.KushkiCredentials{PublicID: "otp-public", PrivateID: "otp-private"}},
		{Name: "Avisada PE", ThreeDS: pasarela.ThreeDSOff, Webhooks: toldOfAll, Kushki: pasarela.KushkiCredentials{PublicID: "told-public", PrivateID: "told-private"}},
		{Name: "Repartida EC", Country: "EC", ThreeDS: pasarela.ThreeDSOff, Kushki: pasarela.KushkiCredentials{PublicID: "split-public", PrivateID: "split-private"},
			Commission: pasarela.Commission{Merchant: "20000000000000000007", Name: "Fee EC", ParentName: "Parent EC", BasisPoints: 100, TaxBasisPoints: 1500}},
		{Name: "Repartida MX", Country: "MX", ThreeDS: pasarela.ThreeDSOff, Kushki: pasarela.KushkiCredentials{PublicID: "split-mx-public", PrivateID: "split-mx-private"},
			Commission: pasarela.Commission{Merchant: "20000000000000000008", Name: "Fee MX", ParentName: "Parent MX", BasisPoints: 250, Fixed: pasarela.Money{Minor: 350, Currency: "MXN"}}},
		{Name: "Avisada CL", Country: "CL", ThreeDS: pasarela.ThreeDSOff, Webhooks: toldOfAll, Kushki: pasarela.KushkiCredentials{PublicID: "told-cl-public", PrivateID: "told-cl-private"}},
	} {
		if m.Country == "" {
			m.Country = "PE"
		}
		w.AddMerchant(t, m.Kushki.PublicID, m)
	}
	for number, behaviour := range map[string]string{"4111111111111111": `"attempted"`, "4242424242424242": `"rejected"`, "4012888888881881": `"unavailable"`} {
		card, err := cards.DecodeTestCard([]byte(`{"number":"` + number + `","behaviour":{"three_ds":` + behaviour + `}}`))
		if err == nil {
			err = w.Cards.Add(card)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Disable has a merchant charge nothing, or charge again.
func (w *World) Disable(t testing.TB, name string, disabled bool) {
	t.Helper()
	_, err := w.Gateway.ChangeMerchant(t.Context(), w.Merchants[name].ID, func(m pasarela.Merchant) (pasarela.Merchant, error) {
		m.Disabled = disabled
		return m, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// toldOfAll has everything told at one address, and what was declined at another besides.
var toldOfAll = []pasarela.WebhookEndpoint{
	{URLs: []string{"https://shop.example/all"}},
	{Events: []string{"declinedTransaction", "unheard_of"}, Headers: []pasarela.WebhookHeader{{Label: "X-Shop", Value: "881"}},
		URLs: []string{"https://shop.example/declined"}},
}
