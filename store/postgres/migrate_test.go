package postgres

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pasarela"
	"pasarela/store"
	"pasarela/store/postgres/pgtest"
)

// oldRows fill the oldest schema (migration 1), as a gateway of that day left it. They are never changed.
const oldRows = `
	INSERT INTO merchants VALUES ('20000000000000000001', '\x7b7d', 'merchant/1', '\x01', '2026-03-01T12:00:00.123456Z');
	INSERT INTO credentials VALUES ('monri', 'hash', '20000000000000000001', 0);
	INSERT INTO payments (merchant, id, ticket, kind, state, amount, currency, captured, refunded, token, subscription, card_record, card,
		bin, last_four, length, brand, type, bank, country, holder, expiry, trace_stan, trace_rrn, trace_sent_at, follow_stan, follow_rrn,
		capture_stan, capture_rrn, operation, attempts, due_at, response_code, approval_code, dialect, details, created_at, updated_at)
	VALUES ('20000000000000000001', 'p', 't', 'sale', 'captured', 1698, 'USD', 1698, 0, 'k', '', '', NULL,
		'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'A', '2812', 1, 'r', '2026-03-01T12:00:00.123456Z', 0, '',
		0, '', '', 0, NULL, '00', 'A1', 'kushki', '\x7b7d', '2026-03-01T12:00:00.123456Z', '2026-03-01T12:00:00.123456Z');
	INSERT INTO payments (merchant, id, ticket, kind, state, amount, currency, captured, refunded, token, subscription, card_record, card,
		bin, last_four, length, brand, type, bank, country, holder, expiry, trace_stan, trace_rrn, trace_sent_at, follow_stan, follow_rrn,
		capture_stan, capture_rrn, operation, attempts, due_at, expires_at, response_code, approval_code, dialect, details, created_at, updated_at)
	VALUES ('20000000000000000001', 'h', 'u', 'authorization', 'capturing', 500, 'USD', 0, 0, 'l', '', 'token/l', '\x0700',
		'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'A', '2812', 2, 's', '2026-03-01T12:00:00.123456Z', 3, 'v',
		0, '', 'o', 0, '2026-03-01T12:00:00.123456Z', '2026-03-01T12:00:00.123456Z', '00', 'A2', 'kushki', '\x7b7d', '2026-03-01T12:00:00.123456Z', '2026-03-01T12:00:00.123456Z');
	INSERT INTO tokens VALUES ('20000000000000000001', 'k', 'charge', 'token/k', '\x01', 'token/k', '\x02',
		'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'A', '2812', 'f', 1698, 'USD', true, '\x7b7d',
		'2026-03-01T12:00:00.123456Z', '2026-03-01T12:00:00.123456Z', NULL);
	INSERT INTO operations VALUES ('20000000000000000001', 'o', 'h', 'w', 'capture', 'pending', 500, 'USD', 3, 'v', '2026-03-01T12:00:00.123456Z',
		'', '', '\x7b7d', '2026-03-01T12:00:00.123456Z', '2026-03-01T12:00:00.123456Z');
	INSERT INTO postings VALUES ('20000000000000000001', '1', 'p', 'sale', 'acquirer_receivable', 'merchant_payable', 1698, 'USD', '2026-03-01T12:00:00.123456Z');`

// connect reaches a database as another program does.
func connect(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func openStore(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, Options{})
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

// oldSubscriptions are rows of the first schema too: one that a merchant charges, and one whose card is being verified.
const oldSubscriptions = `
	INSERT INTO subscriptions VALUES ('20000000000000000001', 'a', 'active', 'token/k', '\x01',
		'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'A', '2812', 'f', 'Gold', 'monthly', 1698, 'USD', '2026-01-31', '', '\x7b7d',
		NULL, '2026-03-01T12:00:00.123456Z', '2026-03-01T12:00:00.123456Z');
	INSERT INTO subscriptions SELECT merchant, 'v', 'verifying', card_record, card, bin, last_four, length, brand, type, bank, country, holder,
		expiry, fingerprint, plan, periodicity, amount, currency, start_date, end_date, details, created_at, created_at, updated_at
	FROM subscriptions;`

// What was stored under any schema since the first is there after a migration, and readable.
func TestMigrateFromTheOldest(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	steps, err := readMigrations(migrations)
	if err != nil {
		t.Fatal(err)
	}
	pool := connect(t, url)
	if err := migrate(t.Context(), pool, steps[:1]); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), oldRows+oldSubscriptions); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, url)
	p, err := s.Payment(t.Context(), "20000000000000000001", "p")
	if err != nil || p.Captured != 1698 || p.CreatedAt.UnixMicro() != 1772366400123456 {
		t.Errorf("payment: got %+v and error %v", p, err)
	}
	oldRowsReadAsBefore(t, s)
	oldSubscriptionsWait(t, s)
	if m, err := s.Merchant(t.Context(), "20000000000000000001"); err != nil || len(m.Credentials) != 1 {
		t.Errorf("merchant: got %+v and error %v", m, err)
	}
	if b, err := s.Balances(t.Context(), "20000000000000000001"); err != nil || b["USD"]["merchant_payable"] != -1698 {
		t.Errorf("balances: got %v and error %v", b, err)
	}
}

// oldRowsReadAsBefore looks at rows of the first schema: what later ones added is zero in them, and can be put.
func oldRowsReadAsBefore(t *testing.T, s *Store) {
	t.Helper()
	const m = "20000000000000000001"
	written := time.UnixMicro(1772366400123456).UTC()
	facts := pasarela.CardFacts{BIN: "545195", LastFour: "5480", Length: 16, Brand: "mastercard", Type: "credit", Country: "EC", Holder: "A", Expiry: "2812"}
	token := pasarela.Token{
		Merchant: m, ID: "k", Use: pasarela.UseCharge, Card: pasarela.Sealed{Record: "token/k", Bytes: []byte{1}}, CVV: pasarela.Sealed{Record: "token/k", Bytes: []byte{2}},
		Facts: facts, Fingerprint: "f", Total: pasarela.Money{Minor: 1698, Currency: "USD"}, Deferred: true, Details: []byte("{}"), CreatedAt: written, ExpiresAt: written,
	}
	if got, err := s.Token(t.Context(), m, "k"); err != nil || !reflect.DeepEqual(got, token) {
		t.Errorf("token: got %+v and error %v, want %+v", got, err, token)
	}
	operation := pasarela.Operation{
		Merchant: m, ID: "o", Payment: "h", Ticket: "w", Kind: pasarela.OpCapture, State: pasarela.OpPending, Amount: pasarela.Money{Minor: 500, Currency: "USD"},
		Trace: pasarela.Trace{STAN: 3, RRN: "v", SentAt: written}, Order: []byte("{}"), CreatedAt: written, UpdatedAt: written,
	}
	if got, err := s.Operation(t.Context(), m, "o"); err != nil || !reflect.DeepEqual(got, operation) {
		t.Errorf("operation: got %+v and error %v, want %+v", got, err, operation)
	}
	held := pasarela.Payment{
		Merchant: m, ID: "h", Ticket: "u", Kind: pasarela.KindAuthorization, State: pasarela.StateCapturing, Amount: pasarela.Money{Minor: 500, Currency: "USD"},
		Token: "l", Card: pasarela.Sealed{Record: "token/l", Bytes: []byte{7, 0}}, Facts: facts, Trace: pasarela.Trace{STAN: 2, RRN: "s", SentAt: written},
		Follow: pasarela.Trace{STAN: 3, RRN: "v"}, Operation: "o", DueAt: written, ExpiresAt: written, ResponseCode: "00", ApprovalCode: "A2", Dialect: "kushki",
		Order: []byte("{}"), CreatedAt: written, UpdatedAt: written,
	}
	for _, state := range []pasarela.PaymentState{pasarela.StateCapturing, pasarela.StateExtending} {
		if got, err := s.Payment(t.Context(), m, "h"); err != nil || !reflect.DeepEqual(got, held) {
			t.Errorf("%s payment: got %+v and error %v, want %+v", state, got, err, held)
		}
		if n, err := s.PendingPayments(t.Context(), m); err != nil || n != 1 {
			t.Errorf("%s payment: %d pending and error %v, want 1", state, n, err)
		}
		held.State, held.Reauthorized = pasarela.StateExtending, 200
		if err := s.Update(t.Context(), m, func(tx store.Tx) error { return tx.PutPayment(held) }); err != nil {
			t.Errorf("put payment: %v", err)
		}
	}
}

// oldSubscriptionsWait looks at subscriptions of the first schema: none is charged before its terms are changed, and one
// whose card was being verified is still found.
func oldSubscriptionsWait(t *testing.T, s *Store) {
	t.Helper()
	const m = "20000000000000000001"
	written := time.UnixMicro(1772366400123456).UTC()
	old := pasarela.Subscription{
		Merchant: m, ID: "a", State: pasarela.SubscriptionActive, Card: pasarela.Sealed{Record: "token/k", Bytes: []byte{1}},
		Facts:       pasarela.CardFacts{BIN: "545195", LastFour: "5480", Length: 16, Brand: "mastercard", Type: "credit", Country: "EC", Holder: "A", Expiry: "2812"},
		Fingerprint: "f", Plan: "Gold", Periodicity: pasarela.Monthly, Amount: pasarela.Money{Minor: 1698, Currency: "USD"}, StartDate: "2026-01-31",
		Dialect: "kushki", Order: []byte("{}"), CreatedAt: written, UpdatedAt: written,
	}
	if got, err := s.Subscription(t.Context(), m, "a"); err != nil || !reflect.DeepEqual(got, old) {
		t.Errorf("subscription: got %+v and error %v, want %+v", got, err, old)
	}
	if ids, err := s.DueSubscriptions(t.Context(), m, written, 10); err != nil || !reflect.DeepEqual(ids, []pasarela.SubscriptionID{"v"}) {
		t.Errorf("due subscriptions: got %v and error %v, want v", ids, err)
	}
	if ids, err := s.BillableSubscriptions(t.Context(), m, written, 10); err != nil || len(ids) != 0 {
		t.Errorf("billable subscriptions: got %v and error %v, want none", ids, err)
	}
	planned := old.Planned(written, nil)
	if err := s.Update(t.Context(), m, func(tx store.Tx) error { return tx.PutSubscription(planned) }); err != nil {
		t.Errorf("put subscription: %v", err)
	}
	if ids, err := s.BillableSubscriptions(t.Context(), m, planned.DueAt, 10); err != nil || !reflect.DeepEqual(ids, []pasarela.SubscriptionID{"a"}) {
		t.Errorf("billable subscriptions after a change: got %v and error %v, want a", ids, err)
	}
}

// A second step runs alone where the first has run, and all or nothing of it.
func TestMigrateStepByStep(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"migrations/0001_a.sql": {Data: []byte(`CREATE TABLE a (n INTEGER); INSERT INTO a VALUES (1);`)},
		"migrations/0002_b.sql": {Data: []byte(`ALTER TABLE a ADD COLUMN m INTEGER; INSERT INTO a VALUES (2, 2);`)},
		"migrations/0003_c.sql": {Data: []byte(`INSERT INTO a VALUES (3, 3); INSERT INTO nowhere VALUES (1);`)},
	}
	steps, err := readMigrations(files)
	if err != nil {
		t.Fatal(err)
	}
	pool := connect(t, pgtest.URL(t))
	for _, upTo := range []int{1, 2, 2} {
		if err := migrate(t.Context(), pool, steps[:upTo]); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(t.Context(), pool, steps); pasarela.CodeOf(err) != pasarela.CodeInternal || err == nil {
		t.Errorf("step with a mistake: got error %v", err)
	}
	var rows, version int
	err = pool.QueryRow(t.Context(), `SELECT (SELECT COUNT(*) FROM a), (SELECT MAX(version) FROM schema_migrations)`).Scan(&rows, &version)
	if err != nil || rows != 2 || version != 2 {
		t.Errorf("%d rows at version %d and error %v, want 2 at 2", rows, version, err)
	}
}

// Several processes may start on one new database at once.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := Migrate(t.Context(), url); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// An operator who migrates by hand is told so, and a program older than its database does not touch it.
func TestMigrateRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	if _, err := Open(t.Context(), url, Options{NoMigrate: true}); err == nil || !strings.Contains(err.Error(), "run pasarela migrate") {
		t.Errorf("older schema: got error %v", err)
	}
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), url, Options{NoMigrate: true})
	if err != nil {
		t.Fatalf("schema that is up to date: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := connect(t, url).Exec(t.Context(), `INSERT INTO schema_migrations VALUES (9999)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), url, Options{}); err == nil || !strings.Contains(err.Error(), "newer pasarela") {
		t.Errorf("newer schema: got error %v", err)
	}
}

// Tenancy: a key that does not begin with the merchant belongs to the installation, and there are no others.
func TestKeysBeginWithTheMerchant(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	rows, err := connect(t, url).Query(t.Context(), `
		SELECT i.indexrelid::regclass::text, a.attname::text
		FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
		WHERE c.relnamespace = 'public'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	type key struct{ Index, Column string }
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByPos[key])
	if err != nil {
		t.Fatal(err)
	}
	ofInstallation := map[string]bool{"keysets_pkey": true, "bin_files_pkey": true, "pings_pkey": true, "schema_migrations_pkey": true, "credentials_pkey": true}
	for _, k := range keys {
		if k.Column != "merchant" && !ofInstallation[k.Index] {
			t.Errorf("index %s begins with %s", k.Index, k.Column)
		}
	}
	if len(keys) < 10 {
		t.Errorf("only %d indexes were found", len(keys))
	}
}
