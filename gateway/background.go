package gateway

import (
	"sync"
	"time"

	"pasarela"
)

// backgroundReversals is how many tasks run beside the requests before a reversal is left to the sweeper.
const backgroundReversals = 32

// reverseSoon sends a reversal at once, beside the requests, when there is room; else the sweeper does.
func (g *Gateway) reverseSoon(id pasarela.MerchantID, payment pasarela.PaymentID) {
	g.background.start(backgroundReversals, func() {
		m, err := g.Merchant(g.stopping, id)
		if err != nil {
			return // the sweeper will find the payment and report what is wrong
		}
		g.pay(g.stopping, m, payment, g.now())
	})
}

// background runs a bounded number of tasks that can be waited for.
type background struct {
	mu      sync.Mutex
	closed  bool            // guarded by mu
	running int             // guarded by mu
	waiting []chan struct{} // closed when running falls to zero; guarded by mu
}

// start runs the task unless so many run already, or the gateway closes; it says whether it did.
func (b *background) start(most int, task func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.running >= most {
		return false
	}
	b.running++
	go func() {
		defer b.end()
		task()
	}()
	return true
}

func (b *background) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running--; b.running > 0 {
		return
	}
	for _, w := range b.waiting {
		close(w)
	}
	b.waiting = nil
}

// wait returns once no task runs.
func (b *background) wait() {
	b.mu.Lock()
	if b.running == 0 {
		b.mu.Unlock()
		return
	}
	w := make(chan struct{})
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	<-w
}

// close lets no task in any more and waits for those that run.
func (b *background) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.wait()
}

// pause waits for so long, or says false when the gateway closes.
func (g *Gateway) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-g.stopping.Done():
		return false
	}
}
