package main_test

import (
	"net/http"
	"slices"
)

// sure is how many answers that nobody doubts are asked for again; those in doubt all are.
const sure = 300

// holdAgainstIssuer asks for every answer again under its key, holds all of them against the issuer's books,
// and requires that nothing else happened.
func (c *crash) holdAgainstIssuer() {
	c.t.Helper()
	for n, i := range c.intents {
		for _, o := range i.orders {
			c.repeat(o, n < sure)
		}
		if i.follow != nil {
			c.repeat(i.follow, n < sure)
		}
	}
	c.advance(0) // all that this made due
	c.balanced()
	byAmount, byReference := map[int64][]believed{}, map[string]believed{}
	for _, b := range c.issuer() {
		byAmount[b.Amount] = append(byAmount[b.Amount], b)
		byReference[b.Reference] = b
	}
	kinds := map[string]int{}
	for _, i := range c.intents {
		kinds[c.check(i, byAmount[i.minor], byReference)]++
	}
	c.t.Logf("%d lives, %d intents: %v", crashLives, len(c.intents), kinds)
	for _, must := range []string{"paid", "captured", "given back", "not paid"} {
		if kinds[must] == 0 {
			c.t.Errorf("nothing was %s: the test has not tested it", must)
		}
	}
}

// repeat asks for an answer again: now that nothing fails there is one.
func (c *crash) repeat(o *order, also bool) {
	c.t.Helper()
	if o.told.status != 0 && !also {
		return
	}
	a, err := c.send(c.t.Context(), o)
	if err != nil || a.status >= http.StatusInternalServerError || a.status == http.StatusConflict {
		c.t.Errorf("key %s of %s: answered %d %s, %v, after all faults", o.key, o.path, a.status, a.body, err)
	}
	if o.told.status != 0 && a.status != http.StatusCreated {
		c.t.Errorf("key %s of %s was told %s and now %d %s", o.key, o.path, o.told.body, a.status, a.body)
	}
	if a.status != http.StatusCreated && o.told.status == 0 {
		o.told = a
	}
}

// check holds one intent against the issuer's entries of its amount, and says what became of it.
func (c *crash) check(i *intent, entries []believed, byReference map[string]believed) string {
	c.t.Helper()
	var paid []answer
	for _, o := range i.orders {
		if o.told.status == http.StatusCreated {
			paid = append(paid, o.told)
		}
	}
	taken := slices.DeleteFunc(slices.Clone(entries), func(b believed) bool { return b.State != "held" && b.State != "captured" })
	if len(paid) > 1 || len(taken) > 1 {
		c.t.Errorf("amount %d: told %d times that it is paid, and the issuer took it %d times: %+v", i.minor, len(paid), len(taken), entries)
		return "doubled"
	}
	if len(paid) == 0 {
		if len(taken) > 0 {
			c.t.Errorf("amount %d was not paid, but the issuer has %+v", i.minor, taken)
		}
		return "not paid"
	}
	b, known := byReference[paid[0].member("transactionReference")]
	want, became := c.wanted(i)
	if !known || b.Amount != i.minor || !slices.Contains(want, b.State) || (b.State == "captured" && b.Captured != i.minor) {
		c.t.Errorf("amount %d was paid, %s, with %s, so the issuer should have it %v but has %+v", i.minor, became, paid[0].body, want, b)
	}
	return became
}

// wanted is how the issuer must have a payment that was made.
func (c *crash) wanted(i *intent) (states []string, became string) {
	switch {
	case i.follow == nil, i.follow.method == "POST" && i.follow.told.status != http.StatusCreated:
		if i.path == preauthorizations {
			return []string{"held"}, "paid"
		}
		return []string{"captured"}, "paid"
	case i.follow.method == "POST":
		return []string{"captured"}, "captured"
	case i.follow.told.status == http.StatusCreated || i.follow.told.member("code") == alreadyVoided:
		return []string{"reversed", "released"}, "given back"
	default:
		c.t.Errorf("amount %d: its void is answered %d %s", i.minor, i.follow.told.status, i.follow.told.body)
		return nil, "given back"
	}
}

// alreadyVoided answers the void of a payment whose void was carried out, but not answered, before.
const alreadyVoided = "238"

// tickets uses the tickets that callers were given: a hold is captured, money is voided, and what was voided
// is voided no more.
func (c *crash) tickets() {
	c.t.Helper()
	used := 0
	for _, i := range c.intents {
		at := slices.IndexFunc(i.orders, func(o *order) bool { return o.told.status == http.StatusCreated })
		if at < 0 || used == 200 {
			continue
		}
		used++
		ticket := i.orders[at].told.member("ticketNumber")
		switch _, became := c.wanted(i); {
		case became == "paid" && i.path == preauthorizations:
			c.mx.capture(ticket).must(c.t, http.StatusCreated)
		case became == "given back":
			if a := c.mx.void(ticket); a.member("code") != alreadyVoided {
				c.t.Errorf("a second void of %s is answered %d %s", ticket, a.status, a.body)
			}
		default:
			c.mx.void(ticket).must(c.t, http.StatusCreated)
		}
	}
	c.balanced()
}
