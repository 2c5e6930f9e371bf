package gateway

import "sync"

// underWay names what verbs of this process are between promise and outcome of: payments and subscriptions.
// Its own sweeper leaves those alone, also when a clock was moved or a recovery looks ahead.
type underWay struct {
	mu    sync.Mutex
	verbs map[string]int // how many, by id; guarded by mu
}

func (u *underWay) init() { u.verbs = map[string]int{} }

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

func (u *underWay) end(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.verbs[id]--; u.verbs[id] == 0 {
		delete(u.verbs, id)
	}
}

func (u *underWay) has(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.verbs[id] > 0
}
