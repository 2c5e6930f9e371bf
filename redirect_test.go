package pasarela

import (
	"testing"
	"time"
)

func refusal(_ Redirect, err error) error { return err }

// A redirect payment takes one card, is paid by that card and no other, and ends once.
func TestRedirectTakesOneCard(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)
	total := Money{Minor: 12_990, Currency: "CLP"}
	requested := Redirect{State: RedirectRequested, Total: total, ExpiresAt: now.Add(TokenLife)}
	begun, err := requested.Initialized(KindSale, total, "p", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := begun.Asked("card", now)
	if err != nil || asked.Card != "card" || asked.State != RedirectAsking {
		t.Fatalf("asked is %+v (%v)", asked, err)
	}
	paid, err := asked.Paid("card", now)
	if err != nil || paid.State != RedirectPaid {
		t.Fatalf("paid is %+v (%v)", paid, err)
	}
	cancelled, err := asked.Cancelled(now)
	if err != nil || cancelled.State != RedirectCancelled {
		t.Fatalf("cancelled is %+v (%v)", cancelled, err)
	}
	for name, refused := range map[string]func() (Redirect, error){
		"card before it was begun":   func() (Redirect, error) { return requested.Asked("card", now) },
		"second card":                func() (Redirect, error) { return asked.Asked("other", now) },
		"paid without a card":        func() (Redirect, error) { return begun.Paid("", now) },
		"paid by another card":       func() (Redirect, error) { return asked.Paid("other", now) },
		"paid twice":                 func() (Redirect, error) { return paid.Paid("card", now) },
		"cancelled after it was":     func() (Redirect, error) { return paid.Cancelled(now) },
		"paid after it was given up": func() (Redirect, error) { return cancelled.Paid("card", now) },
	} {
		if _, err := refused(); CodeOf(err) != CodeTokenSpent {
			t.Errorf("%s: %v, want %s", name, err, CodeTokenSpent)
		}
	}
	inscription := Redirect{State: RedirectRequested, Kind: KindInscription, Total: Money{Currency: "CLP"}, ExpiresAt: now.Add(TokenLife)}
	if _, err := inscription.Initialized(KindInscription, inscription.Total, "", nil, now); err != nil {
		t.Errorf("an inscription does not begin: %v", err)
	}
	for name, refused := range map[string]error{
		"a payment by an inscription's token": refusal(inscription.Initialized(KindSale, inscription.Total, "p", nil, now)),
		"an inscription by a payment's token": refusal(requested.Initialized(KindInscription, total, "", nil, now)),
	} {
		if CodeOf(refused) != CodeTokenSpent {
			t.Errorf("%s: %v, want %s", name, refused, CodeTokenSpent)
		}
	}
	late := now.Add(TokenLife)
	for name, expired := range map[string]func() (Redirect, error){
		"card":      func() (Redirect, error) { return begun.Asked("card", late) },
		"paid":      func() (Redirect, error) { return asked.Paid("card", late) },
		"cancelled": func() (Redirect, error) { return begun.Cancelled(late) },
	} {
		if _, err := expired(); CodeOf(err) != CodeTokenExpired {
			t.Errorf("%s after half an hour: %v, want %s", name, err, CodeTokenExpired)
		}
	}
}
