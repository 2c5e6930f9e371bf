package storetest

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var periodScenarios = []scenario{
	on("a period comes back as it was inserted", periodComesBack),
	on("a date of a subscription is opened once", periodDuplicate),
	on("of many who open one period one wins", periodOpenedOnce),
	on("putting a period stores how far its charge is, and nothing else", periodPut),
	on("open periods are listed by date", periodsOpen),
	on("periods of a subscription are listed by date, page by page", periodsListed),
	on("billing counts what is under way, and what became of a day", billingCounted),
}

func insertPeriods(t *testing.T, s store.Store, periods ...pasarela.Period) {
	t.Helper()
	for _, p := range periods {
		update(t, s, p.Merchant, func(tx store.Tx) error { return tx.InsertPeriod(p) })
	}
}

// periodOf is the period of one date in a state.
func periodOf(d pasarela.Date, state pasarela.PeriodState) pasarela.Period {
	p := samplePeriod("s", d)
	p.State = state
	return p
}

func periodComesBack(t *testing.T, s store.Store) {
	bare := pasarela.Period{Merchant: shop, Subscription: "s", Date: "2026-01-01"}
	for _, p := range []pasarela.Period{samplePeriod("s", "2026-02-28"), bare} {
		insertPeriods(t, s, p)
		update(t, s, shop, func(tx store.Tx) error {
			same(t, "period in a unit", found(tx.Period("s", p.Date))(t), p)
			absent(tx.Period("another", p.Date))(t, "another subscription's period")
			return nil
		})
	}
	same(t, "periods", found(s.Periods(t.Context(), shop, "s", "", 10))(t), []pasarela.Period{bare, samplePeriod("s", "2026-02-28")})
}

func periodDuplicate(t *testing.T, s store.Store) {
	insertPeriods(t, s, samplePeriod("s", "2026-02-28"), samplePeriod("another", "2026-02-28"))
	again := samplePeriod("s", "2026-02-28")
	again.Amount.Minor++
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertPeriod(again) })
	same(t, "periods", found(s.Periods(t.Context(), shop, "s", "", 10))(t), []pasarela.Period{samplePeriod("s", "2026-02-28")})
}

func periodOpenedOnce(t *testing.T, s store.Store) {
	oneWins(t, together(func(int) error {
		return s.Update(t.Context(), shop, func(tx store.Tx) error { return tx.InsertPeriod(samplePeriod("s", "2026-02-28")) })
	}), pasarela.CodeWrongState)
}

func periodPut(t *testing.T, s store.Store) {
	insertPeriods(t, s, samplePeriod("s", "2026-02-28"))
	put := pasarela.Period{
		Merchant: shop, Subscription: "s", Date: "2026-02-28", State: pasarela.PeriodPaid, Attempts: 4, Unanswered: 2, Payment: "another", UpdatedAt: later(time.Hour),
		// none of these is stored:
		Begins: "2027-01-01", Amount: pasarela.Money{Minor: 1, Currency: "COP"}, Order: []byte("other"), Retry: pasarela.Retry{Kind: pasarela.RetryOn}, CreatedAt: later(time.Hour),
	}
	update(t, s, shop, func(tx store.Tx) error { return tx.PutPeriod(put) })
	want := samplePeriod("s", "2026-02-28")
	want.State, want.Attempts, want.Unanswered, want.Payment = put.State, put.Attempts, put.Unanswered, put.Payment
	want.DueAt, want.UpdatedAt = put.DueAt, put.UpdatedAt
	same(t, "periods", found(s.Periods(t.Context(), shop, "s", "", 10))(t), []pasarela.Period{want})
	put.Date = "2026-03-31"
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutPeriod(put) })
}

func periodsOpen(t *testing.T, s store.Store) {
	charging, retrying := periodOf("2026-01-31", pasarela.PeriodCharging), periodOf("2026-03-31", pasarela.PeriodRetrying)
	insertPeriods(t, s, retrying, charging, periodOf("2026-02-28", pasarela.PeriodPaid), periodOf("2025-12-31", pasarela.PeriodFailed),
		periodOf("2025-11-30", pasarela.PeriodSkipped), periodOf("2025-10-31", pasarela.PeriodDropped), samplePeriod("another", "2026-01-01"))
	update(t, s, shop, func(tx store.Tx) error {
		same(t, "open", found(tx.OpenPeriods("s"))(t), []pasarela.Period{charging, retrying})
		paid := found(charging.Paid(noon))(t)
		if err := tx.PutPeriod(paid); err != nil {
			return err
		}
		same(t, "open after one was paid", found(tx.OpenPeriods("s"))(t), []pasarela.Period{retrying})
		same(t, "open of another", len(found(tx.OpenPeriods("never"))(t)), 0)
		return nil
	})
}

func periodsListed(t *testing.T, s store.Store) {
	insertPeriods(t, s, samplePeriod("s", "2026-03-31"), samplePeriod("s", "2026-01-31"), samplePeriod("another", "2026-02-01"), samplePeriod("s", "2026-02-28"))
	same(t, "first page", found(s.Periods(t.Context(), shop, "s", "", 2))(t), []pasarela.Period{samplePeriod("s", "2026-01-31"), samplePeriod("s", "2026-02-28")})
	same(t, "second page", found(s.Periods(t.Context(), shop, "s", "2026-02-28", 2))(t), []pasarela.Period{samplePeriod("s", "2026-03-31")})
	same(t, "third page", len(found(s.Periods(t.Context(), shop, "s", "2026-03-31", 2))(t)), 0)
}

func billingCounted(t *testing.T, s store.Store) {
	same(t, "at first", found(s.Billing(t.Context(), shop, "2026-03-02", noon))(t), store.BillingCounts{})
	insertSubscriptions(t, s, chargeable("a", noon), chargeable("b", later(-time.Hour)), chargeable("later", later(time.Second)), sampleSubscription("waiting"))
	insertPeriods(t, s, periodOf("2026-01-01", pasarela.PeriodPaid), periodOf("2026-01-02", pasarela.PeriodPaid), periodOf("2026-01-03", pasarela.PeriodPaid),
		periodOf("2026-01-04", pasarela.PeriodFailed), periodOf("2026-01-05", pasarela.PeriodFailed), periodOf("2026-01-06", pasarela.PeriodSkipped), periodOf("2026-01-07", pasarela.PeriodDropped))
	for i, state := range []pasarela.PeriodState{pasarela.PeriodPaid, pasarela.PeriodFailed, pasarela.PeriodSkipped, pasarela.PeriodCharging, pasarela.PeriodRetrying, pasarela.PeriodRetrying} {
		p := periodOf(pasarela.Date("2026-01-10").AddDays(i), state)
		p.Begins = "2026-03-01"
		insertPeriods(t, s, p)
	}
	want := store.BillingCounts{Due: 2, Charging: 1, Retrying: 2, Paid: 3, Failed: 2, Skipped: 1}
	same(t, "billing", found(s.Billing(t.Context(), shop, "2026-03-02", noon))(t), want)
	same(t, "billing of another day", found(s.Billing(t.Context(), shop, "2026-03-03", later(-2*time.Hour)))(t), store.BillingCounts{Charging: 1, Retrying: 2})
	same(t, "another merchant's billing", found(s.Billing(t.Context(), other, "2026-03-02", noon))(t), store.BillingCounts{})
}
