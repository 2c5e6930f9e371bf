package gateway

import (
	"strconv"
	"time"

	"pasarela"
	"pasarela/store"
)

// How many one-time passwords a card of a merchant may be asked for, in how long. Each may be guessed
// pasarela.AuthenticationAttempts times, of as few as 101.
const (
	otpHolds  = 5
	otpWindow = time.Hour
)

// claimOTP takes one of the card's places, and returns CodeCardRejected where none is free. A place is an idempotency
// key that runs out by itself: claimed by name in the unit that promises the hold, so that of many at once no more get
// one than there are, and no payments have to be counted.
func claimOTP(tx store.Tx, fingerprint string, hold pasarela.Payment) error {
	for place := range otpHolds {
		k, err := tx.ClaimKey(store.Key{Name: "one-time password/" + fingerprint + "/" + strconv.Itoa(place), Holder: string(hold.ID),
			CreatedAt: hold.CreatedAt, ExpiresAt: hold.CreatedAt.Add(otpWindow)})
		if err != nil || k.Holder == string(hold.ID) {
			return err
		}
	}
	return pasarela.Errorf(pasarela.CodeCardRejected, "card was asked for %d one-time passwords within %s", otpHolds, otpWindow)
}
