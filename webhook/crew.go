package webhook

import (
	"sync"

	"pasarela"
)

// crew works through keys: few at once, each by one at a time, the keys of all merchants in turns. A key that is asked for
// while somebody is at it gets another turn afterwards. It has no goroutine while there is nothing to do.
type crew[K comparable] struct {
	most  int // keys worked on at once
	whose func(K) pasarela.MerchantID
	work  func(K)

	mu      sync.Mutex
	queue   turns[K]   // guarded by mu
	asked   map[K]bool // in queue, or in need of another turn; guarded by mu
	busy    map[K]bool // being worked on; guarded by mu
	working int        // goroutines; guarded by mu
}

func newCrew[K comparable](most int, whose func(K) pasarela.MerchantID, work func(K)) *crew[K] {
	return &crew[K]{most: most, whose: whose, work: work, asked: map[K]bool{}, busy: map[K]bool{}}
}

// ask has a key worked on, soon.
func (c *crew[K]) ask(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked[k] {
		return
	}
	c.asked[k] = true
	if c.busy[k] {
		return
	}
	c.queue.add(c.whose(k), k)
	if c.working < c.most {
		c.working++
		go c.run()
	}
}

func (c *crew[K]) run() {
	for {
		k, ok := c.next()
		if !ok {
			return
		}
		c.work(k)
		c.ended(k)
	}
}

func (c *crew[K]) next() (k K, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok = c.queue.take(anybody); !ok {
		c.working--
		return k, false
	}
	delete(c.asked, k)
	c.busy[k] = true
	return k, true
}

func (c *crew[K]) ended(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, k)
	if c.asked[k] {
		c.queue.add(c.whose(k), k)
	}
}
