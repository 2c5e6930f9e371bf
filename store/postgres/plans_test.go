package postgres

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pasarela/store"
	"pasarela/store/postgres/pgtest"
	"pasarela/store/storetest"
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
	storetest.AskAll(t, s)
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
			sorted := strings.Contains(line, "Sort") && strings.Contains(statement, "FROM customers") // a page of them is read in order
			if strings.Contains(line, "Seq Scan on") || sorted || (filtered && wide.MatchString(line)) {
				t.Errorf("%s\nplan:\n%s", statement, strings.Join(plan, "\n"))
				break
			}
			checked += strings.Count(line, "Index Cond")
		}
	}
	if checked < 60 {
		t.Errorf("only %d uses of an index were seen", checked)
	}
}

// wide is a look at an index that has a whole merchant or endpoint before it.
var wide = regexp.MustCompile(`Cond: \(+merchant = \(*\$\d+\)*(::text)?\)*( AND \(endpoint = \$\d+\)+)?$`)

// plans explains every statement that a connection has prepared.
func plans(t *testing.T, conn *pgx.Conn) map[string][]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT name, statement, cardinality(parameter_types) FROM pg_prepared_statements
		WHERE statement ~* '(tokens|authentications|redirects|customers|payments|operations|subscriptions|periods|events|event_heads|deliveries|delivery_attempts|keys|postings|balances|credentials|merchants)'`, pgx.QueryExecModeSimpleProtocol)
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

// However many deliveries wait, listing the endpoints with something due looks at few rows for each.
func TestDueEndpointsLooksAtFewRows(t *testing.T) {
	t.Parallel()
	const endpoints, waiting = 20, 2000
	s, err := Open(t.Context(), pgtest.URL(t), Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := time.Now()
	if _, err := s.DueEndpoints(t.Context(), now, store.Endpoint{}, 1); err != nil { // prepares it on an empty table
		t.Fatal(err)
	}
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	_, err = conn.Exec(t.Context(), `
		INSERT INTO deliveries (merchant, id, event, kind, format, url, endpoint, subject, state, attempts, tries, due_at)
		SELECT $1, n::text, 'e', 'k', 'f', 'u', 'https://' || n % $2, n::text, 'pending', 0, 0, $4::timestamptz - n % 3 * interval '1 hour'
		FROM generate_series(1, $3::bigint) n`, string(shop), endpoints, waiting, now)
	if err != nil {
		t.Fatal(err)
	}
	looked := lookedAt(t, analyze(t, conn.Conn(), "%RECURSIVE e (merchant, endpoint)%", now), " on deliveries")
	if looked < endpoints || looked > 3*endpoints {
		t.Errorf("%v rows of %d were looked at, want at most 3 for each of %d endpoints", looked, waiting, endpoints)
	}
}

// analyze carries out the prepared statement that is like text, with the plan that was made for no values in particular.
func analyze(t *testing.T, conn *pgx.Conn, text string, now time.Time) []string {
	t.Helper()
	var name string
	err := conn.QueryRow(t.Context(), `SELECT name FROM pg_prepared_statements WHERE statement LIKE $1`, pgx.QueryExecModeSimpleProtocol, text).Scan(&name)
	if err == nil {
		_, err = conn.Exec(t.Context(), `SET plan_cache_mode = force_generic_plan`)
	}
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN (ANALYZE, TIMING OFF) EXECUTE "+name+"('', '', '"+now.Format(time.RFC3339)+"', 1000)", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("explain %s: %v", name, err)
	}
	return lines
}

// lookedAt adds up how many rows the lines of a plan that name a table have found.
func lookedAt(t *testing.T, plan []string, table string) (sum float64) {
	t.Helper()
	counted := regexp.MustCompile(`actual rows=([\d.]+) loops=(\d+)`)
	for _, line := range plan {
		found := counted.FindStringSubmatch(line)
		if found == nil || !strings.Contains(line, table) {
			continue
		}
		rows, err := strconv.ParseFloat(found[1], 64)
		loops, err2 := strconv.ParseFloat(found[2], 64)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		sum += rows * loops
	}
	return sum
}
