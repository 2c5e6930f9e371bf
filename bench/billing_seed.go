package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"pasarela"
	"pasarela/store"
)

const (
	subscriptionTokenBody = `{"card":{"name":"John Doe","number":"5451951574925480","expiryMonth":"08","expiryYear":"35","cvv":"123"},"currency":"%s"}`
	subscriptionBody      = `{"token":"%s","planName":"gold","periodicity":"monthly","contactDetails":{"email":"john@example.com"},` +
		`"amount":{"subtotalIva":0,"subtotalIva0":16.98,"iva":0,"ice":0,"currency":"%s"},"startDate":"%s"}`
)

// subscribe adds the merchant, and one subscription of which the others are copies.
func (b *billingBench) subscribe(ctx context.Context, g *program) error {
	c, err := dial(ctx, g.address)
	if err != nil {
		return err
	}
	defer c.close()
	if b.hot, err = addMerchant(c, "Hot", "EC", "USD"); err != nil {
		return err
	}
	quiet := func(int, time.Duration) {}
	token, err := named(c, post("/subscriptions/v1/card/tokens", "Public-Merchant-Id", b.hot.publicID, fmt.Sprintf(subscriptionTokenBody, b.hot.currency)),
		"token", tokenLength, 0, quiet)
	if err != nil {
		return err
	}
	starts := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	status, answer, err := c.do(post("/subscriptions/v1/card", "Private-Merchant-Id", b.hot.privateID,
		fmt.Sprintf(subscriptionBody, token, b.hot.currency, starts)).bytes)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("subscription was answered %d: %.300s", status, answer)
	}
	return err
}

// seedUnit is how many subscriptions one unit of work inserts.
const seedUnit = 1000

// seed fills the database of a gateway that has ended with copies of its one subscription, of which a period is due.
func (b *billingBench) seed(ctx context.Context) (err error) {
	s, err := b.Open(ctx, b.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	original, err := onlySubscription(ctx, s)
	if err != nil {
		return err
	}
	day := firstPeriod()
	original.StartDate, original.NextPeriod, original.BilledFrom = day, day, day.Run()
	original = original.Due(nil)
	ids := time.Now().AddDate(-1, 0, 0).UnixMicro() // of a time at which none was made
	for done := 0; done < b.Subscriptions; done += seedUnit {
		err := s.Update(ctx, original.Merchant, func(tx store.Tx) error {
			for i := done; i < min(done+seedUnit, b.Subscriptions); i++ {
				original.ID = pasarela.SubscriptionID(fmt.Sprint(ids + int64(i)))
				if err := tx.InsertSubscription(original); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// onlySubscription finds the one that was made, by the event that tells of it.
func onlySubscription(ctx context.Context, s store.Store) (pasarela.Subscription, error) {
	merchants, err := s.MerchantIDs(ctx, "", 1000)
	if err != nil {
		return pasarela.Subscription{}, err
	}
	for _, m := range merchants {
		events, err := s.Events(ctx, m, 0, 10)
		if err != nil {
			return pasarela.Subscription{}, err
		}
		for _, e := range events {
			if e.Kind == pasarela.EventSubscriptionActivated {
				return s.Subscription(ctx, m, e.Subscription)
			}
		}
	}
	return pasarela.Subscription{}, errors.New("the subscription that was made is not in the database")
}
