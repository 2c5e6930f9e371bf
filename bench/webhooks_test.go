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
	"pasarela/store/postgres"
	"pasarela/store/sqlite"
)

// Rule: a run measures on both stores how soon and how fast merchants are told, and payments alone and beside endpoints
// that hang, and leaves nothing behind.
func TestWebhooksAreMeasured(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	report, err := bench.RunWebhooks(t.Context(), bench.WebhookConfig{Deliveries: 300, Hanging: 20, Open: openDatabase,
		Config: bench.Config{Program: program(t), Folder: folder, Duration: 300 * time.Millisecond, Connections: []int{1, 2},
			Stores: []string{bench.SQLite, bench.Postgres}, Progress: io.Discard}})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Rows) != 2 || report.Connections != 2 {
		t.Fatalf("report is %+v", report)
	}
	for _, row := range report.Rows {
		if row.FirstAttemptMost < row.FirstAttemptP50 || row.DrainedPerSecond <= 0 || row.ChargeP50MS <= 0 || row.ChargeP99MS < row.ChargeP50MS ||
			row.HangingP50MS <= 0 || row.HangingP99MS < row.HangingP50MS || row.MostHanging < 18 {
			t.Errorf("row %+v", row)
		}
	}
	var out bytes.Buffer
	if err := report.Print(&out); err != nil || !strings.Contains(out.String(), "20 endpoints hang") || !strings.Contains(out.String(), "postgres") {
		t.Errorf("%v\n%s", err, &out)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 0 {
		t.Errorf("%v was left behind, %v", left, err)
	}
}

func openDatabase(ctx context.Context, data, url string) (store.Store, error) {
	if url != "" {
		return postgres.Open(ctx, url, postgres.Options{})
	}
	return sqlite.Open(ctx, filepath.Join(data, "pasarela.db"), sqlite.Options{})
}

func TestWebhooksThatCannotBeMeasuredAreRefused(t *testing.T) {
	t.Parallel()
	good := bench.WebhookConfig{Deliveries: 1, Hanging: 1, Config: bench.Config{Duration: time.Second, Connections: []int{1}, Stores: []string{bench.SQLite}}}
	for name, change := range map[string]func(*bench.WebhookConfig){
		"no deliveries":  func(c *bench.WebhookConfig) { c.Deliveries = 0 },
		"nobody hangs":   func(c *bench.WebhookConfig) { c.Hanging = 0 },
		"no time":        func(c *bench.WebhookConfig) { c.Duration = 0 },
		"no connections": func(c *bench.WebhookConfig) { c.Connections = nil },
	} {
		c := good
		change(&c)
		if _, err := bench.RunWebhooks(t.Context(), c); err == nil || !strings.Contains(err.Error(), "choose") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
