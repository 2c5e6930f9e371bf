package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
)

// caller is one of a shop's clerks. An answer that is lost it asks for again, under the same key.
type caller struct {
	*crash
	ctx    context.Context
	random *rand.Rand
}

// shop buys until its time is over.
func (c *caller) shop() {
	for c.ctx.Err() == nil {
		i := c.newIntent()
		token, ok := c.getToken(i)
		if !ok {
			continue
		}
		c.order(i, token)
		paid := c.insist(i.orders[0])
		if c.random.IntN(8) == 0 { // the same token once more, under another key
			c.order(i, token)
			c.insist(i.orders[1])
		}
		if paid.status == http.StatusCreated && c.random.IntN(4) > 0 {
			c.followUp(i, paid.member("ticketNumber"))
		}
	}
}

func (c *caller) newIntent() *intent {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.minor++
	i := &intent{minor: c.minor, path: preauthorizations}
	if c.random.IntN(5) < 2 {
		i.path = charges
	}
	c.intents = append(c.intents, i)
	return i
}

func (i *intent) total() string { return fmt.Sprintf("%d.%02d", i.minor/100, i.minor%100) }

// getToken asks for a token, twice under one key now and then.
func (c *caller) getToken(i *intent) (token string, ok bool) {
	number := approves
	if c.random.IntN(20) == 0 {
		number = declines
	}
	key := fmt.Sprintf("token-%d", i.minor)
	for range 1 + c.random.IntN(2) {
		a, err := c.try("POST", "/card/v1/tokens", c.mx.tokenBody(number, i.total()), "Public-Merchant-Id", c.mx.public, "Idempotency-Key", key)
		if err == nil && a.status == http.StatusCreated {
			token, ok = a.member("token"), true
			c.gotToken(key, token)
		}
	}
	return token, ok
}

// gotToken requires that one key has one token, and one token one key.
func (c *caller) gotToken(key, token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, again := c.tokens[key]; again && before != token {
		c.t.Errorf("key %s was given token %s and then %s", key, before, token)
	}
	if owner, taken := c.tokens["of "+token]; taken && owner != key {
		c.t.Errorf("token %s was given for the keys %s and %s", token, owner, key)
	}
	c.tokens[key], c.tokens["of "+token] = token, key
}

// order adds one way to pay to an intent.
func (c *caller) order(i *intent, token string) {
	body, err := json.Marshal(map[string]any{"token": token, "amount": c.mx.amount(i.total())})
	if err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i.orders = append(i.orders, &order{method: "POST", path: i.path, body: body, key: fmt.Sprintf("pay-%d-%d", i.minor, len(i.orders))})
}

// followUp captures or voids what was paid.
func (c *caller) followUp(i *intent, ticket string) {
	o := &order{method: "DELETE", path: "/v1/charges/" + ticket, key: fmt.Sprintf("void-%d", i.minor)}
	if i.path == preauthorizations && c.random.IntN(3) > 0 {
		o = &order{method: "POST", path: captures, key: fmt.Sprintf("capture-%d", i.minor), body: fmt.Appendf(nil, `{"ticketNumber":"%s"}`, ticket)}
	}
	c.mu.Lock()
	i.follow = o
	c.mu.Unlock()
	c.insist(o)
}

// insist makes a request, now and then twice at once, and again where no answer came.
func (c *caller) insist(o *order) answer {
	var twin sync.WaitGroup
	if c.random.IntN(6) == 0 {
		twin.Go(func() { _, _ = c.send(c.ctx, o) }) // what it is told counts, whatever it is
	}
	defer twin.Wait()
	var a answer
	for range 3 {
		var err error
		if a, err = c.send(c.ctx, o); err == nil && a.status < http.StatusInternalServerError || c.ctx.Err() != nil {
			break
		}
	}
	return a
}
