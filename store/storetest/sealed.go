package storetest

import (
	"testing"

	"pasarela"
	"pasarela/store"
)

var sealedScenarios = []scenario{
	on("what is sealed is listed by kind, page by page", sealedListed),
	on("a value is resealed unless it changed meanwhile", sealedSwapped),
	on("of many rotations one reseals a value", sealedSwappedOnce),
}

// sealedFixture puts one value of each kind, and rows that hold none, into two merchants.
func sealedFixture(t *testing.T, s store.Store) {
	t.Helper()
	for _, m := range []pasarela.MerchantID{shop, other} {
		insertMerchants(t, s, sampleMerchant(m))
		k, p, sub := sampleToken("t"), samplePayment("p"), sampleSubscription("s")
		k.Merchant, p.Merchant, sub.Merchant = m, m, m
		insertTokens(t, s, k, pasarela.Token{Merchant: m, ID: "bare"})
		insertPayments(t, s, p, pasarela.Payment{Merchant: m, ID: "bare", Ticket: "bare"})
		insertSubscriptions(t, s, sub, pasarela.Subscription{Merchant: m, ID: "bare"})
	}
}

var sealedRow = map[store.SealedKind]store.SealedRow{
	store.SealedTokenCard:        {Row: "t", Sealed: sampleToken("t").Card},
	store.SealedTokenCVV:         {Row: "t", Sealed: sampleToken("t").CVV},
	store.SealedPaymentCard:      {Row: "p", Sealed: samplePayment("p").Card},
	store.SealedSubscriptionCard: {Row: "s", Sealed: sampleSubscription("s").Card},
	store.SealedMerchantSecrets:  {Row: string(shop), Sealed: sampleMerchant(shop).Secrets},
}

func sealedListed(t *testing.T, s store.Store) {
	sealedFixture(t, s)
	for _, k := range store.SealedKinds {
		rows := found(s.SealedRows(t.Context(), shop, k, "", 10))(t)
		same(t, string(k), rows, []store.SealedRow{sealedRow[k]})
		same(t, string(k)+" after the last", len(found(s.SealedRows(t.Context(), shop, k, rows[0].Row, 10))(t)), 0)
	}
	for i := range 3 {
		insertTokens(t, s, sampleToken(pasarela.TokenID(number("u", i))))
	}
	var got []string
	for after := ""; ; {
		page := found(s.SealedRows(t.Context(), shop, store.SealedTokenCVV, after, 3))(t)
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			got, after = append(got, r.Row), r.Row
		}
	}
	same(t, "rows", got, []string{"t", "u000", "u001", "u002"})
}

func reseal(t *testing.T, s store.Store, m pasarela.MerchantID, k store.SealedKind, row string, old, renewed []byte) bool {
	t.Helper()
	return found(s.Reseal(t.Context(), m, k, row, old, renewed))(t)
}

func sealedSwapped(t *testing.T, s store.Store) {
	sealedFixture(t, s)
	for _, k := range store.SealedKinds {
		row, old, renewed := sealedRow[k].Row, sealedRow[k].Sealed.Bytes, []byte("renewed "+k)
		if reseal(t, s, shop, k, row, []byte("something else"), renewed) {
			t.Errorf("%s: a value that changed meanwhile was replaced", k)
		}
		if reseal(t, s, shop, k, "never", old, renewed) || reseal(t, s, shop, k, "bare", nil, renewed) {
			t.Errorf("%s: a row without a value was resealed", k)
		}
		if !reseal(t, s, shop, k, row, old, renewed) {
			t.Errorf("%s: the value was not replaced", k)
		}
		want := store.SealedRow{Row: row, Sealed: pasarela.Sealed{Record: sealedRow[k].Sealed.Record, Bytes: renewed}}
		same(t, string(k), found(s.SealedRows(t.Context(), shop, k, "", 10))(t), []store.SealedRow{want})
	}
	untouched := sampleToken("t")
	untouched.Merchant = other
	same(t, "the other merchant's token", found(s.Token(t.Context(), other, "t"))(t), untouched)
	resealed := samplePayment("p")
	resealed.Card.Bytes = []byte("renewed payment_card")
	same(t, "resealed payment", found(s.Payment(t.Context(), shop, "p"))(t), resealed)
}

func sealedSwappedOnce(t *testing.T, s store.Store) {
	sealedFixture(t, s)
	oneWins(t, together(func(i int) error {
		done, err := s.Reseal(t.Context(), shop, store.SealedTokenCard, "t", sampleToken("t").Card.Bytes, []byte{byte(i + 1)})
		if err == nil && !done {
			err = pasarela.Errorf(pasarela.CodeBusy, "resealed by another")
		}
		return err
	}), pasarela.CodeBusy)
}
