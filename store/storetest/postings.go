package storetest

import (
	"sync"
	"testing"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

var postingScenarios = []scenario{
	on("postings add up by payment and by currency", postingsAddUp),
	on("a posting's id serves once", postingDuplicate),
	on("a roll-up changes no balance", rollUpChangesNothing),
	on("a posting that comes after its roll-up counts", postingComesLate),
	on("a roll-up beside a unit that has posted loses nothing", rollUpBesideUnit),
	on("balances hold while units post and roll-ups run", rollUpWhilePosting),
}

func post(t *testing.T, s store.Store, postings ...ledger.Posting) {
	t.Helper()
	for _, p := range postings {
		update(t, s, p.Merchant, func(tx store.Tx) error { return tx.Post([]ledger.Posting{p}) })
	}
}

// balance checks the whole of a merchant's books.
func balance(t *testing.T, s store.Store, m pasarela.MerchantID, want map[pasarela.Currency]ledger.Balances) {
	t.Helper()
	got := found(s.Balances(t.Context(), m))(t)
	if len(got) != len(want) {
		t.Errorf("balances: got %v, want %v", got, want)
	}
	for c, b := range want {
		if !b.Equal(got[c]) {
			t.Errorf("balances in %s: got %v, want %v", c, got[c], b)
		}
	}
}

func dollars(minor int64) map[pasarela.Currency]ledger.Balances {
	return map[pasarela.Currency]ledger.Balances{"USD": {ledger.AcquirerReceivable: minor, ledger.MerchantPayable: -minor}}
}

func postingsAddUp(t *testing.T, s store.Store) {
	hold := ledger.Posting{
		ID: "1", Merchant: shop, Payment: "p", Event: ledger.Hold, Debit: ledger.IssuerHolds, Credit: ledger.MerchantPending,
		Amount: pasarela.Money{Minor: 100, Currency: "COP"}, At: noon,
	}
	sale := samplePosting("3", "p", 999_999_999_999)
	sale.Amount.Currency = "COP"
	update(t, s, shop, func(tx store.Tx) error { return tx.Post([]ledger.Posting{hold, sale}) })
	post(t, s, samplePosting("2", "q", 7), samplePosting("4", "q", 8))
	update(t, s, shop, func(tx store.Tx) error { return tx.Post(nil) })

	cop := ledger.Balances{
		ledger.IssuerHolds: 100, ledger.MerchantPending: -100,
		ledger.AcquirerReceivable: 999_999_999_999, ledger.MerchantPayable: -999_999_999_999,
	}
	balance(t, s, shop, map[pasarela.Currency]ledger.Balances{"COP": cop, "USD": dollars(15)["USD"]})
	balance(t, s, other, nil)
	byPayment := found(s.PaymentBalances(t.Context(), shop, []pasarela.PaymentID{"p", "q", "never"}))(t)
	for id, want := range map[pasarela.PaymentID]ledger.Balances{"p": cop, "q": dollars(15)["USD"], "never": nil} {
		if !want.Equal(byPayment[id]) {
			t.Errorf("balance of payment %s: got %v, want %v", id, byPayment[id], want)
		}
	}
	same(t, "balances of no payments", len(found(s.PaymentBalances(t.Context(), shop, nil))(t)), 0)
}

func postingDuplicate(t *testing.T, s store.Store) {
	post(t, s, samplePosting("1", "p", 1))
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error {
		return tx.Post([]ledger.Posting{samplePosting("2", "p", 5), samplePosting("1", "p", 9)})
	})
	balance(t, s, shop, dollars(1))
}

func rollUp(t *testing.T, s store.Store, upTo pasarela.PostingID) {
	t.Helper()
	if err := s.RollUp(t.Context(), shop, upTo); err != nil {
		t.Fatalf("roll-up: %v", err)
	}
}

func rollUpChangesNothing(t *testing.T, s store.Store) {
	rollUp(t, s, "100")
	for i, minor := range []int64{1, 20, 300, 4000} {
		post(t, s, samplePosting(pasarela.PostingID(number("p", i)), "p", minor))
	}
	for _, upTo := range []pasarela.PostingID{"p001", "p001", "p000", "p002", "p999", "p000"} {
		rollUp(t, s, upTo)
		balance(t, s, shop, dollars(4321))
	}
	post(t, s, samplePosting("q000", "p", 50_000))
	balance(t, s, shop, dollars(54_321))
}

func postingComesLate(t *testing.T, s store.Store) {
	post(t, s, samplePosting("p005", "p", 1))
	rollUp(t, s, "p005")
	euros := samplePosting("p002", "p", 70)
	euros.Amount.Currency = "EUR"
	update(t, s, shop, func(tx store.Tx) error { return tx.Post([]ledger.Posting{euros, samplePosting("p003", "p", 20)}) })
	want := dollars(21)
	want["EUR"] = ledger.Balances{ledger.AcquirerReceivable: 70, ledger.MerchantPayable: -70}
	balance(t, s, shop, want)
	rollUp(t, s, "p009")
	balance(t, s, shop, want)
}

// rollUpBesideUnit starts a roll-up past a posting whose unit is still under way, and keeps the unit busy
// for longer than a roll-up takes that does not wait for it.
func rollUpBesideUnit(t *testing.T, s store.Store) {
	insertPayments(t, s, samplePayment("p"))
	for round := range 5 {
		posting := samplePosting(pasarela.PostingID(number("p", round)), "p", 1)
		var beside sync.WaitGroup
		start := sync.OnceFunc(func() { // a unit may run more than once
			beside.Go(func() {
				if err := s.RollUp(t.Context(), shop, posting.ID); err != nil {
					t.Errorf("roll-up: %v", err)
				}
			})
		})
		update(t, s, shop, func(tx store.Tx) error {
			if err := tx.Post([]ledger.Posting{posting}); err != nil {
				return err
			}
			for range 50 {
				if _, err := tx.Payment("p"); err != nil {
					return err
				}
				start()
			}
			return nil
		})
		beside.Wait()
		balance(t, s, shop, dollars(int64(round)+1))
	}
}

func rollUpWhilePosting(t *testing.T, s store.Store) {
	const each = 10
	stop, stopped := make(chan struct{}), sync.WaitGroup{}
	stopped.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.RollUp(t.Context(), shop, pasarela.PostingID(number("p", i%(callers*each)))); err != nil {
				t.Errorf("roll-up: %v", err)
				return
			}
		}
	})
	results := together(func(i int) error {
		for j := range each {
			p := samplePosting(pasarela.PostingID(number("p", i+j*callers)), "p", 1)
			if err := s.Update(t.Context(), shop, func(tx store.Tx) error { return tx.Post([]ledger.Posting{p}) }); err != nil {
				return err
			}
		}
		return nil
	})
	close(stop)
	stopped.Wait()
	for i, err := range results {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	balance(t, s, shop, dollars(callers*each))
}
