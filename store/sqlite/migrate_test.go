package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"pasarela"
	"pasarela/store"
)

// oldRows fill the oldest schema (migration 1), as a gateway of that day left it. They are never changed.
const oldRows = `
	INSERT INTO merchants VALUES ('20000000000000000001', x'7b7d', 'merchant/1', x'01', 1772366400123456);
	INSERT INTO credentials VALUES ('monri', 'hash', '20000000000000000001', 0);
	INSERT INTO payments (merchant, id, ticket, kind, state, amount, currency, captured, refunded, token, subscription, card_record, card,
		bin, last_four, length, brand, type, bank, country, holder, expiry, trace_stan, trace_rrn, trace_sent_at, follow_stan, follow_rrn,
		capture_stan, capture_rrn, operation, attempts, due_at, response_code, approval_code, dialect, details, created_at, updated_at)
	VALUES ('20000000000000000001', 'p', 't', 'sale', 'captured', 1698, 'USD', 1698, 0, 'k', '', '', NULL,
		'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'A', '2812', 1, 'r', 1772366400123456, 0, '',
		0, '', '', 0, NULL, '00', 'A1', 'kushki', x'7b7d', 1772366400123456, 1772366400123456);
	INSERT INTO payments (merchant, id, ticket, kind, state, amount, currency, captured, refunded, token, subscription, card_record, card,
		bin, last_four, length, brand, type, bank, country, holder, expiry, trace_stan, trace_rrn, trace_sent_at, follow_stan, follow_rrn,
		capture_stan, capture_rrn, operation, attempts, due_at, expires_at, response_code, approval_code, dialect, details, created_at, updated_at)
	VALUES ('20000000000000000001', 'h', 'u', 'authorization', 'capturing', 500, 'USD', 0, 0, 'l', '', 'token/l', x'0700',
		'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'A', '2812', 2, 's', 1772366400123456, 3, 'v',
		0, '', 'o', 0, 1772366400123456, 1772366400123456, '00', 'A2', 'kushki', x'7b7d', 1772366400123456, 1772366400123456);
	INSERT INTO tokens VALUES ('20000000000000000001', 'k', 'charge', 'token/k', x'01', 'token/k', x'02',
		'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'A', '2812', 'f', 1698, 'USD', 1, x'7b7d',
		1772366400123456, 1772366400123456, NULL);
	INSERT INTO operations VALUES ('20000000000000000001', 'o', 'h', 'w', 'capture', 'pending', 500, 'USD', 3, 'v', 1772366400123456,
		'', '', x'7b7d', 1772366400123456, 1772366400123456);
	INSERT INTO postings VALUES ('20000000000000000001', '1', 'p', 'sale', 'acquirer_receivable', 'merchant_payable', 1698, 'USD', 1772366400123456);`

// oldSubscriptions are rows of the first schema too: one that a merchant charges, and one whose card is being verified.
const oldSubscriptions = `
	INSERT INTO subscriptions VALUES ('20000000000000000001', 'a', 'active', 'token/k', x'01',
		'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'A', '2812', 'f', 'Gold', 'monthly', 1698, 'USD', '2026-01-31', '', x'7b7d',
		NULL, 1772366400123456, 1772366400123456);
	INSERT INTO subscriptions SELECT merchant, 'v', 'verifying', card_record, card, bin, last_four, length, brand, type, bank, country, holder,
		expiry, fingerprint, plan, periodicity, amount, currency, start_date, end_date, details, created_at, created_at, updated_at
	FROM subscriptions;`

// What was stored under any schema since the first is there after a migration, and readable.
func TestMigrateFromTheOldest(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pasarela.db")
	steps, err := readMigrations(migrations)
	if err != nil {
		t.Fatal(err)
	}
	onFile(t, path, func(conn *sql.Conn) error {
		if err := migrate(t.Context(), conn, steps[:1]); err != nil {
			return err
		}
		_, err := conn.ExecContext(t.Context(), oldRows+oldSubscriptions)
		return err
	})
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
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
	if err := s.Close(); err != nil {
		t.Error(err)
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
	path := filepath.Join(t.TempDir(), "pasarela.db")
	files := fstest.MapFS{
		"migrations/0001_a.sql": {Data: []byte(`CREATE TABLE a (n INTEGER) STRICT; INSERT INTO a VALUES (1);`)},
		"migrations/0002_b.sql": {Data: []byte(`ALTER TABLE a ADD COLUMN m INTEGER; INSERT INTO a VALUES (2, 2);`)},
		"migrations/0003_c.sql": {Data: []byte(`INSERT INTO a VALUES (3, 3); INSERT INTO nowhere VALUES (1);`)},
	}
	steps, err := readMigrations(files)
	if err != nil {
		t.Fatal(err)
	}
	onFile(t, path, func(conn *sql.Conn) error {
		for _, upTo := range []int{1, 2, 2} {
			if err := migrate(t.Context(), conn, steps[:upTo]); err != nil {
				return err
			}
		}
		if err := migrate(t.Context(), conn, steps); pasarela.CodeOf(err) != pasarela.CodeInternal || err == nil {
			t.Errorf("step with a mistake: got error %v", err)
		}
		var rows, version int
		err := errors.Join(
			conn.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM a`).Scan(&rows),
			conn.QueryRowContext(t.Context(), `SELECT MAX(version) FROM schema_migrations`).Scan(&version))
		if rows != 2 || version != 2 {
			t.Errorf("%d rows at version %d, want 2 at 2", rows, version)
		}
		return err
	})
}

// Several processes may start on one new file at once.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pasarela.db")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := Migrate(t.Context(), path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// An operator who migrates by hand is told so, and a program older than its file does not touch it.
func TestMigrateRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pasarela.db")
	if _, err := Open(t.Context(), path, Options{NoMigrate: true}); err == nil || !strings.Contains(err.Error(), "run pasarela migrate") {
		t.Errorf("older schema: got error %v", err)
	}
	if err := Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, Options{NoMigrate: true})
	if err != nil {
		t.Fatalf("schema that is up to date: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	onFile(t, path, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(t.Context(), `INSERT INTO schema_migrations VALUES (9999)`)
		return err
	})
	if _, err := Open(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "newer pasarela") {
		t.Errorf("newer schema: got error %v", err)
	}
}

// Tenancy: a key that does not begin with the merchant belongs to the installation, and there are no others.
func TestKeysBeginWithTheMerchant(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pasarela.db")
	if err := Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	ofInstallation := map[string]bool{"keysets": true, "bin_files": true, "pings": true, "schema_migrations": true, "sqlite_autoindex_credentials_1": true}
	onFile(t, path, func(conn *sql.Conn) error {
		rows, err := conn.QueryContext(t.Context(), `
			SELECT m.tbl_name, m.name, (SELECT name FROM pragma_index_info(m.name) WHERE seqno = 0)
			FROM sqlite_schema m WHERE m.type = 'index'`)
		if err != nil {
			return err
		}
		defer rows.Close()
		checked := 0
		for rows.Next() {
			var table, index, column string
			if err := rows.Scan(&table, &index, &column); err != nil {
				return err
			}
			checked++
			if column != "merchant" && !ofInstallation[table] && !ofInstallation[index] {
				t.Errorf("index %s of %s begins with %s", index, table, column)
			}
		}
		if checked < 10 {
			t.Errorf("only %d indexes were found", checked)
		}
		return rows.Err()
	})
}

// onFile works on the file as another program does.
func onFile(t *testing.T, path string, work func(conn *sql.Conn) error) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, []string{"journal_mode(WAL)"}))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(context.WithoutCancel(t.Context()))
	if err == nil {
		err = errors.Join(work(conn), conn.Close())
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
