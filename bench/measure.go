package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The measurements, as the report names them.
const (
	rowTokens   = "tokens"
	rowCharges  = "charges of existing tokens"
	rowHandler  = "bare handler, a charge's two commits"
	rowPairs    = "pairs: token, charge"
	rowCaptures = "triples: token, authorization, capture"
	rowMany     = "pairs, 64 merchants"
	rowHot      = "pairs, one merchant"
)

func (b *bench) measureAll(ctx context.Context) error {
	for _, n := range b.Connections {
		made, err := b.measureTokens(ctx, n)
		if err != nil {
			return err
		}
		if err := b.measureCharges(ctx, made); err != nil {
			return err
		}
		if err := b.measureHandler(ctx, n); err != nil {
			return err
		}
		if err := b.measurePairs(ctx, n); err != nil {
			return err
		}
		if err := b.measureCaptures(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measureTokens(ctx context.Context, n int) (made []*tokens, err error) {
	for range n {
		made = append(made, &tokens{request: b.merchants.hot.tokenRequest()})
	}
	err = b.measure(ctx, rowTokens, b.gateway, workersOf(made), []string{"token"}, tokenWork)
	return made, err
}

func (b *bench) measureCharges(ctx context.Context, made []*tokens) error {
	var all []*charges
	for _, t := range made {
		all = append(all, &charges{request: b.merchants.hot.chargeRequest(), tokens: t.made})
	}
	return b.measure(ctx, rowCharges, b.gateway, workersOf(all), []string{"charge"}, nil)
}

func (b *bench) measureHandler(ctx context.Context, n int) error {
	var all []*handled
	for range n {
		all = append(all, &handled{request: post(chargePath, "Accept", "application/json", "{}")})
	}
	return b.measure(ctx, rowHandler, b.handler, workersOf(all), []string{"charge"}, nil)
}

func (b *bench) measurePairs(ctx context.Context, n int) error {
	var all []*pairs
	for range n {
		all = append(all, &pairs{requests: []pairRequests{b.merchants.hot.pair()}})
	}
	return b.measure(ctx, rowPairs, b.gateway, workersOf(all), []string{"token", "charge"}, pairWork)
}

func (b *bench) measureCaptures(ctx context.Context, n int) error {
	m := b.merchants.twoStep
	var all []*captures
	for range n {
		all = append(all, &captures{m.tokenRequest(), m.authorizeRequest(), m.captureRequest()})
	}
	return b.measure(ctx, rowCaptures, b.gateway, workersOf(all), []string{"token", "authorization", "capture"}, captureWork)
}

// usualConnections is where merchants are compared, if it is among those that were asked for.
const usualConnections = 32

// measureMerchants compares one merchant that takes all payments with many that share them, one right after
// the other and both ways round, because the tables grow meanwhile.
func (b *bench) measureMerchants(ctx context.Context) error {
	n := slices.Max(b.Connections)
	if slices.Contains(b.Connections, usualConnections) {
		n = usualConnections
	}
	for _, name := range []string{rowMany, rowHot, rowHot, rowMany} {
		var all []*pairs
		for i := range n {
			w := &pairs{next: i, requests: []pairRequests{b.merchants.hot.pair()}}
			if name == rowMany {
				w.requests = w.requests[:0]
				for _, m := range b.merchants.many {
					w.requests = append(w.requests, m.pair())
				}
			}
			all = append(all, w)
		}
		if err := b.measure(ctx, name, b.gateway, workersOf(all), []string{"token", "charge"}, nil); err != nil {
			return err
		}
	}
	return nil
}

func workersOf[W worker](all []W) []worker {
	workers := make([]worker, len(all))
	for i, w := range all {
		workers[i] = w
	}
	return workers
}

// measure makes one measurement, and that of the database alone where there is work for it.
func (b *bench) measure(ctx context.Context, name string, of *program, workers []worker, parts []string, alone work) error {
	l := load{address: of.address, workers: workers, parts: len(parts), warmUp: b.Duration / 5, duration: b.Duration,
		meter: meter(b.groups())}
	s, err := l.run(ctx)
	if err != nil {
		return fmt.Errorf("%s over %d connections: %w%s", name, len(workers), err, complaint(of))
	}
	if s.turns == 0 {
		return fmt.Errorf("%s over %d connections: nothing was done in %s: choose a longer --duration", name, len(workers), b.Duration)
	}
	row := newRow(name, len(workers), parts, s)
	if alone != nil {
		if row.DatabasePerSecond, err = b.alone(ctx, alone, len(workers)); err != nil {
			return err
		}
	}
	b.report.Rows = append(b.report.Rows, row)
	b.say("%s, %d connections: %.0f/s", name, len(workers), row.PerSecond)
	return nil
}

func complaint(p *program) string {
	if said := p.errors.String(); said != "" {
		return "\nits log ends with: " + said
	}
	return ""
}

func (b *bench) groups() map[string][]int {
	return map[string][]int{cpuGateway: {b.gateway.pid()}, cpuSimulator: {b.simulator.pid()},
		cpuHandler: {b.handler.pid()}, cpuDatabase: b.server.pids}
}

// alone is what the database does by itself, 0 where that cannot be measured.
func (b *bench) alone(ctx context.Context, w work, connections int) (float64, error) {
	if b.report.Store == SQLite {
		return b.bare.perSecond(ctx, w, connections, min(b.Duration, 2*time.Second))
	}
	perSecond, err := barePostgres(ctx, b.DatabaseURL, b.folder, w, connections, min(b.Duration, 2*time.Second))
	if errors.Is(err, errNoPgbench) {
		return 0, nil
	}
	return perSecond, err
}
