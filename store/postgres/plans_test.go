package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
	"pasarela/store/postgres/pgtest"
)

// PostgreSQL may keep a plan for as long as a connection lives, so the one that it makes while the tables
// are empty has to serve when they are full: no question walks over a table, or over all rows of a merchant.
func TestPlansMadeOnEmptyTables(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), pgtest.URL(t), Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	askAll(t, s)
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SET plan_cache_mode = force_generic_plan`); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for statement, plan := range plans(t, conn.Conn()) {
		for i, line := range plan {
			filtered := i+1 < len(plan) && strings.Contains(plan[i+1], "Filter:")
			if strings.Contains(line, "Seq Scan on") || (filtered && strings.HasSuffix(line, "Cond: (merchant = $1)")) {
				t.Errorf("%s\nplan:\n%s", statement, strings.Join(plan, "\n"))
				break
			}
			checked += strings.Count(line, "Index Cond")
		}
	}
	if checked < 29 {
		t.Errorf("only %d uses of an index were seen", checked)
	}
}

// askAll runs the statements that a gateway runs all day.
func askAll(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), pasarela.SystemClock{}.Now()
	unit := func(run func(tx store.Tx) error) error { return s.Update(ctx, shop, run) }
	ignore := func(_ any, err error) error { return err }
	for i, err := range []error{
		ignore(s.Token(ctx, shop, "k")), ignore(s.Authentication(ctx, shop, "a")), ignore(s.Redirect(ctx, shop, "r")), ignore(s.Payment(ctx, shop, "p")), ignore(s.PaymentByTicket(ctx, shop, "t")),
		ignore(s.Operation(ctx, shop, "o")), ignore(s.OperationByTicket(ctx, shop, "t")), ignore(s.Subscription(ctx, shop, "s")),
		ignore(s.Key(ctx, shop, "n")), ignore(s.Due(ctx, shop, now, 10)), ignore(s.DueSubscriptions(ctx, shop, now, 10)),
		ignore(s.Payments(ctx, shop, "", 10)), ignore(s.PaymentBalances(ctx, shop, []pasarela.PaymentID{"p"})), ignore(s.Balances(ctx, shop)),
		ignore(s.PendingPayments(ctx, shop)), s.RollUp(ctx, shop, "1"), ignore(s.MerchantByCredential(ctx, store.Credential{})), ignore(s.Merchant(ctx, shop)),
		unit(func(tx store.Tx) error { return tx.SpendToken("k", now) }),
		unit(func(tx store.Tx) error { return tx.PutAuthentication(pasarela.Authentication{}) }),
		unit(func(tx store.Tx) error { return tx.PutRedirect(pasarela.Redirect{}) }),
		unit(func(tx store.Tx) error { return tx.PutPayment(pasarela.Payment{}) }),
		unit(func(tx store.Tx) error { return tx.PutOperation(pasarela.Operation{}) }),
		unit(func(tx store.Tx) error { return tx.PutSubscription(pasarela.Subscription{}) }),
		unit(func(tx store.Tx) error { return tx.AnswerKey("n", "h", 200, nil) }),
		unit(func(tx store.Tx) error { return tx.DropKey("n", "h") }),
		unit(func(tx store.Tx) error { return ignore(tx.ForgetTokens(now, now.Add(-time.Hour), 10)) }),
		unit(func(tx store.Tx) error { return ignore(tx.ForgetKeys(now, 10)) }),
		unit(func(tx store.Tx) error { return ignore(tx.ForgetAuthentications(now, now, 10)) }),
		unit(func(tx store.Tx) error { return ignore(tx.ForgetRedirects(now, 10)) }),
		unit(func(tx store.Tx) error {
			return tx.Post([]ledger.Posting{{ID: "1", Debit: ledger.IssuerHolds, Credit: ledger.MerchantPending, Amount: pasarela.Money{Minor: 1}}})
		}),
	} {
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("question %d: %v", i, err)
		}
	}
}

// plans explains every statement that a connection has prepared.
func plans(t *testing.T, conn *pgx.Conn) map[string][]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT name, statement, cardinality(parameter_types) FROM pg_prepared_statements
		WHERE statement ~* '(tokens|authentications|redirects|payments|operations|subscriptions|keys|postings|balances|credentials|merchants)'`, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	type prepared struct {
		Name, Statement string
		Parameters      int
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[prepared])
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, p := range all {
		found[p.Statement] = explain(t.Context(), t, conn, p.Name, p.Parameters)
	}
	return found
}

func explain(ctx context.Context, t *testing.T, conn *pgx.Conn, name string, parameters int) []string {
	t.Helper()
	nulls := strings.TrimSuffix(strings.Repeat("NULL, ", parameters), ", ")
	rows, err := conn.Query(ctx, "EXPLAIN EXECUTE "+name+"("+nulls+")", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("explain %s: %v", name, err)
	}
	return lines
}
