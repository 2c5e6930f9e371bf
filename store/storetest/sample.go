package storetest

import (
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// Two merchants, and a moment with microseconds.
const (
	shop  pasarela.MerchantID = "20000000000000000001"
	other pasarela.MerchantID = "20000000000000000002"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func later(d time.Duration) time.Time { return noon.Add(d) }

var facts = pasarela.CardFacts{
	BIN: "545195", LastFour: "5480", Length: 16, Brand: pasarela.BrandMastercard, Type: pasarela.CardCredit,
	Bank: "Banco del Río", Country: "EC", Holder: "José Ñandú", Expiry: "2812",
}

// Samples have every field set, so that one which is not stored shows.
func sampleToken(id pasarela.TokenID) pasarela.Token {
	return pasarela.Token{
		Merchant: shop, ID: id, Use: pasarela.UseCharge,
		Card:  pasarela.Sealed{Record: "token/" + string(id), Bytes: []byte{0, 1, 0xff, 'c'}},
		CVV:   pasarela.Sealed{Record: "token/" + string(id), Bytes: []byte{0, 2, 0xfe, 'v'}},
		Facts: facts, Fingerprint: "f1ngerpr1nt", Total: pasarela.Money{Minor: 1698, Currency: "USD"}, Deferred: true,
		Details: []byte(`{"months": 3}`), Recurrence: pasarela.RecurrenceInitial, NetworkToken: true, Subscription: "a-subscription", Authentication: "an-authentication", CreatedAt: noon, ExpiresAt: later(pasarela.TokenLife), SpentAt: later(time.Minute),
	}
}

func freshToken(id pasarela.TokenID) pasarela.Token {
	k := sampleToken(id)
	k.SpentAt = time.Time{}
	return k
}

func sampleAuthentication(id pasarela.AuthenticationID) pasarela.Authentication {
	return pasarela.Authentication{
		Merchant: shop, ID: id, Kind: pasarela.AuthenticateThreeDS, State: pasarela.AuthenticationPending, Reason: pasarela.ReasonWrongCode,
		Token: "a-token", Mode: pasarela.ChallengeFrame, ReturnURL: "https://shop.example/back?ñ=1", Origin: "https://shop.example",
		ACSURL: "https://issuer.example/challenge", ACSID: "an-acs-id", ByLink: true,
		Secure: pasarela.Secure{
			ECI: "05", Value: "AAABBEg0VhI0VniQEjRWAAAAAAA=", XID: "MDEyMzQ1Njc4OTAxMjM0NTY3ODk=", Version: "2.2.0",
			DirectoryServerID: "a-directory-server-id", CollectionIndicator: "2",
		},
		CodeDigest: []byte{4, 0, 4}, Payment: "a-payment", Attempts: 2,
		CreatedAt: noon, ExpiresAt: later(pasarela.AuthenticationLife), UpdatedAt: later(time.Second),
	}
}

func sampleRedirect(id pasarela.TokenID) pasarela.Redirect {
	return pasarela.Redirect{
		Merchant: shop, ID: id, State: pasarela.RedirectRequested, Kind: pasarela.KindAuthorization,
		Total: pasarela.Money{Minor: 999_999_999_999, Currency: "COP"}, Payment: "a-payment",
		Email: "josé@shop.example", Description: "Dos ñandúes", ReturnURL: "https://shop.example/back", Order: []byte(`{"iva":0}`), Card: "a-token",
		CreatedAt: noon, ExpiresAt: later(pasarela.TokenLife), UpdatedAt: later(time.Second),
	}
}

func sampleCustomer(id pasarela.CustomerID) pasarela.Customer {
	return pasarela.Customer{
		Merchant: shop, ID: id,
		CustomerDetails: pasarela.CustomerDetails{
			Reference: "u-" + string(id), Description: "Ñandú's friend", Email: "josé@shop.example", Name: "José Ñandú", Phone: "+387 61 000 000",
			ZipCode: "71000", City: "Sarajevo", Address: "Obala 1", Country: "BA", Metadata: []byte(`{"tier":"gold"}`),
		},
		CreatedAt: noon, UpdatedAt: later(time.Second),
	}
}

func samplePayment(id pasarela.PaymentID) pasarela.Payment {
	trace := func(n uint32) pasarela.Trace {
		return pasarela.Trace{STAN: n, RRN: number("606012000", int(n)), SentAt: later(time.Duration(n) * time.Second)}
	}
	return pasarela.Payment{
		Merchant: shop, ID: id, Ticket: pasarela.Ticket("ticket-" + id), Kind: pasarela.KindAuthorization, State: pasarela.StateAuthorizing,
		Amount: pasarela.Money{Minor: 999_999_999_999, Currency: "COP"}, Reauthorized: 13, Captured: 12, Refunded: 11,
		Token: "a-token", Recurrence: pasarela.RecurrenceSubsequent, Authentication: "an-authentication", Subscription: "a-subscription", Period: "2026-02-28",
		Card:  pasarela.Sealed{Record: "token/a-token", Bytes: []byte{7, 0, 7}},
		Facts: facts, Trace: trace(1), Follow: trace(2), CaptureTrace: trace(3), Operation: "an-operation", Attempts: 4,
		DueAt: later(time.Hour), ExpiresAt: later(24 * time.Hour), ResponseCode: "00", ApprovalCode: "A1B2C3", Advice: "02", Dialect: "kushki",
		Order: []byte(`{"subtotalIva":0}`), CreatedAt: noon, UpdatedAt: later(time.Second),
	}
}

// heldPayment is an authorization that may be captured.
func heldPayment(id pasarela.PaymentID) pasarela.Payment {
	p := samplePayment(id)
	p.State, p.Reauthorized, p.Captured, p.Refunded, p.Operation = pasarela.StateAuthorized, 0, 0, 0, ""
	return p
}

func sampleOperation(id pasarela.OperationID) pasarela.Operation {
	return pasarela.Operation{
		Merchant: shop, ID: id, Payment: "a-payment", Of: "a-reauthorization", Ticket: pasarela.Ticket("ticket-" + id), Kind: pasarela.OpRefund, State: pasarela.OpPending,
		Amount: pasarela.Money{Minor: 5, Currency: "CLF"}, Trace: pasarela.Trace{STAN: 999_999, RRN: "606012000009", SentAt: noon},
		ResponseCode: "05", ApprovalCode: "Z9", Order: []byte(`[1]`), CreatedAt: noon, UpdatedAt: later(time.Minute),
	}
}

func sampleSubscription(id pasarela.SubscriptionID) pasarela.Subscription {
	return pasarela.Subscription{
		Merchant: shop, ID: id, State: pasarela.SubscriptionVerifying,
		Card:  pasarela.Sealed{Record: "token/a-token", Bytes: []byte{9, 0, 9}},
		Facts: facts, Fingerprint: "f1ngerpr1nt", Plan: "Gold", Periodicity: "monthly",
		Amount: pasarela.Money{Minor: 1, Currency: "PEN"}, StartDate: "2026-03-01", EndDate: "2027-03-01",
		Dialect: "kushki", Retry: pasarela.Retry{Kind: pasarela.RetryOn, Days: []int{5, 1, 31}},
		Adjustment: pasarela.Adjustment{Kind: pasarela.AdjustDiscount, Amount: pasarela.Money{Minor: 7, Currency: "CLF"}, Order: []byte{0, 1}, Left: 3},
		LastPeriod: "2026-04-01", NextPeriod: "2026-05-01", BilledFrom: later(2 * time.Hour), Charging: "2026-03-31",
		Order: []byte(`{"a":"b"}`), DueAt: later(time.Hour), CreatedAt: noon, UpdatedAt: later(time.Second),
	}
}

// chargeable is a subscription that falls due for a charge.
func chargeable(id pasarela.SubscriptionID, due time.Time) pasarela.Subscription {
	s := sampleSubscription(id)
	s.State, s.DueAt = pasarela.SubscriptionActive, due
	return s
}

func samplePeriod(s pasarela.SubscriptionID, d pasarela.Date) pasarela.Period {
	return pasarela.Period{
		Merchant: shop, Subscription: s, Date: d, Begins: "2026-03-02", State: pasarela.PeriodRetrying,
		Amount: pasarela.Money{Minor: 1698, Currency: "USD"}, Order: []byte(`{"iva":0}`), Retry: pasarela.Retry{Kind: pasarela.RetryEvery, Days: []int{2}},
		Attempts: 2, Unanswered: 1, Payment: "a-payment", DueAt: later(time.Hour), CreatedAt: noon, UpdatedAt: later(time.Second),
	}
}

// sampleEvent has no place: the store gives it one.
func sampleEvent(id pasarela.EventID) pasarela.Event {
	return pasarela.Event{
		Merchant: shop, ID: id, Kind: pasarela.EventPaymentRefunded, Payment: "a-payment", Operation: "an-operation", Subscription: "a-subscription",
		At: noon, Data: []byte(`{"payment":{"id":"ñ"}}`),
	}
}

// placed is the event as it is read.
func placed(e pasarela.Event, place int64) pasarela.Event {
	e.Place = place
	return e
}

func sampleDelivery(id pasarela.DeliveryID) pasarela.Delivery {
	return pasarela.Delivery{
		Merchant: shop, ID: id, Event: "an-event", Kind: pasarela.EventSubscriptionCharged, Format: "kushki",
		URL: "https://shop.example/hook?token=ñ", Endpoint: "https://shop.example/hook", Subject: "a-subscription",
		Headers: []pasarela.WebhookHeader{{Label: "X-Shop", Value: "<ñ>"}, {Label: "B", Value: ""}}, Body: []byte{'{', 0, 0xff, '}'},
		State: pasarela.DeliveryPending, Attempts: 3, Tries: 2, Since: later(time.Second), DueAt: later(time.Minute), CreatedAt: noon, UpdatedAt: later(2 * time.Second),
	}
}

// freshDelivery is due at noon and was never tried.
func freshDelivery(id pasarela.DeliveryID, subject string) pasarela.Delivery {
	d := sampleDelivery(id)
	d.Subject, d.Attempts, d.Tries, d.Since, d.DueAt, d.UpdatedAt = subject, 0, 0, noon, noon, noon
	return d
}

func sampleAttempt(d pasarela.DeliveryID, number int) pasarela.DeliveryAttempt {
	return pasarela.DeliveryAttempt{
		Delivery: d, Number: number, At: noon, Took: 1_234_567_891 * time.Nanosecond, Status: 503, Answer: []byte{'<', 0, 0xff},
		Error: "connection was reset after \x00\xff",
	}
}

func sampleKey(name, holder string) store.Key {
	return store.Key{
		Name: name, Digest: []byte{1, 0, 2}, Holder: holder, Status: 201, Answer: []byte(`{"ok":true}`),
		CreatedAt: noon, ExpiresAt: later(24 * time.Hour),
	}
}

func sampleMerchant(id pasarela.MerchantID) store.MerchantRecord {
	return store.MerchantRecord{
		ID: id, Profile: []byte(`{"name":"Shop"}`), Secrets: pasarela.Sealed{Record: "merchant/" + string(id), Bytes: []byte{3, 0, 3}},
		Credentials: []store.Credential{{Kind: "monri", Hash: "m-" + string(id)}, {Kind: "kushki_public", Hash: "k-" + string(id)}},
		CreatedAt:   noon,
	}
}

func samplePosting(id pasarela.PostingID, p pasarela.PaymentID, minor int64) ledger.Posting {
	return ledger.Posting{
		ID: id, Merchant: shop, Payment: p, Event: ledger.Sale, Debit: ledger.AcquirerReceivable, Credit: ledger.MerchantPayable,
		Amount: pasarela.Money{Minor: minor, Currency: "USD"}, At: noon,
	}
}
