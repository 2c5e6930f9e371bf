package webhook_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
	"pasarela/store/postgres"
	"pasarela/store/postgres/pgtest"
	"pasarela/store/sqlite"
	"pasarela/webhook"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience bounds every wait, on a machine that has other things to do as well.
const patience = 60 * time.Second

const merchant = pasarela.MerchantID("20000000000000000001")

// start is where the clock of every test begins.
var start = time.Date(2031, 3, 3, 16, 0, 0, 0, time.UTC)

// clock stands still unless it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a store with deliveries in it, and dispatchers that deliver them.
type rig struct {
	t     *testing.T
	open  func() store.Store // the same database once more, as another process does
	store store.Store
	clock *clock
	last  int
}

// onBoth plays a scenario on both stores.
func onBoth(t *testing.T, play func(t *testing.T, r *rig)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); play(t, newRig(t, onSQLite(t))) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); play(t, newRig(t, onPostgres(t))) })
}

func onSQLite(t *testing.T) func() (store.Store, error) {
	path := filepath.Join(t.TempDir(), "pasarela.db")
	return func() (store.Store, error) { return sqlite.Open(t.Context(), path, sqlite.Options{Synchronous: "OFF"}) }
}

func onPostgres(t *testing.T) func() (store.Store, error) {
	url := pgtest.URL(t)
	return func() (store.Store, error) { return postgres.Open(t.Context(), url, postgres.Options{MaxConns: 8}) }
}

func newRig(t *testing.T, open func() (store.Store, error)) *rig {
	r := &rig{t: t, clock: &clock{now: start}}
	r.open = func() store.Store {
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	r.store = r.open()
	r.addMerchant(merchant)
	return r
}

func (r *rig) addMerchant(id pasarela.MerchantID) {
	r.t.Helper()
	err := r.store.InsertMerchant(r.t.Context(), store.MerchantRecord{ID: id, Profile: []byte("{}"), CreatedAt: start})
	if err != nil {
		r.t.Fatal(err)
	}
}

// merchant is another merchant.
func (r *rig) merchant(i int) pasarela.MerchantID {
	r.t.Helper()
	id := pasarela.MerchantID(fmt.Sprintf("200000000001%08d", i))
	r.addMerchant(id)
	return id
}

// signer signs with what a test can recognize.
type signer struct{}

func (signer) Headers(m pasarela.Merchant, d pasarela.Delivery, at time.Time) (http.Header, error) {
	return http.Header{"X-Signature": {fmt.Sprintf("%s %s %d", m.ID, d.Body, at.Unix())}}, nil
}

// config is a dispatcher's; most tests change nothing of it.
func (r *rig) config() webhook.Config {
	return webhook.Config{
		Store: r.store,
		Merchant: func(_ context.Context, id pasarela.MerchantID) (pasarela.Merchant, error) {
			return pasarela.Merchant{ID: id}, nil
		},
		Signers: map[string]webhook.Signer{"test": signer{}},
		Sender:  r.sender(webhook.SenderConfig{AllowPrivate: true, UserAgent: "pasarela/test", Timeout: patience}),
		Clock:   r.clock,
		Log:     slog.New(slog.NewTextHandler(r.t.Output(), nil)),
	}
}

func (r *rig) sender(c webhook.SenderConfig) *webhook.Sender { return newSender(r.t, c) }

func newSender(t *testing.T, c webhook.SenderConfig) *webhook.Sender {
	s := webhook.NewSender(c)
	t.Cleanup(s.Close)
	return s
}

// run runs a dispatcher until the test ends, or until it is told to stop.
func (r *rig) run(c webhook.Config) (d *webhook.Dispatcher, stop func()) {
	d = webhook.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	r.t.Cleanup(stop)
	return d, stop
}

// owe writes a delivery that is due now. Its body is the subject and a number.
func (r *rig) owe(url, subject string) pasarela.Delivery {
	r.t.Helper()
	return r.oweAll(url, subject)[0]
}

// oweAll is owe for one delivery about each subject, in one unit of work.
func (r *rig) oweAll(url string, subjects ...string) (owed []pasarela.Delivery) {
	r.t.Helper()
	for _, subject := range subjects {
		owed = append(owed, r.owed(merchant, url, subject))
	}
	r.insert(merchant, owed)
	return owed
}

// oweEach writes one delivery to each of so many endpoints of a merchant.
func (r *rig) oweEach(m pasarela.MerchantID, url string, endpoints int) {
	r.t.Helper()
	var owed []pasarela.Delivery
	for i := range endpoints {
		owed = append(owed, r.owed(m, fmt.Sprintf("%s/%s/%d", url, m, i), "p1"))
	}
	r.insert(m, owed)
}

func (r *rig) owed(m pasarela.MerchantID, url, subject string) pasarela.Delivery {
	endpoint, _, _ := strings.Cut(url, "?")
	now := r.clock.Now()
	r.last++
	return pasarela.Delivery{Merchant: m, ID: number(r.last), Event: "1",
		Kind: pasarela.EventPaymentCaptured, Format: "test", URL: url, Endpoint: endpoint, Subject: subject,
		Body: fmt.Appendf(nil, "%s %d", subject, r.last), State: pasarela.DeliveryPending, Since: now, DueAt: now, CreatedAt: now, UpdatedAt: now}
}

func (r *rig) insert(m pasarela.MerchantID, owed []pasarela.Delivery) {
	r.t.Helper()
	err := r.store.Update(r.t.Context(), m, func(tx store.Tx) error {
		for _, d := range owed {
			if err := tx.InsertDelivery(d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// find is a delivery as it stands. It is only looked at, so that nobody who claims passes over it.
func (r *rig) find(id pasarela.DeliveryID) pasarela.Delivery {
	r.t.Helper()
	n, err := strconv.Atoi(string(id))
	if err != nil {
		r.t.Fatal(err)
	}
	found, err := r.store.Deliveries(r.t.Context(), merchant, store.DeliveryFilter{}, number(n-1), 1)
	if err != nil || len(found) != 1 || found[0].ID != id {
		r.t.Fatalf("%+v %v, want delivery %s", found, err, id)
	}
	return found[0]
}

func number(n int) pasarela.DeliveryID { return pasarela.DeliveryID(fmt.Sprintf("%018d", n)) }

func (r *rig) log(id pasarela.DeliveryID) []pasarela.DeliveryAttempt {
	r.t.Helper()
	log, err := r.store.DeliveryAttempts(r.t.Context(), merchant, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return log
}

// in says how many deliveries are in a state.
func (r *rig) in(s pasarela.DeliveryState) int {
	r.t.Helper()
	found, err := r.store.Deliveries(r.t.Context(), merchant, store.DeliveryFilter{State: s}, "", 1_000_000)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(found)
}

// until asks again and again until the answer is yes.
func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(patience)
	for !yes() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%s: not after %s", what, patience)
		}
	}
}

// receiver is a merchant's endpoint: it notes the bodies that it is sent, and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	answer func(body string, w http.ResponseWriter, r *http.Request)
}

func receive(t *testing.T, answer func(body string, w http.ResponseWriter, r *http.Request)) *receiver {
	e := &receiver{answer: answer}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender has gone
		}
		e.mu.Lock()
		e.bodies = append(e.bodies, string(body))
		answer := e.answer
		e.mu.Unlock()
		if answer != nil {
			answer(string(body), w, r)
		}
	}))
	t.Cleanup(e.Close)
	return e
}

// from now on the receiver answers like that.
func (e *receiver) from(answer func(body string, w http.ResponseWriter, r *http.Request)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = answer
}

func status(code int) func(string, http.ResponseWriter, *http.Request) {
	return func(_ string, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// hold keeps a request waiting until it is let go, or its sender has gone.
func hold(letGo <-chan struct{}, q *http.Request) {
	select {
	case <-letGo:
	case <-q.Context().Done():
	}
}

// got are the bodies that came, in the order of their coming.
func (e *receiver) got() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.bodies)
}

func (e *receiver) count() int { return len(e.got()) }
