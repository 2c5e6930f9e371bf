package gateway

import "sync"

// underWay names what verbs of this process are between promise and outcome of: payments and subscriptions.
// Its own sweeper leaves those alone, also when a clock was moved or a recovery looks ahead.
type underWay struct {
	mu    sync.Mutex
	ended sync.Cond      // some id is free; its lock is mu
	verbs map[string]int // how many, by id; guarded by mu
}

func (u *underWay) init() { u.verbs, u.ended.L = map[string]int{}, &u.mu }

// begin comes before the promise is committed, so that nobody finds the promise first.
func (u *underWay) begin(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.verbs[id]++
}

// beginAlone is begin where nothing else is under way; it says whether that was so.
func (u *underWay) beginAlone(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.verbs[id] > 0 {
		return false
	}
	u.verbs[id] = 1
	return true
}

// beginNext is beginAlone once that can be.
func (u *underWay) beginNext(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.verbs[id] > 0 {
		u.ended.Wait()
	}
	u.verbs[id] = 1
}

func (u *underWay) end(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.verbs[id]--; u.verbs[id] == 0 {
		delete(u.verbs, id)
		u.ended.Broadcast()
	}
}

func (u *underWay) has(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.verbs[id] > 0
}
