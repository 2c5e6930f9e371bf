package storetest

import (
	"errors"
	"testing"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

var tenancyScenarios = []scenario{
	on("another merchant sees nothing", tenancyReads),
	on("another merchant's unit touches nothing", tenancyUnits),
	on("two merchants may use the same ids", tenancySameIDs),
	on("ids that cannot exist are not found", strangeIDs),
}

func tenancyReads(t *testing.T, s store.Store) {
	update(t, s, shop, writeAll)
	absent(s.Token(t.Context(), other, "t"))(t, "token")
	absent(s.Authentication(t.Context(), other, "a"))(t, "authentication")
	absent(s.Redirect(t.Context(), other, "r"))(t, "redirect")
	absent(s.Customer(t.Context(), other, "c"))(t, "customer")
	absent(s.CustomerByReference(t.Context(), other, "u-c"))(t, "customer by reference")
	same(t, "customers", len(customerIDs(t, s, other, 0, 10)), 0)
	absent(s.Payment(t.Context(), other, "p"))(t, "payment")
	absent(s.PaymentByTicket(t.Context(), other, "ticket-p"))(t, "payment by ticket")
	absent(s.Operation(t.Context(), other, "o"))(t, "operation")
	absent(s.OperationByTicket(t.Context(), other, "ticket-o"))(t, "operation by ticket")
	absent(s.Subscription(t.Context(), other, "s"))(t, "subscription")
	absent(s.Key(t.Context(), other, "k"))(t, "key")
	same(t, "payments", len(found(s.Payments(t.Context(), other, "", 10))(t)), 0)
	same(t, "due", len(found(s.Due(t.Context(), other, later(1e15), 10))(t)), 0)
	same(t, "due subscriptions", len(found(s.DueSubscriptions(t.Context(), other, later(1e15), 10))(t)), 0)
	same(t, "payments of a subscription", len(found(s.SubscriptionPayments(t.Context(), other, "a-subscription", "", 10))(t)), 0)
	absent(s.SubscriptionTicket(t.Context(), other, "a-subscription", 1))(t, "ticket of a subscription")
	same(t, "count of a subscription", found(s.CountSubscriptionPayments(t.Context(), other, "a-subscription", 10))(t), 0)
	same(t, "billing", found(s.Billing(t.Context(), other, "2026-03-02", later(1e15)))(t), store.BillingCounts{})
	nothingTold(t, s, other)
	balance(t, s, other, nil)
	if b := found(s.PaymentBalances(t.Context(), other, []pasarela.PaymentID{"p"}))(t)["p"]; !b.Equal(nil) {
		t.Errorf("payment's balances seen by another merchant: %v", b)
	}
}

// foundByNobodyElse are calls that look for one row of writeAll.
var foundByNobodyElse = map[string]func(tx store.Tx) error{
	"token":              func(tx store.Tx) error { _, err := tx.Token("t"); return err },
	"spend token":        func(tx store.Tx) error { return tx.SpendToken("t", noon) },
	"authentication":     func(tx store.Tx) error { _, err := tx.Authentication("a"); return err },
	"put authentication": func(tx store.Tx) error { return tx.PutAuthentication(madeAt("a", noon, pasarela.AuthenticationFailed)) },
	"redirect":           func(tx store.Tx) error { _, err := tx.Redirect("r"); return err },
	"put redirect":       func(tx store.Tx) error { return tx.PutRedirect(endsAt("r", noon, pasarela.RedirectPaid)) },
	"customer":           func(tx store.Tx) error { _, err := tx.Customer("c"); return err },
	"put customer":       func(tx store.Tx) error { return tx.PutCustomer(sampleCustomer("c").Deleted(noon)) },
	"payment":            func(tx store.Tx) error { _, err := tx.Payment("p"); return err },
	"put payment":        func(tx store.Tx) error { return tx.PutPayment(heldPayment("p")) },
	"operation":          func(tx store.Tx) error { _, err := tx.Operation("o"); return err },
	"put operation":      func(tx store.Tx) error { return tx.PutOperation(sampleOperation("o")) },
	"subscription":       func(tx store.Tx) error { _, err := tx.Subscription("s"); return err },
	"put subscription":   func(tx store.Tx) error { return tx.PutSubscription(sampleSubscription("s")) },
	"period":             func(tx store.Tx) error { _, err := tx.Period("s", "2026-02-28"); return err },
	"put period":         func(tx store.Tx) error { return tx.PutPeriod(samplePeriod("s", "2026-02-28")) },
	"delivery":           func(tx store.Tx) error { _, err := tx.Delivery("d"); return err },
	"put delivery":       func(tx store.Tx) error { return tx.PutDelivery(sampleDelivery("d")) },
	"answer key":         func(tx store.Tx) error { return tx.AnswerKey("k", "holder", 500, nil) },
}

func tenancyUnits(t *testing.T, s store.Store) {
	update(t, s, shop, writeAll)
	for name, unit := range foundByNobodyElse {
		if err := s.Update(t.Context(), other, unit); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	update(t, s, other, func(tx store.Tx) error {
		tokens, err := tx.ForgetTokens(later(1e15), later(1e15), 10)
		keys, err2 := tx.ForgetKeys(later(1e15), 10)
		authentications, err3 := tx.ForgetAuthentications(later(1e15), later(1e15), 10)
		redirects, err4 := tx.ForgetRedirects(later(1e15), 10)
		deliveries, err5 := tx.ForgetDeliveries(later(1e15), 10)
		same(t, "rows forgotten", tokens+keys+authentications+redirects+deliveries, 0)
		same(t, "deliveries claimed", len(found(tx.ClaimDeliveries(hook, later(1e15), later(1e15), 10))(t)), 0)
		same(t, "open periods", len(found(tx.OpenPeriods("s"))(t)), 0)
		return errors.Join(err, err2, err3, err4, err5, tx.DropKey("k", "holder"), tx.EndDelivery(sampleDelivery("d").Delivered(noon), sampleAttempt("d", 4)))
	})
	same(t, "token", found(s.Token(t.Context(), shop, "t"))(t), sampleToken("t"))
	same(t, "authentication", found(s.Authentication(t.Context(), shop, "a"))(t), sampleAuthentication("a"))
	same(t, "redirect", found(s.Redirect(t.Context(), shop, "r"))(t), sampleRedirect("r"))
	same(t, "customer", found(s.Customer(t.Context(), shop, "c"))(t), sampleCustomer("c"))
	same(t, "payment", found(s.Payment(t.Context(), shop, "p"))(t), samplePayment("p"))
	same(t, "key", found(s.Key(t.Context(), shop, "k"))(t), sampleKey("k", "holder"))
	same(t, "delivery", deliveryOf(t, s, "d"), sampleDelivery("d"))
	same(t, "log", found(s.DeliveryAttempts(t.Context(), shop, "d"))(t), []pasarela.DeliveryAttempt{sampleAttempt("d", 3)})
}

func tenancySameIDs(t *testing.T, s store.Store) {
	update(t, s, shop, writeAll)
	update(t, s, other, func(tx store.Tx) error {
		k, p, a, r, c := sampleToken("t"), samplePayment("p"), sampleAuthentication("a"), sampleRedirect("r"), sampleCustomer("c")
		k.Fingerprint, p.Attempts, a.Token, r.Email, c.Name = "other", 77, "other", "other", "other"
		posting := samplePosting("1", "p", 500)
		_, err := tx.ClaimKey(sampleKey("k", "other"))
		return errors.Join(err, tx.InsertToken(k), tx.InsertAuthentication(a), tx.InsertRedirect(r), tx.InsertCustomer(c), tx.InsertPayment(p),
			tx.InsertOperation(sampleOperation("o")), tx.InsertSubscription(sampleSubscription("s")), tx.Post([]ledger.Posting{posting}),
			tx.InsertPeriod(samplePeriod("s", "2026-02-28")), tx.InsertEvent(sampleEvent("e")), tx.InsertDelivery(sampleDelivery("d")),
			tx.EndDelivery(sampleDelivery("d").Delivered(noon), sampleAttempt("d", 7)))
	})
	same(t, "token", found(s.Token(t.Context(), shop, "t"))(t), sampleToken("t"))
	same(t, "authentication", found(s.Authentication(t.Context(), shop, "a"))(t), sampleAuthentication("a"))
	same(t, "redirect", found(s.Redirect(t.Context(), shop, "r"))(t), sampleRedirect("r"))
	same(t, "customer", found(s.CustomerByReference(t.Context(), shop, "u-c"))(t), sampleCustomer("c"))
	same(t, "the other's customer", found(s.CustomerByReference(t.Context(), other, "u-c"))(t).Name, "other")
	same(t, "the other's customers", found(s.Customers(t.Context(), other, 0, 10))(t)[0].Merchant, other)
	same(t, "the other's authentication", found(s.Authentication(t.Context(), other, "a"))(t).Token, "other")
	same(t, "the other's redirect", found(s.Redirect(t.Context(), other, "r"))(t).Email, "other")
	same(t, "the other's payment", found(s.Payment(t.Context(), other, "p"))(t).Attempts, 77)
	same(t, "the other's merchant", found(s.Payment(t.Context(), other, "p"))(t).Merchant, other)
	same(t, "event", found(s.Events(t.Context(), shop, 0, 10))(t), []pasarela.Event{placed(sampleEvent("e"), 1)})
	same(t, "the other's event", found(s.Events(t.Context(), other, 0, 10))(t)[0].Merchant, other)
	same(t, "the other's period", found(s.Periods(t.Context(), other, "s", "", 10))(t)[0].Merchant, other)
	same(t, "delivery", deliveryOf(t, s, "d"), sampleDelivery("d"))
	same(t, "the other's delivery", found(s.Deliveries(t.Context(), other, store.DeliveryFilter{}, "", 10))(t)[0].State, pasarela.DeliveryDelivered)
	same(t, "the other's log", found(s.DeliveryAttempts(t.Context(), other, "d"))(t)[0].Number, 7)
	balance(t, s, shop, dollars(1))
	balance(t, s, other, dollars(500))
}

func strangeIDs(t *testing.T, s store.Store) {
	for i, id := range []string{"", "a\x00b", "\xff\xfe", "'; DROP TABLE payments; --", "ñ"} {
		absent(s.Token(t.Context(), shop, pasarela.TokenID(id)))(t, "token")
		absent(s.Authentication(t.Context(), shop, pasarela.AuthenticationID(id)))(t, "authentication")
		absent(s.Redirect(t.Context(), shop, pasarela.TokenID(id)))(t, "redirect")
		absent(s.Customer(t.Context(), shop, pasarela.CustomerID(id)))(t, "customer")
		absent(s.CustomerByReference(t.Context(), shop, id))(t, "customer by reference")
		absent(s.PaymentByTicket(t.Context(), shop, pasarela.Ticket(id)))(t, "ticket")
		absent(s.Subscription(t.Context(), shop, pasarela.SubscriptionID(id)))(t, "subscription")
		absent(s.MerchantByCredential(t.Context(), store.Credential{Kind: id, Hash: id}))(t, "credential")
		absent(s.Key(t.Context(), shop, id))(t, "key")
		same(t, "payments", len(found(s.SubscriptionPayments(t.Context(), shop, pasarela.SubscriptionID(id), pasarela.Ticket(id), 10))(t)), 0)
		absent(s.SubscriptionTicket(t.Context(), shop, pasarela.SubscriptionID(id), 1))(t, "ticket of a subscription")
		same(t, "deliveries", len(found(s.Deliveries(t.Context(), shop, store.DeliveryFilter{Event: pasarela.EventID(id), Endpoint: id}, "", 10))(t)), 0)
		same(t, "log", len(found(s.DeliveryAttempts(t.Context(), shop, pasarela.DeliveryID(id)))(t)), 0)
		update(t, s, shop, func(tx store.Tx) error {
			absent(tx.Token(pasarela.TokenID(id)))(t, "token in a unit")
			absent(tx.Authentication(pasarela.AuthenticationID(id)))(t, "authentication in a unit")
			absent(tx.Redirect(pasarela.TokenID(id)))(t, "redirect in a unit")
			absent(tx.Customer(pasarela.CustomerID(id)))(t, "customer in a unit")
			absent(tx.Period(pasarela.SubscriptionID(id), pasarela.Date(id)))(t, "period in a unit")
			absent(tx.Delivery(pasarela.DeliveryID(id)))(t, "delivery in a unit")
			same(t, "open periods", len(found(tx.OpenPeriods(pasarela.SubscriptionID(id)))(t)), 0)
			same(t, "deliveries claimed", len(found(tx.ClaimDeliveries(id, noon, noon, 10))(t)), 0)
			return tx.InsertPayment(samplePayment(pasarela.PaymentID("after-" + number("", i))))
		})
	}
}
