package gateway

// WaitedFor counts the idempotency keys that somebody is taken to wait for, and the payments and subscriptions
// that are taken to be under way: none, once all calls have returned.
func (g *Gateway) WaitedFor() int {
	g.keys.mu.Lock()
	defer g.keys.mu.Unlock()
	g.underWay.mu.Lock()
	defer g.underWay.mu.Unlock()
	return len(g.keys.open) + len(g.underWay.verbs)
}

// Beside waits for what runs beside the requests.
func (g *Gateway) Beside() { g.background.wait() }
