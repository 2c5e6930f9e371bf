package bench_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pasarela/bench"
)

// program builds the real thing, as `make bench` does.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pasarela")
	if out, err := exec.Command("go", "build", "-o", path, "pasarela/cmd/pasarela").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// Rule: a run measures everything it promises on both stores, with latencies and the database's own figure
// beside, and leaves nothing behind.
func TestRunMeasuresBothStoresAndCleansUp(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	report, err := bench.Run(t.Context(), bench.Config{Program: program(t), Folder: folder, Duration: 300 * time.Millisecond,
		Connections: []int{1, 3}, Stores: []string{bench.SQLite, bench.Postgres}, Progress: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Stores) != 2 || report.Machine.FlushMicros <= 0 {
		t.Fatalf("report is %+v", report)
	}
	for _, s := range report.Stores {
		checkStore(t, s)
	}
	checkRatios(t, report)
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("%s was left behind", left[0].Name())
	}
	checkTable(t, report)
}

func checkStore(t *testing.T, s bench.StoreReport) {
	t.Helper()
	if len(s.Rows) != 2*5+4 {
		t.Errorf("%s has %d measurements, want five for each number of connections and four of merchants", s.Store, len(s.Rows))
	}
	if s.StartToFirstPaymentMS <= 0 || s.Memory.IdleMB <= 0 || s.Memory.LoadMB < s.Memory.IdleMB {
		t.Errorf("%s: start %v ms, memory %+v", s.Store, s.StartToFirstPaymentMS, s.Memory)
	}
	alone := 0
	for _, row := range s.Rows {
		if row.PerSecond <= 0 || row.CPU["load"] <= 0 {
			t.Errorf("%s: %s over %d connections: %v/s, CPU %v", s.Store, row.What, row.Connections, row.PerSecond, row.CPU)
		}
		for _, p := range row.Parts {
			if p.P50 <= 0 || p.P99 < p.P50 {
				t.Errorf("%s: %s: %s has p50 %v ms and p99 %v ms", s.Store, row.What, p.Name, p.P50, p.P99)
			}
		}
		if row.DatabasePerSecond > 0 {
			alone++
		}
	}
	if alone != 2*3 {
		t.Errorf("%s: the database alone was measured %d times, want three for each number of connections", s.Store, alone)
	}
}

func checkRatios(t *testing.T, report bench.Report) {
	t.Helper()
	for _, want := range []string{"charges / bare handler", "tokens / the database alone", "pairs: token, charge / the database alone",
		"one merchant / 64 merchants", "pairs: token, charge, postgres / sqlite"} {
		if !slices.ContainsFunc(report.Ratios, func(r bench.Ratio) bool { return r.What == want && r.Ratio > 0 }) {
			t.Errorf("there is no ratio %q", want)
		}
	}
}

func checkTable(t *testing.T, report bench.Report) {
	t.Helper()
	var table bytes.Buffer
	if err := report.Print(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SQLite 3", "PostgreSQL ", "flush", "pairs: token, charge", "bare handler", "fsync on"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table does not mention %q:\n%s", want, &table)
		}
	}
}

// Rule: what cannot be measured is refused before anything is started.
func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	good := bench.Config{Duration: time.Second, Connections: []int{1}, Stores: []string{bench.SQLite}}
	for _, c := range []struct {
		name    string
		change  func(*bench.Config)
		refusal string
	}{
		{"as it is", func(*bench.Config) {}, ""},
		{"no time", func(c *bench.Config) { c.Duration = 0 }, "duration"},
		{"a day", func(c *bench.Config) { c.Duration = 24 * time.Hour }, "duration"},
		{"no connections", func(c *bench.Config) { c.Connections = nil }, "connections"},
		{"zero connections", func(c *bench.Config) { c.Connections = []int{4, 0} }, "connections"},
		{"no store", func(c *bench.Config) { c.Stores = nil }, "stores"},
		{"another store", func(c *bench.Config) { c.Stores = []string{"mysql"} }, "mysql"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conf := good
			c.change(&conf)
			err := conf.Check()
			if c.refusal == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.refusal) {
				t.Fatalf("answered %v, want something about %q", err, c.refusal)
			}
		})
	}
}

// Rule: a program that cannot start ends the run with what it complained of.
func TestProgramThatDoesNotStart(t *testing.T) {
	t.Parallel()
	_, err := bench.Run(t.Context(), bench.Config{Program: "/bin/false", Folder: t.TempDir(), Duration: time.Second,
		Connections: []int{1}, Stores: []string{bench.SQLite}, Progress: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "did not say where it listens") {
		t.Fatalf("answered %v", err)
	}
}
