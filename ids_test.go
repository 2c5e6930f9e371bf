package pasarela

import (
	"crypto/rand"
	"regexp"
	"sync"
	"testing"
	"time"
)

func TestIdentifiersHaveTheirDocumentedShapes(t *testing.T) {
	t.Parallel()
	g := NewIDs(rand.Reader)
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ value, shape string }{
		"token":         {string(g.Token(now)), `^[a-zA-Z0-9]{32}$`},
		"lasting token": {string(g.LastingToken(now)), `^[0-9a-f]{48}$`},
		"payment":       {string(g.Payment()), `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		"ticket":        {string(g.Ticket(now)), `^[0-9]{18}$`},
		"subscription":  {string(g.Subscription(now)), `^[0-9]{16}$`},
		"merchant":      {string(g.Merchant()), `^20000000[0-9]{12}$`},
		"credential":    {g.Credential(), `^[0-9a-f]{32}$`},
		"authenticity":  {g.AuthenticityToken(), `^[0-9a-f]{40}$`},
		"posting":       {string(g.Posting(now)), `^[0-9]{18}$`},
	} {
		if !regexp.MustCompile(c.shape).MatchString(c.value) {
			t.Errorf("%s %q does not match %s", name, c.value, c.shape)
		}
	}
}

// No two are equal, even at a clock that stands still, and tickets and subscriptions rise.
func TestIdentifiersAreUniqueAtAStandingClock(t *testing.T) {
	t.Parallel()
	g := NewIDs(rand.Reader)
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			last := Ticket("")
			for range 2000 {
				ticket, subscription, token := g.Ticket(now), g.Subscription(now), g.Token(now)
				if ticket <= last {
					t.Errorf("ticket %s after %s", ticket, last)
				}
				last = ticket
				mu.Lock()
				for _, id := range []string{"t" + string(ticket), "s" + string(subscription), string(token)} {
					if seen[id] {
						t.Errorf("%s came twice", id)
					}
					seen[id] = true
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
