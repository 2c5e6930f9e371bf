package dialecttest

import (
	"testing"

	"pasarela"
	"pasarela/cde/cards"
)

// AddKushkiMerchants adds, to be called from Mount, what the scripts of the Kushki dialect have besides the
// countries' merchants: one of Peru by the aggregator ("agg-public"), one that also charges in reais and lempiras
// ("many-public"), three that want their cardholders authenticated ("on-public", "always-public", and "otp-public" by a
// one-time password), and cards whose issuers differ in 3-D Secure.
func (w *World) AddKushkiMerchants(t testing.TB) {
	t.Helper()
	for _, m := range []pasarela.Merchant{
		{Name: "Aggregated PE", Model: pasarela.ModelAggregator, Kushki: pasarela.KushkiCredentials{PublicID: "agg-public", PrivateID: "agg-private"}},
		{Name: "Many PE", ThreeDS: pasarela.ThreeDSOff, Currencies: []pasarela.Currency{"PEN", "BRL", "HNL"}, Kushki: pasarela.KushkiCredentials{PublicID: "many-public", PrivateID: "many-private"}},
		{Name: "Segura PE", Kushki: pasarela.KushkiCredentials{PublicID: "on-public", PrivateID: "on-private"}},
		{Name: "Muy Segura PE", ThreeDS: pasarela.ThreeDSAlways, Kushki: pasarela.KushkiCredentials{PublicID: "always-public", PrivateID: "always-private"}},
		{Name: "Con clave PE", ThreeDS: pasarela.ThreeDSOff, OTP: true, Kushki: pasarela.KushkiCredentials{PublicID: "otp-public", PrivateID: "otp-private"}},
	} {
		m.Country = "PE"
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
