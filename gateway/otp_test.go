package gateway_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/gateway"
)

// A card's one-time passwords are few in an hour, however many ask at once: else who has its number could go on
// guessing with new tokens. Another card, another merchant, and the hour after have their own.
func TestOneTimePasswordsOfACardAreFew(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.merchant.OTP = true
		ask := func(number string) error {
			n, err := vault.ParseNumber(number)
			r.must(err)
			_, _, err = r.gateway.Tokenize(t.Context(), r.merchant, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: usd(100),
				Card: vault.Card{Number: n, Expiry: "4912"}, Challenge: gateway.Challenge{OTP: gateway.OTP{Amount: usd(155), Code: "155"}}})
			return err
		}
		rush := func() (taken, refused int64) {
			var all sync.WaitGroup
			var yes, no atomic.Int64
			for range 20 {
				all.Go(func() {
					switch err := ask(creditCard); pasarela.CodeOf(err) {
					case pasarela.CodeCardRejected:
						no.Add(1)
					default:
						if err == nil {
							yes.Add(1)
							return
						}
						t.Error(err)
					}
				})
			}
			all.Wait()
			return yes.Load(), no.Load()
		}
		if taken, refused := rush(); taken != 5 || refused != 15 {
			t.Errorf("of 20 at once %d were taken and %d refused, want 5 and 15", taken, refused)
		}
		r.must(ask(debitCard))
		r.clock.jump(time.Hour - time.Second)
		r.wantCode(ask(creditCard), pasarela.CodeCardRejected)
		r.clock.jump(time.Second)
		if taken, _ := rush(); taken != 5 {
			t.Errorf("an hour later %d were taken, want 5", taken)
		}
		r.settle()
		r.wantAgreement()
	})
}
