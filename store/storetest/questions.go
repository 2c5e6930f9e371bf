package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// AskAll runs the statements that a gateway runs all day on an empty store, so that an engine can look at how each is
// carried out.
func AskAll(t *testing.T, s store.Store) {
	t.Helper()
	for i, unit := range slices.Concat(cardUnits, tellingUnits) {
		if err := s.Update(t.Context(), shop, unit); err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("unit %d: %v", i, err)
		}
	}
	for i, err := range slices.Concat(cardReads(t.Context(), s), tellingReads(t.Context(), s)) {
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("question %d: %v", i, err)
		}
	}
}

func ignore(_ any, err error) error { return err }

func cardReads(ctx context.Context, s store.Store) []error {
	return []error{
		ignore(s.Token(ctx, shop, "k")), ignore(s.Authentication(ctx, shop, "a")), ignore(s.Redirect(ctx, shop, "r")),
		ignore(s.Customer(ctx, shop, "c")), ignore(s.CustomerByReference(ctx, shop, "u")), ignore(s.Customers(ctx, shop, 0, 10)),
		ignore(s.Payment(ctx, shop, "p")), ignore(s.PaymentByTicket(ctx, shop, "t")),
		ignore(s.Operation(ctx, shop, "o")), ignore(s.OperationByTicket(ctx, shop, "t")), ignore(s.Subscription(ctx, shop, "s")),
		ignore(s.Key(ctx, shop, "n")), ignore(s.Due(ctx, shop, noon, 10)), ignore(s.DueSubscriptions(ctx, shop, noon, 10)),
		ignore(s.Payments(ctx, shop, "", 10)), ignore(s.PaymentBalances(ctx, shop, []pasarela.PaymentID{"p"})), ignore(s.Balances(ctx, shop)),
		ignore(s.PendingPayments(ctx, shop)), s.RollUp(ctx, shop, "1"),
		ignore(s.MerchantByCredential(ctx, store.Credential{})), ignore(s.Merchant(ctx, shop)), ignore(s.MerchantsDue(ctx, noon, "", 10)),
	}
}

func tellingReads(ctx context.Context, s store.Store) []error {
	return []error{
		ignore(s.BillableSubscriptions(ctx, shop, noon, 10)), ignore(s.Periods(ctx, shop, "s", "", 10)),
		ignore(s.SubscriptionPayments(ctx, shop, "s", "", 10)), ignore(s.SubscriptionPayments(ctx, shop, "s", "t", 10)),
		ignore(s.SubscriptionTicket(ctx, shop, "s", 10)), ignore(s.CountSubscriptionPayments(ctx, shop, "s", 10)),
		ignore(s.Billing(ctx, shop, "2026-03-01", noon)),
		ignore(s.Events(ctx, shop, 0, 10)), ignore(s.DeliveryAttempts(ctx, shop, "d")),
		ignore(s.Deliveries(ctx, shop, store.DeliveryFilter{}, "", 10)), ignore(s.Deliveries(ctx, shop, store.DeliveryFilter{Event: "e"}, "", 10)),
		ignore(s.Deliveries(ctx, shop, store.DeliveryFilter{State: pasarela.DeliveryParked}, "", 10)),
		ignore(s.MerchantsBilling(ctx, noon, "", 10)), ignore(s.DueEndpoints(ctx, noon, store.Endpoint{}, 10)),
	}
}

var cardUnits = []func(tx store.Tx) error{
	func(tx store.Tx) error { return tx.SpendToken("k", noon) },
	func(tx store.Tx) error { return tx.PutAuthentication(pasarela.Authentication{}) },
	func(tx store.Tx) error { return tx.PutRedirect(pasarela.Redirect{}) },
	func(tx store.Tx) error { return ignore(tx.Customer("c")) },
	func(tx store.Tx) error { return tx.PutCustomer(pasarela.Customer{}) },
	func(tx store.Tx) error { return tx.PutPayment(pasarela.Payment{}) },
	func(tx store.Tx) error { return tx.PutOperation(pasarela.Operation{}) },
	func(tx store.Tx) error { return tx.PutSubscription(pasarela.Subscription{}) },
	func(tx store.Tx) error { return tx.AnswerKey("n", "h", 200, nil) },
	func(tx store.Tx) error { return tx.DropKey("n", "h") },
	func(tx store.Tx) error { return ignore(tx.ForgetTokens(noon, later(-time.Hour), 10)) },
	func(tx store.Tx) error { return ignore(tx.ForgetKeys(noon, 10)) },
	func(tx store.Tx) error { return ignore(tx.ForgetAuthentications(noon, noon, 10)) },
	func(tx store.Tx) error { return ignore(tx.ForgetRedirects(noon, 10)) },
	func(tx store.Tx) error {
		return tx.Post([]ledger.Posting{{ID: "1", Debit: ledger.IssuerHolds, Credit: ledger.MerchantPending, Amount: pasarela.Money{Minor: 1}}})
	},
}

var tellingUnits = []func(tx store.Tx) error{
	func(tx store.Tx) error { return ignore(tx.Period("s", "2026-03-01")) },
	func(tx store.Tx) error { return ignore(tx.OpenPeriods("s")) },
	func(tx store.Tx) error { return tx.PutPeriod(pasarela.Period{}) },
	func(tx store.Tx) error { return tx.InsertEvent(sampleEvent("e")) },
	func(tx store.Tx) error { return tx.InsertDelivery(freshDelivery("d", "a")) },
	func(tx store.Tx) error { return ignore(tx.Delivery("d")) },
	func(tx store.Tx) error { return tx.PutDelivery(freshDelivery("d", "a")) },
	func(tx store.Tx) error { return ignore(tx.ClaimDeliveries(hook, noon, noon, 10)) },
	func(tx store.Tx) error {
		return tx.EndDelivery(freshDelivery("d", "a").Claimed(noon), sampleAttempt("d", 1))
	},
	func(tx store.Tx) error { return ignore(tx.ClaimDeliveries(hook, noon, noon, 10)) },
	func(tx store.Tx) error {
		return tx.EndDelivery(freshDelivery("d", "a").Claimed(noon).Claimed(noon).Delivered(noon), sampleAttempt("d", 2))
	},
	func(tx store.Tx) error {
		return tx.EndDelivery(freshDelivery("d", "a").Claimed(noon).Delivered(noon), sampleAttempt("d", 1))
	},
	func(tx store.Tx) error { return ignore(tx.ForgetDeliveries(noon, 10)) },
}
