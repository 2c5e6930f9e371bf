package events_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pasarela"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/events"
	"pasarela/gateway"
	"pasarela/store"
)

// What the signatures below were computed over, and with, by
//
//	printf '%s' 'evt_177790680000000042.1777906800.{"type":"payment.captured","timestamp":"2026-05-04T15:00:00.000000Z","data":{}}' |
//	  openssl dgst -sha256 -hmac 'Pasarela test key, 32 bytes long' -binary | base64
const (
	currentKey = "Pasarela test key, 32 bytes long"
	nextKey    = "Another test key, 32 bytes long."
	body       = `{"type":"payment.captured","timestamp":"2026-05-04T15:00:00.000000Z","data":{}}`

	byCurrent = "v1,gF0shY5GEW+8q1vLfAC5QkHM6EAUFdoPAxO1u8f1I+M="
	byNext    = "v1,qHiCRvIAnsSZLdpfHbkWimG6uxYhtrGW746+Qt/vTIU="
)

// A delivery is signed as Standard Webhooks have it: by the current secret, and by the next one too while secrets are
// exchanged, until the moment in which the next one takes its place.
func TestASignatureIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()
	at := dialecttest.Start
	d := pasarela.Delivery{Event: "177790680000000042", Body: []byte(body)}
	exchange := func(end time.Time) pasarela.SigningSecrets {
		return pasarela.SigningSecrets{Current: []byte(currentKey), Next: []byte(nextKey), Switch: end}
	}
	for name, c := range map[string]struct {
		secrets pasarela.SigningSecrets
		want    string
	}{
		"one secret":             {pasarela.SigningSecrets{Current: []byte(currentKey)}, byCurrent},
		"during an exchange":     {exchange(at.Add(time.Microsecond)), byCurrent + " " + byNext},
		"when the exchange ends": {exchange(at), byNext},
		"after it":               {exchange(at.Add(-time.Hour)), byNext},
	} {
		h, err := events.Signer{}.Headers(pasarela.Merchant{Signing: c.secrets}, d, at)
		if err != nil {
			t.Fatal(err)
		}
		if h.Get("webhook-id") != "evt_177790680000000042" || h.Get("webhook-timestamp") != "1777906800" || h.Get("webhook-signature") != c.want {
			t.Errorf("%s: headers are %v, want the signature %s", name, h, c.want)
		}
	}
}

// Each attempt has a timestamp of its own, so that a receiver can refuse what is old.
func TestEachAttemptHasItsTimestamp(t *testing.T) {
	t.Parallel()
	m := pasarela.Merchant{Signing: pasarela.SigningSecrets{Current: []byte(currentKey)}}
	h, err := events.Signer{}.Headers(m, pasarela.Delivery{Event: "177790680000000042", Body: []byte(body)}, dialecttest.Start.Add(time.Hour))
	if err != nil || h.Get("webhook-timestamp") != "1777910400" || h.Get("webhook-signature") == byCurrent {
		t.Errorf("an hour later headers are %v, %v", h, err)
	}
}

// Nothing goes out unsigned.
func TestWithoutASecretNothingIsSigned(t *testing.T) {
	t.Parallel()
	if h, err := (events.Signer{}).Headers(pasarela.Merchant{}, pasarela.Delivery{}, dialecttest.Start); err == nil {
		t.Errorf("headers are %v, want an error", h)
	}
}

// A listener hears of what it asked for: of everything, of kinds, of all about payments or about subscriptions.
func TestListenersHearOfWhatTheyAskedFor(t *testing.T) {
	t.Parallel()
	m := pasarela.Merchant{Listeners: []pasarela.Listener{
		{URL: "https://shop.example/all"},
		{URL: "https://shop.example/payments", Events: []pasarela.EventKind{"payment.*"}},
		{URL: "https://shop.example/subscriptions", Events: []pasarela.EventKind{"subscription.*"}},
		{URL: "https://shop.example/some", Events: []pasarela.EventKind{pasarela.EventPaymentRefunded, pasarela.EventSubscriptionCharged}},
	}}
	for kind, want := range map[pasarela.EventKind][]string{
		pasarela.EventPaymentCaptured:     {"https://shop.example/all", "https://shop.example/payments"},
		pasarela.EventPaymentRefunded:     {"https://shop.example/all", "https://shop.example/payments", "https://shop.example/some"},
		pasarela.EventSubscriptionCharged: {"https://shop.example/all", "https://shop.example/subscriptions", "https://shop.example/some"},
		pasarela.EventSubscriptionSkipped: {"https://shop.example/all", "https://shop.example/subscriptions"},
	} {
		notices, err := events.Teller{}.Notices(m, gateway.Change{Event: pasarela.Event{Kind: kind, At: dialecttest.Start, Data: []byte("{}")}})
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, n := range notices {
			told = append(told, n.URL)
			if n.Format != events.Format {
				t.Errorf("%s: the format is %q", kind, n.Format)
			}
		}
		if !slices.Equal(told, want) {
			t.Errorf("%s is told to %v, want %v", kind, told, want)
		}
	}
}

// A listener is told what the feed says: type, time and data, in the unit of work that does it.
func TestAListenerIsToldWhatTheFeedSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, err := w.Gateway.ChangeMerchant(t.Context(), w.Merchants["PE"].ID, func(m pasarela.Merchant) (pasarela.Merchant, error) {
		m.Listeners = []pasarela.Listener{{URL: "https://shop.example/events?from=pasarela"}}
		return m, nil
	})
	w.must(err)
	w.Merchants["PE"] = m
	w.pays("PE", 1698)
	told, err := w.Gateway.Store.Deliveries(t.Context(), m.ID, store.DeliveryFilter{}, "", 10)
	w.must(err)
	if len(told) != 1 {
		t.Fatalf("%d deliveries wait, want 1", len(told))
	}
	var body, event map[string]json.RawMessage
	w.must(json.Unmarshal(told[0].Body, &body))
	answer := w.ask("GET", "/v1/events", "Private-Merchant-Id", "pe-private")
	var feed struct{ Events []json.RawMessage }
	w.must(json.Unmarshal(answer.Body.Bytes(), &feed))
	w.must(json.Unmarshal(feed.Events[0], &event))
	if string(event["id"]) != `"evt_`+string(told[0].Event)+`"` {
		t.Errorf("the feed has %s, the delivery is of %s", event["id"], told[0].Event)
	}
	delete(event, "id")
	if len(body) != len(event) {
		t.Errorf("told is %s, the feed has %s", told[0].Body, feed.Events[0])
	}
	for name, value := range event {
		if string(body[name]) != string(value) {
			t.Errorf("%s is told as %s, the feed has %s", name, body[name], value)
		}
	}
	if d := told[0]; d.URL != "https://shop.example/events?from=pasarela" || d.Endpoint != "https://shop.example/events" || d.Format != events.Format {
		t.Errorf("the delivery goes to %s (%s) as %s", d.URL, d.Endpoint, d.Format)
	}
}
