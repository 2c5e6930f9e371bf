package webhook_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"pasarela"
	"pasarela/store"
	"pasarela/store/postgres"
	"pasarela/store/postgres/pgtest"
	"pasarela/store/sqlite"
	"pasarela/webhook"
)

// How many deliveries a second go out to a receiver that answers at once, in this process: each a request, its claim and
// its end on disk.
func BenchmarkDrain(b *testing.B) {
	for name, open := range map[string]func(b *testing.B) (store.Store, error){
		"sqlite": func(b *testing.B) (store.Store, error) {
			return sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "pasarela.db"), sqlite.Options{})
		},
		"postgres": func(b *testing.B) (store.Store, error) {
			return postgres.Open(b.Context(), pgtest.URL(b), postgres.Options{})
		},
	} {
		for _, endpoints := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/endpoints=%d", name, endpoints), func(b *testing.B) {
				s, err := open(b)
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = s.Close() }() // nothing is read any more
				drainAll(b, s, endpoints)
			})
		}
	}
}

func drainAll(b *testing.B, s store.Store, endpoints int) {
	var arrived atomic.Int64
	all := make(chan struct{})
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if arrived.Add(1) == int64(b.N) {
			close(all)
		}
	}))
	defer shop.Close()
	seed(b, s, shop.URL, endpoints)
	sender := webhook.NewSender(webhook.SenderConfig{AllowPrivate: true})
	defer sender.Close()
	d := webhook.New(webhook.Config{Store: s, Signers: map[string]webhook.Signer{"test": signer{}}, Sender: sender, Clock: pasarela.SystemClock{}, Log: slog.New(slog.DiscardHandler),
		Merchant: func(_ context.Context, id pasarela.MerchantID) (pasarela.Merchant, error) {
			return pasarela.Merchant{ID: id}, nil
		}})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan struct{})
	b.ResetTimer()
	go func() { defer close(ended); d.Run(ctx) }()
	<-all
	stop()
	<-ended // what became of the last is committed
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

// seed writes b.N deliveries, each about a subject of its own.
func seed(b *testing.B, s store.Store, url string, endpoints int) {
	now := pasarela.SystemClock{}.Now()
	if err := s.InsertMerchant(b.Context(), store.MerchantRecord{ID: merchant, Profile: []byte("{}"), CreatedAt: now}); err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 1500) // as long as a card's
	for from := 0; from < b.N; from += 1000 {
		err := s.Update(b.Context(), merchant, func(tx store.Tx) error {
			for i := from; i < min(from+1000, b.N); i++ {
				at := fmt.Sprintf("%s/%d", url, i%endpoints)
				err := tx.InsertDelivery(pasarela.Delivery{Merchant: merchant, ID: number(i), Event: "1", Kind: pasarela.EventPaymentCaptured, Format: "test", URL: at, Endpoint: at,
					Subject: fmt.Sprint(i), Body: body, State: pasarela.DeliveryPending, Since: now, DueAt: now, CreatedAt: now, UpdatedAt: now})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
