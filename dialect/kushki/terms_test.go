package kushki

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/gateway"
)

// What a request says beside card and amount travels with the message: installments, the place in a series, who
// began it, and the merchant's own proof of the scheme that its ECI is of.
func TestTermsOfARequest(t *testing.T) {
	t.Parallel()
	const series = "2d9a6d30-2f4d-4c1b-8c0f-7e0b54d1a9c3"
	visa := &pasarela.OwnSecure{Secure: pasarela.Secure{ECI: "05", Value: "AAABBoVBaZKAR3BkdkFpELpWIiE=", XID: "NEpab1F1MEdtaWJ2bEY3ckYxQzE=", Version: "2.2.0"}}
	mastercard := &pasarela.OwnSecure{AcceptRisk: true, Secure: pasarela.Secure{ECI: "01", Value: "kBNJq5BAAZVZMGhHPJxzBUMAAAAA",
		CollectionIndicator: "1", DirectoryServerID: "f38e6948-5388-41a6-bca4-b49723c19437", Version: "2.0.0"}}
	for name, c := range map[string]struct {
		body    string
		terms   pasarela.Terms
		initial pasarela.PaymentID
		own     *pasarela.OwnSecure
	}{
		"nothing":   {body: `{}`},
		"one month": {body: `{"months":1}`},
		"months":    {body: `{"months":6}`, terms: pasarela.Terms{Installments: pasarela.Installments{Months: 6}}},
		"deferred": {body: `{"deferred":{"graceMonths":"02","creditType":"002","months":9}}`,
			terms: pasarela.Terms{Installments: pasarela.Installments{Months: 9, Grace: 2, Plan: "002"}}},
		"first of a series": {body: `{"transactionMode":"initialRecurrence","citMit":"C101"}`,
			terms: pasarela.Terms{Recurrence: pasarela.RecurrenceInitial, Initiator: "C101"}},
		"later in a series": {body: `{"transactionMode":"subsequentRecurrence","initialRecurrenceReference":"` + series + `"}`,
			terms: pasarela.Terms{Recurrence: pasarela.RecurrenceSubsequent}, initial: series},
		"orchestrator's series": {body: `{"externalSubscriptionID":"sub1","originalTransactionID":"123456789012345"}`,
			terms: pasarela.Terms{SchemeID: "123456789012345"}},
		"Visa's proof":            {body: `{"threeDomainSecure":{"cavv":"AAABBoVBaZKAR3BkdkFpELpWIiE=","ucaf":"AAAA","xid":"NEpab1F1MEdtaWJ2bEY3ckYxQzE=","eci":"05","specificationVersion":"2.2.0"}}`, own: visa},
		"Mastercard's, in itself": {body: `{"threeDomainSecure":{"threeDomainSecure":{"ucaf":"kBNJq5BAAZVZMGhHPJxzBUMAAAAA","eci":"01","collectionIndicator":"1","directoryServerTransactionID":"f38e6948-5388-41a6-bca4-b49723c19437","specificationVersion":"2.0.0","acceptRisk":"true"}}}`, own: mastercard},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var o order
			if err := json.Unmarshal([]byte(c.body), &o); err != nil {
				t.Fatal(err)
			}
			if err := o.check(); err != nil {
				t.Fatal(err)
			}
			r := gateway.AuthorizeRequest{Kind: pasarela.KindSale}
			if err := benchCall().agree(&r, &o, nil, pasarela.Money{Minor: 100, Currency: "PEN"}); err != nil {
				t.Fatal(err)
			}
			if r.Terms != c.terms || r.Initial != c.initial {
				t.Errorf("terms are %+v of %q, want %+v of %q", r.Terms, r.Initial, c.terms, c.initial)
			}
			if (r.Own == nil) != (c.own == nil) || r.Own != nil && *r.Own != *c.own {
				t.Errorf("proof is %+v, want %+v", r.Own, c.own)
			}
		})
	}
}

// A proof could be used again by whoever reads it, so it does not stay with the payment.
func TestProofsAreNotKept(t *testing.T) {
	t.Parallel()
	var o order
	if err := json.Unmarshal([]byte(`{"threeDomainSecure":{"cavv":"AAABBoVBaZKAR3BkdkFpELpWIiE=","xid":"NEpab1F1MEdtaWJ2bEY3ckYxQzE=","eci":"05","specificationVersion":"2.2.0"}}`), &o); err != nil {
		t.Fatal(err)
	}
	var r gateway.AuthorizeRequest
	if err := benchCall().agree(&r, &o, nil, pasarela.Money{Minor: 100, Currency: "PEN"}); err != nil {
		t.Fatal(err)
	}
	if got, want := string(r.Order), `{"threeDomainSecure":{"eci":"05","specificationVersion":"2.2.0"}}`; got != want {
		t.Errorf("kept is %s, want %s", got, want)
	}
}

// Kushki, "Choosing": what does not fit the card is refused before anything is spent.
func TestTermsThatDoNotFitTheCard(t *testing.T) {
	t.Parallel()
	visa := &pasarela.CardFacts{Brand: pasarela.BrandVisa, Type: pasarela.CardCredit}
	for name, c := range map[string]struct {
		country string
		facts   *pasarela.CardFacts
		order   order
		minor   int64
		want    error
	}{
		"Visa's id of 14 digits":          {"PE", visa, order{OriginalID: "12345678901234"}, 500, errIncomplete},
		"Visa's id of letters":            {"PE", visa, order{OriginalID: "A23456789012345"}, 500, errIncomplete},
		"Mastercard's id":                 {"PE", &pasarela.CardFacts{Brand: pasarela.BrandMastercard}, order{OriginalID: "MDS1234560505"}, 500, nil},
		"the merchant's own, just enough": {"CL", visa, order{Deferred: &deferred{GraceMonths: "00", CreditType: "03", Months: 3}}, 150, nil},
		"the merchant's own, too little":  {"CL", visa, order{Deferred: &deferred{GraceMonths: "00", CreditType: "03", Months: 3}}, 149, errLeastMerchant},
		"the issuer's, as little":         {"CL", visa, order{Deferred: &deferred{GraceMonths: "00", CreditType: "01", Months: 3}}, 149, nil},
	} {
		call := benchCall()
		call.merchant.Country = c.country
		currency := pasarela.Currency("PEN")
		if c.country == "CL" {
			currency = "CLP"
		}
		err := call.fits(&c.order, c.facts, pasarela.Money{Minor: c.minor, Currency: currency})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
