package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"pasarela/store"
)

// WebhookConfig says what to measure of telling merchants what happened. Of Connections the last number counts.
type WebhookConfig struct {
	Config
	Deliveries int // that wait when a gateway starts, all to one endpoint that answers at once
	Hanging    int // endpoints that never answer
	// Open opens the database of a gateway: that of the URL, or of the data folder where there is none.
	Open func(ctx context.Context, data, databaseURL string) (store.Store, error)
}

// WebhookReport is what was measured.
type WebhookReport struct {
	At          time.Time    `json:"at"`
	Machine     Machine      `json:"machine"`
	Connections int          `json:"connections"`
	Deliveries  int          `json:"deliveries"`
	Hanging     int          `json:"hanging_endpoints"`
	Rows        []WebhookRow `json:"rows"`
}

// WebhookRow is what was measured on one store.
type WebhookRow struct {
	Store            string  `json:"store"`
	FirstAttemptP50  float64 `json:"first_attempt_p50_ms"` // from the answer of a payment to its notification's arrival, one at a time
	FirstAttemptMost float64 `json:"first_attempt_most_ms"`
	DrainedPerSecond float64 `json:"drained_per_second"`
	ChargeP50MS      float64 `json:"charge_p50_ms"` // of payments that are told of, under load
	ChargeP99MS      float64 `json:"charge_p99_ms"`
	HangingP50MS     float64 `json:"hanging_charge_p50_ms"` // the same while others' endpoints hang
	HangingP99MS     float64 `json:"hanging_charge_p99_ms"`
	MostHanging      int     `json:"most_hanging"` // requests that hung at once
}

// RunWebhooks measures how soon and how fast merchants are told, and what endpoints that hang do to payments. It leaves no
// process and no file behind.
func RunWebhooks(ctx context.Context, c WebhookConfig) (report WebhookReport, err error) {
	if err := c.Check(); err != nil {
		return report, err
	}
	if c.Deliveries < 1 || c.Deliveries > 10_000_000 || c.Hanging < 1 || c.Hanging > 10_000 {
		return report, errors.New("webhooks: choose 1 to 10000000 deliveries and 1 to 10000 hanging endpoints")
	}
	ctx, cancel := context.WithTimeout(ctx, 6*c.Duration+10*time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp(c.Folder, "pasarela-bench-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	report = WebhookReport{At: time.Now().UTC().Truncate(time.Second), Connections: c.Connections[len(c.Connections)-1], Deliveries: c.Deliveries, Hanging: c.Hanging}
	if report.Machine, err = describe(folder); err != nil {
		return report, err
	}
	for _, name := range c.Stores {
		b := &webhookBench{asked: c, bench: bench{Config: c.Config, folder: filepath.Join(folder, name)}}
		b.report.Store, b.row.Store = name, name
		if err := b.run(ctx); err != nil {
			return report, fmt.Errorf("%s: %w", name, err)
		}
		report.Rows = append(report.Rows, b.row)
	}
	return report, nil
}

// webhookBench measures one store.
type webhookBench struct {
	bench
	asked WebhookConfig
	row   WebhookRow
	shop  *shop
	told  toldMerchant
}

func (b *webhookBench) run(ctx context.Context) (err error) {
	defer func() {
		for i := len(b.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, b.closers[i]())
		}
	}()
	for _, step := range []func(context.Context) error{
		b.openDatabase, b.startSimulator, b.openShop, b.startGateway, b.addTold, b.measureIdle, b.measureDrain, b.measurePayments,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *webhookBench) openShop(context.Context) (err error) {
	if b.shop, err = openShop(); err == nil {
		b.onClose(b.shop.close)
	}
	return err
}

// idlePayments are made one after the other to see how soon they are told of.
const idlePayments = 100

// measureIdle pays now and then and waits until that has arrived.
func (b *webhookBench) measureIdle(ctx context.Context) error {
	c, err := dial(ctx, b.gateway.address)
	if err != nil {
		return err
	}
	defer c.close()
	w := pairs{requests: []pairRequests{b.told.pair()}}
	var waits []time.Duration
	for range idlePayments {
		before := b.shop.count()
		if err := w.turn(c, func(int, time.Duration) {}); err != nil {
			return err
		}
		answered := time.Now()
		arrived, err := b.shop.await(ctx, before+1)
		if err != nil {
			return fmt.Errorf("nothing was told of a payment: %w", err)
		}
		waits = append(waits, max(arrived.Sub(answered), 0))
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	slices.Sort(waits)
	b.row.FirstAttemptP50, b.row.FirstAttemptMost = millis(waits[len(waits)/2]), millis(waits[len(waits)-1])
	b.say("first attempt %.1f ms after the payment, at most %.1f ms", b.row.FirstAttemptP50, b.row.FirstAttemptMost)
	return nil
}

type chargeTimes struct{ p50, p99 time.Duration }

// pairsOf loads the gateway with payments that are told of.
func (b *webhookBench) pairsOf(ctx context.Context) (times chargeTimes, err error) {
	var all []worker
	for range b.Connections[len(b.Connections)-1] {
		all = append(all, &pairs{requests: []pairRequests{b.told.pair()}})
	}
	d := b.Duration
	l := load{address: b.gateway.address, workers: all, parts: pairParts, warmUp: d / 5, duration: d, meter: func() cpu { return cpu{} }}
	sample, err := l.run(ctx)
	if err != nil {
		return times, fmt.Errorf("%w%s", err, complaint(b.gateway))
	}
	return chargeTimes{sample.at(pairCharge, .5), sample.at(pairCharge, .99)}, nil
}

// measureDrain starts a gateway for which deliveries wait.
func (b *webhookBench) measureDrain(ctx context.Context) error {
	if err := b.shop.settle(ctx); err != nil { // what the load before it has left
		return err
	}
	if err := b.gateway.stop(); err != nil {
		return err
	}
	if err := b.seed(ctx, b.told.id, b.asked.Deliveries, func(int) string { return b.shop.good() }); err != nil {
		return err
	}
	before := b.shop.count()
	if err := b.restart(ctx); err != nil {
		return err
	}
	first, err := b.shop.await(ctx, before+1)
	if err != nil {
		return err
	}
	last, err := b.shop.await(ctx, before+b.asked.Deliveries)
	if err != nil {
		return err
	}
	b.row.DrainedPerSecond = float64(b.asked.Deliveries-1) / max(last.Sub(first).Seconds(), 1e-9)
	b.say("%.0f deliveries/s", b.row.DrainedPerSecond)
	return nil
}

func (b *webhookBench) restart(ctx context.Context) (err error) {
	args := []string{"dev", "--listen", "127.0.0.1:0", "--acquirer", b.simulator.address, "--data", b.data(), "--log-level", "warn"}
	if b.gateway, err = start(ctx, b.Program, b.database(args)...); err != nil {
		return err
	}
	b.onClose(b.gateway.stop)
	return b.gateway.healthy(ctx)
}

const (
	// eachHangs is how many deliveries wait for each endpoint that hangs, about subjects of their own: enough for a measurement.
	eachHangs = 20
	// paymentRounds is how often payments are measured, alone and beside endpoints that hang in turn.
	paymentRounds = 2
)

// measurePayments loads the gateway with payments, alone and beside endpoints that hang, each time on an empty database.
// What it tells is the mean of the rounds, so that what else the machine does counts for both.
func (b *webhookBench) measurePayments(ctx context.Context) error {
	for range paymentRounds {
		alone, err := b.round(ctx, 0)
		if err != nil {
			return err
		}
		beside, err := b.round(ctx, b.asked.Hanging)
		if err != nil {
			return err
		}
		b.row.ChargeP50MS += millis(alone.p50) / paymentRounds
		b.row.ChargeP99MS += millis(alone.p99) / paymentRounds
		b.row.HangingP50MS += millis(beside.p50) / paymentRounds
		b.row.HangingP99MS += millis(beside.p99) / paymentRounds
	}
	b.row.MostHanging = b.shop.mostHanging()
	return nil
}

// round is one measurement of payments while so many endpoints hang.
func (b *webhookBench) round(ctx context.Context, hanging int) (times chargeTimes, err error) {
	if err := b.empty(ctx); err != nil {
		return times, err
	}
	if hanging > 0 {
		if err := b.addHanging(ctx, hanging); err != nil {
			return times, err
		}
	}
	if err := b.shop.awaitHanging(ctx, hanging); err != nil {
		return times, fmt.Errorf("%d of %d endpoints hang: %w", b.shop.mostHanging(), hanging, err)
	}
	times, err = b.pairsOf(ctx)
	b.say("while %d endpoints hang: charges p50 %.2f ms, p99 %.2f ms", hanging, millis(times.p50), millis(times.p99))
	return times, err
}

// empty resets the gateway, and waits until it has given up what hung.
func (b *webhookBench) empty(ctx context.Context) error {
	c, err := dial(ctx, b.gateway.address)
	if err != nil {
		return err
	}
	defer c.close()
	status, answer, err := c.do(post("/sandbox/v1/reset", "Accept", "application/json", "").bytes)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("reset was answered %d: %.200s", status, answer)
	}
	if err != nil {
		return err
	}
	if err := b.shop.awaitNobody(ctx); err != nil {
		return fmt.Errorf("requests still hang: %w", err)
	}
	return b.addTold(ctx)
}

// Print writes the report for people.
func (r WebhookReport) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s, %d cores (%s), %s, %s\n", r.At.Format("2006-01-02 15:04"), r.Machine.Cores, r.Machine.Processor, r.Machine.System, r.Machine.Go)
	fmt.Fprintf(w, "%d deliveries drained; payments over %d connections, alone and while %d endpoints hang\n\n", r.Deliveries, r.Connections, r.Hanging)
	fmt.Fprintf(w, "store\tfirst attempt, ms (most)\tdrained per second\tcharge p50 / p99 ms\twhile endpoints hang\tp99 to p99\n")
	for _, row := range r.Rows {
		fmt.Fprintf(w, "%s\t%.1f (%.1f)\t%.0f\t%.2f / %.2f\t%.2f / %.2f\t%.2f\n", row.Store, row.FirstAttemptP50, row.FirstAttemptMost, row.DrainedPerSecond,
			row.ChargeP50MS, row.ChargeP99MS, row.HangingP50MS, row.HangingP99MS, row.HangingP99MS/max(row.ChargeP99MS, 1e-9))
	}
	return w.Flush()
}
