package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"text/tabwriter"
	"time"

	"pasarela"
	"pasarela/gateway"
	"pasarela/store"
)

// BillingConfig says what to measure of subscriptions that fall due at once.
type BillingConfig struct {
	Program       string        // path of pasarela itself
	Folder        string        // where the run keeps its database; a folder below it is made and removed
	Subscriptions int           // that are due
	Rate          int           // payments of subscriptions a second, of the paced measurement
	Connections   int           // of the interactive load
	Duration      time.Duration // of each measurement; a fifth of it is warm-up besides
	Progress      io.Writer     // one line for each measurement
	// Open opens the database of a gateway's data folder.
	Open func(ctx context.Context, data string) (store.Store, error)
}

// BillingReport is what was measured.
type BillingReport struct {
	At            time.Time    `json:"at"`
	Machine       Machine      `json:"machine"`
	Subscriptions int          `json:"subscriptions"`
	Connections   int          `json:"connections"`
	Rows          []BillingRow `json:"rows"`
}

// BillingRow is one measurement: what interactive payments came to while subscriptions were charged.
type BillingRow struct {
	Billing         string  `json:"billing"` // "none", "paced", "unpaced"
	BilledPerSecond float64 `json:"billed_per_second"`
	PairsPerSecond  float64 `json:"pairs_per_second"`
	ChargeP50MS     float64 `json:"charge_p50_ms"`
	ChargeP99MS     float64 `json:"charge_p99_ms"`
}

// RunBilling measures interactive payments without subscriptions to charge, with billing at its rate, and with billing
// as fast as it can. It leaves no process and no file behind.
func RunBilling(ctx context.Context, c BillingConfig) (report BillingReport, err error) {
	if c.Subscriptions < 1 || c.Subscriptions > 10_000_000 || c.Rate < 1 || c.Duration < 100*time.Millisecond {
		return report, errors.New("billing: choose 1 to 10000000 subscriptions, a rate of 1 or more, and a duration of 100ms or more")
	}
	ctx, cancel := context.WithTimeout(ctx, 6*c.Duration+10*time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp(c.Folder, "pasarela-bench-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	report = BillingReport{At: time.Now().UTC().Truncate(time.Second), Subscriptions: c.Subscriptions, Connections: c.Connections}
	if report.Machine, err = describe(folder); err != nil {
		return report, err
	}
	b := &billingBench{BillingConfig: c, data: filepath.Join(folder, "gateway")}
	if b.simulator, err = start(ctx, c.Program, "simulator", "--listen", "127.0.0.1:0", "--data", filepath.Join(folder, "issuer"), "--log-level", "warn"); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, b.simulator.stop()) }()
	for _, row := range []string{"none", "paced", "unpaced"} {
		measured, err := b.row(ctx, row)
		if err != nil {
			return report, fmt.Errorf("billing %s: %w", row, err)
		}
		report.Rows = append(report.Rows, measured)
	}
	return report, nil
}

type billingBench struct {
	BillingConfig
	data      string
	simulator *program
	hot       merchant
}

// row makes one measurement, on a gateway that is started for it.
func (b *billingBench) row(ctx context.Context, kind string) (row BillingRow, err error) {
	rate := b.Rate
	if kind == "unpaced" {
		rate = 0
	}
	began := time.Now()
	g, err := start(ctx, b.Program, "dev", "--listen", "127.0.0.1:0", "--acquirer", b.simulator.address, "--data", b.data,
		"--log-level", "warn", "--billing-rate", strconv.Itoa(rate))
	if err != nil {
		return row, err
	}
	defer func() {
		err = errors.Join(err, g.stop())
		if err == nil && kind == "none" {
			err = b.seed(ctx)
		}
	}()
	if err := g.healthy(ctx); err != nil {
		return row, err
	}
	if kind == "none" {
		if err := b.subscribe(ctx, g); err != nil {
			return row, err
		}
	}
	row, err = b.measure(ctx, g, kind)
	b.say("billing %s: %.0f subscriptions/s, charges p99 %.1f ms, %.0f s in all", kind, row.BilledPerSecond, row.ChargeP99MS, time.Since(began).Seconds())
	return row, err
}

func (b *billingBench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.Progress, format+"\n", args...) // the run does not depend on being watched
}

// measure loads the gateway while it bills.
func (b *billingBench) measure(ctx context.Context, g *program, kind string) (row BillingRow, err error) {
	s, err := b.Open(ctx, b.data)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if kind != "none" {
		if err := awaitBilling(ctx, s); err != nil {
			return row, err
		}
	}
	var all []worker
	for range b.Connections {
		all = append(all, &pairs{requests: []pairRequests{b.hot.pair()}})
	}
	watching, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	var billed float64
	var watched error
	watcher.Go(func() { billed, watched = watchBilling(watching, s) })
	l := load{address: g.address, workers: all, parts: pairParts, warmUp: b.Duration / 5, duration: b.Duration, meter: func() cpu { return cpu{} }}
	sample, err := l.run(ctx)
	stop()
	watcher.Wait()
	if err = errors.Join(err, watched); err != nil {
		return row, fmt.Errorf("%w%s", err, complaint(g))
	}
	return BillingRow{Billing: kind, BilledPerSecond: billed, PairsPerSecond: sample.perSecond(),
		ChargeP50MS: millis(sample.at(pairCharge, .5)), ChargeP99MS: millis(sample.at(pairCharge, .99))}, nil
}

// billingLook is how often progress is read.
const billingLook = 250 * time.Millisecond

// awaitBilling waits until a run has begun.
func awaitBilling(ctx context.Context, s store.Store) error {
	for before := -1; ; {
		c, err := gateway.BillingProgress(ctx, s, firstPeriod(), time.Now())
		switch {
		case err != nil:
			return err
		case before >= 0 && c.Paid > before:
			return nil
		case c.Due == 0:
			return errors.New("nothing is due any more: choose more subscriptions")
		}
		before = c.Paid
		if err := pause(ctx, billingLook); err != nil {
			return err
		}
	}
}

// watchBilling tells how many periods a second were paid, until ctx ends or nothing is due any more.
func watchBilling(ctx context.Context, s store.Store) (perSecond float64, err error) {
	first, began := 0, time.Now()
	for look := 0; ; look++ {
		c, err := gateway.BillingProgress(context.WithoutCancel(ctx), s, firstPeriod(), began)
		if err != nil {
			return 0, err
		}
		if look == 0 {
			first = c.Paid
		} else {
			perSecond = float64(c.Paid-first) / time.Since(began).Seconds()
		}
		if c.Due == 0 || pause(ctx, billingLook) != nil {
			return perSecond, nil
		}
	}
}

// firstPeriod is a day whose run is over.
func firstPeriod() pasarela.Date { return pasarela.BillingDate(time.Now()).AddDays(-1) }

// Print writes the report for people.
func (r BillingReport) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s, %d cores (%s), %s, %s\n", r.At.Format("2006-01-02 15:04"), r.Machine.Cores, r.Machine.Processor, r.Machine.System, r.Machine.Go)
	fmt.Fprintf(w, "%d subscriptions due; interactive pairs over %d connections\n\n", r.Subscriptions, r.Connections)
	fmt.Fprintf(w, "billing\tsubscriptions per second\tpairs per second\tp50 / p99 ms of a charge\n")
	for _, row := range r.Rows {
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.2f / %.2f\n", row.Billing, row.BilledPerSecond, row.PairsPerSecond, row.ChargeP50MS, row.ChargeP99MS)
	}
	return w.Flush()
}
