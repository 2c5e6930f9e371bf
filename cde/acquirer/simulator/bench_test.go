package simulator_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
)

// BenchmarkRoundTrips has 32 callers send sales over one loopback link, books and traffic log included. Both
// sides share the processors.
func BenchmarkRoundTrips(b *testing.B) {
	const callers = 32
	bank, err := simulator.Open(simulator.Config{Dir: b.TempDir(), Cards: cards.Reference(), Clock: noon})
	if err != nil {
		b.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go bank.Serve(b.Context(), ln)
	log := acquirer.NewRecorder(0)
	gateway := acquirer.New(acquirer.Config{
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
		},
		Opener: openSeal{}, Clock: pasarela.SystemClock{}, Observer: acquirer.Observer{Message: log.Record},
	})
	gateway.Start(b.Context())
	r := &rig{gateway: gateway}
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	b.ResetTimer()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				q := r.request(pasarela.MessageSale)
				began := time.Now()
				if a := gateway.Send(b.Context(), q); a.Outcome != pasarela.OutcomeApproved {
					b.Errorf("ended as %+v", a)
				}
				took[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rt/s")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds()), "p99-us")
	gateway.Close()
	if err := bank.Close(); err != nil {
		b.Fatal(err)
	}
}
