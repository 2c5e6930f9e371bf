package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

// shop is the merchants' side: one endpoint that answers at once, and any number that never do.
type shop struct {
	address string
	server  *http.Server
	serving chan error

	mu      sync.Mutex
	got     int           // guarded by mu
	last    time.Time     // of the last one; guarded by mu
	hang    int           // requests that hang; guarded by mu
	most    int           // of them at once; guarded by mu
	changed chan struct{} // closed by the next change; guarded by mu
}

func openShop() (*shop, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &shop{address: "http://" + l.Addr().String(), serving: make(chan error, 1), changed: make(chan struct{})}
	s.server = &http.Server{Handler: s}
	go func() { s.serving <- s.server.Serve(l) }()
	return s, nil
}

func (s *shop) close() error {
	err := s.server.Close()
	if served := <-s.serving; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func (s *shop) good() string         { return s.address + "/good" }
func (s *shop) hanging(i int) string { return s.address + "/hang/" + strconv.Itoa(i) }

// ServeHTTP implements http.Handler.
func (s *shop) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // it has arrived, whatever is wrong with its end; only then is its sender's going noticed
	if !strings.HasPrefix(r.URL.Path, "/hang/") {
		s.note(func() { s.got, s.last = s.got+1, time.Now() })
		return
	}
	s.note(func() { s.hang++; s.most = max(s.most, s.hang) })
	<-r.Context().Done()
	s.note(func() { s.hang-- })
}

func (s *shop) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *shop) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

func (s *shop) mostHanging() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// toldWithin bounds every wait for what is told.
const toldWithin = 2 * time.Minute

// until waits until yes, asked under the lock, and tells when the last delivery came.
func (s *shop) until(ctx context.Context, yes func() bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, toldWithin)
	defer cancel()
	for {
		s.mu.Lock()
		there, last, changed := yes(), s.last, s.changed
		s.mu.Unlock()
		if there {
			return last, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return last, ctx.Err()
		}
	}
}

// await waits until so many have arrived.
func (s *shop) await(ctx context.Context, n int) (time.Time, error) {
	return s.until(ctx, func() bool { return s.got >= n })
}

// awaitHanging waits until so many hang, or most of them where some are given up before the last come.
func (s *shop) awaitHanging(ctx context.Context, n int) error {
	_, err := s.until(ctx, func() bool { return s.hang >= n*9/10 })
	return err
}

// awaitNobody waits until no request hangs.
func (s *shop) awaitNobody(ctx context.Context) error {
	_, err := s.until(ctx, func() bool { return s.hang == 0 })
	return err
}

// settle waits until nothing has arrived for a while.
func (s *shop) settle(ctx context.Context) error {
	for before := -1; before != s.count(); {
		before = s.count()
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// toldMerchant is a merchant that is told of its payments.
type toldMerchant struct {
	merchant
	id pasarela.MerchantID
}

func (b *webhookBench) data() string { return filepath.Join(b.folder, "gateway") }

func (b *webhookBench) addTold(ctx context.Context) (err error) {
	c, err := dial(ctx, b.gateway.address)
	if err != nil {
		return err
	}
	defer c.close()
	b.told, err = addTold(c, "Told", b.shop.good())
	return err
}

// hangingMerchants share the endpoints that hang.
const hangingMerchants = 20

// addHanging adds merchants whose endpoints hang, and has deliveries wait for these.
func (b *webhookBench) addHanging(ctx context.Context, endpoints int) error {
	c, err := dial(ctx, b.gateway.address)
	if err != nil {
		return err
	}
	defer c.close()
	for i := range hangingMerchants {
		m, err := addTold(c, "Hangs "+strconv.Itoa(i), b.shop.hanging(i))
		if err != nil {
			return err
		}
		mine := (endpoints + hangingMerchants - 1 - i) / hangingMerchants // of merchant i: i, i + hangingMerchants, ...
		err = b.seed(ctx, m.id, mine*eachHangs, func(k int) string { return b.shop.hanging(i + k%mine*hangingMerchants) })
		if err != nil {
			return err
		}
	}
	return nil
}

func addTold(c *connection, name, url string) (toldMerchant, error) {
	body := fmt.Sprintf(`{"name":%q,"country":"EC","currency":"USD","three_ds":"off","webhooks":[{"events":[],"urls":[%q]}]}`, name, url)
	status, answer, err := c.do(post("/sandbox/v1/merchants", "Accept", "application/json", body).bytes)
	if err != nil {
		return toldMerchant{}, err
	}
	id, _ := member(answer, "merchant_id")
	publicID, _ := member(answer, "public_merchant_id")
	privateID, _ := member(answer, "private_merchant_id")
	if status != http.StatusOK || len(id) == 0 {
		return toldMerchant{}, fmt.Errorf("adding a merchant was answered %d: %.200s", status, answer)
	}
	return toldMerchant{merchant{publicID: string(publicID), privateID: string(privateID), currency: "USD"}, pasarela.MerchantID(id)}, nil
}

// seed writes deliveries, each about a subject of its own, beside the gateway or before it starts.
func (b *webhookBench) seed(ctx context.Context, m pasarela.MerchantID, n int, url func(i int) string) (err error) {
	databaseURL := ""
	if b.row.Store == Postgres {
		databaseURL = b.DatabaseURL
	}
	s, err := b.asked.Open(ctx, b.data(), databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	now := time.Now().UTC().Truncate(time.Microsecond)
	body := []byte(`{"ticket_number":"` + strings.Repeat("1", 1500) + `"}`) // as long as a card's
	for done := 0; done < n; done += seedUnit {
		err := s.Update(ctx, m, func(tx store.Tx) error {
			for i := done; i < min(done+seedUnit, n); i++ {
				to := url(i)
				err := tx.InsertDelivery(pasarela.Delivery{Merchant: m, ID: pasarela.DeliveryID(fmt.Sprintf("%d%06d", now.UnixMicro(), i)), Event: "1",
					Kind: pasarela.EventPaymentCaptured, Format: "kushki", URL: to, Endpoint: to, Subject: strconv.Itoa(i), Body: body,
					State: pasarela.DeliveryPending, Since: now, DueAt: now, CreatedAt: now, UpdatedAt: now})
				if err != nil {
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
