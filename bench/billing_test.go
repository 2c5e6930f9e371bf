package bench_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pasarela/bench"
	"pasarela/store"
	"pasarela/store/sqlite"
)

// Rule: a run measures payments without billing, beside a paced run and beside one that is not, tells both rates, and
// leaves nothing behind.
func TestBillingIsMeasuredPacedAndUnpaced(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	report, err := bench.RunBilling(t.Context(), bench.BillingConfig{Program: program(t), Folder: folder, Subscriptions: 4000, Rate: 50,
		Connections: 2, Duration: 500 * time.Millisecond, Progress: io.Discard,
		Open: func(ctx context.Context, data string) (store.Store, error) {
			return sqlite.Open(ctx, filepath.Join(data, "pasarela.db"), sqlite.Options{})
		}})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, row := range report.Rows {
		kinds = append(kinds, row.Billing)
		if row.PairsPerSecond <= 0 || row.ChargeP99MS < row.ChargeP50MS || (row.BilledPerSecond > 0) != (row.Billing != "none") {
			t.Errorf("row %+v", row)
		}
	}
	if strings.Join(kinds, " ") != "none paced unpaced" {
		t.Errorf("rows are %v", kinds)
	}
	var out bytes.Buffer
	if err := report.Print(&out); err != nil || !strings.Contains(out.String(), "4000 subscriptions due") || !strings.Contains(out.String(), "unpaced") {
		t.Errorf("%v\n%s", err, &out)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 0 {
		t.Errorf("%v was left behind, %v", left, err)
	}
}

func TestBillingThatCannotBeMeasuredIsRefused(t *testing.T) {
	t.Parallel()
	good := bench.BillingConfig{Subscriptions: 1, Rate: 1, Duration: time.Second, Connections: 1}
	for name, change := range map[string]func(*bench.BillingConfig){
		"no subscriptions": func(c *bench.BillingConfig) { c.Subscriptions = 0 },
		"no rate":          func(c *bench.BillingConfig) { c.Rate = 0 },
		"no time":          func(c *bench.BillingConfig) { c.Duration = 0 },
	} {
		c := good
		change(&c)
		if _, err := bench.RunBilling(t.Context(), c); err == nil || !strings.Contains(err.Error(), "choose") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
