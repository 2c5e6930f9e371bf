package sqlite

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pasarela/store/storetest"
)

// No question of a gateway walks over a table, or over all rows of a merchant or all that waits for an endpoint.
func TestPlans(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "pasarela.db"), Options{Synchronous: "OFF"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	storetest.AskAll(t, s)
	searches := 0
	for _, prepared := range []*statements{s.reads, s.writer.stmts} {
		for _, query := range slices.Sorted(maps.Keys(prepared.byQuery)) {
			plan := explain(t, s, query)
			searches += strings.Count(plan, "SEARCH")
			if strings.Contains(plan, "TEMP B-TREE") && strings.Contains(query, "FROM customers") { // a page of them is read in order
				t.Errorf("%s\nplan:\n%s", query, plan)
			}
			for _, found := range walk.FindAllStringSubmatch(plan, -1) {
				if whole[found[1]] {
					continue
				}
				t.Errorf("%s\nplan:\n%s", query, plan)
			}
		}
	}
	if searches < 60 {
		t.Errorf("only %d uses of an index were seen", searches)
	}
}

// walk is a scan of a table, or a search along an index by nothing but a merchant or an endpoint.
var walk = regexp.MustCompile(`SCAN (?:[a-z_]{4,}s|[dmps])\b|USING (?:COVERING )?INDEX (\w+ \((?:merchant[=>]\?|merchant=\? AND endpoint=\?)\))`)

// whole are the searches of which all that is found is wanted, or the first or last of it.
var whole = map[string]bool{
	"payments_pending (merchant=?)": true, "periods_open (merchant=?)": true, "credentials_merchant (merchant=?)": true,
	"events_place (merchant=?)": true, "customers_latest (merchant=?)": true, "deliveries_due (merchant>?)": true,
	"sqlite_autoindex_merchants_1 (merchant=?)": true, "sqlite_autoindex_merchants_1 (merchant>?)": true,
	"sqlite_autoindex_roll_ups_1 (merchant=?)": true, "sqlite_autoindex_balances_1 (merchant=?)": true,
}

// parameter is one in a statement, numbered or not.
var parameter = regexp.MustCompile(`\?(\d*)`)

// explain is how a statement is carried out.
func explain(t *testing.T, s *Store, query string) string {
	t.Helper()
	n := 0
	for _, p := range parameter.FindAllStringSubmatch(query, -1) {
		if number, err := strconv.Atoi(p[1]); err == nil {
			n = max(n, number)
		} else {
			n++
		}
	}
	args := make([]any, n)
	for i := range args {
		args[i] = int64(i)
	}
	var lines []string
	err := s.query(t.Context(), func(r row) error {
		var id, parent, unused int
		var line string
		err := r.Scan(&id, &parent, &unused, &line)
		lines = append(lines, line)
		return err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("explain %s: %v", query, err)
	}
	return strings.Join(lines, "\n")
}
