package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// subscribe stores a card with a daily plan of an amount in minor units.
func (s shop) subscribe(minor int, start string) string {
	s.t.Helper()
	token := s.call("POST", "/subscriptions/v1/card/tokens", map[string]any{"card": card(approves), "currency": s.currency},
		"Public-Merchant-Id", s.public).must(s.t, http.StatusCreated).member("token")
	return s.call("POST", "/subscriptions/v1/card", map[string]any{"token": token, "planName": "gold", "periodicity": "daily",
		"contactDetails": map[string]any{"firstName": "Ana", "lastName": "Ruiz", "email": "ana@example.com"},
		"amount":         s.amount(fmt.Sprintf("%d.%02d", minor/100, minor%100)), "startDate": start},
		"Private-Merchant-Id", s.private).must(s.t, http.StatusCreated).member("subscriptionId")
}

// subscribers stores so many daily plans, each of an amount that no other has.
func (s shop) subscribers(count int, start string) {
	s.t.Helper()
	var all sync.WaitGroup
	next := make(chan int, count)
	for i := range count {
		next <- 1000 + i
	}
	close(next)
	for range 16 {
		all.Go(func() {
			for minor := range next {
				s.subscribe(minor, start)
			}
		})
	}
	all.Wait()
}

// taken counts what the issuer took, by amount.
func (w *world) taken() map[int64]int {
	w.t.Helper()
	n := map[int64]int{}
	for _, b := range w.issuer() {
		if b.State == "captured" {
			n[b.Amount]++
		}
	}
	return n
}

func total(n map[int64]int) (sum int) {
	for _, c := range n {
		sum += c
	}
	return sum
}

// billing runs `billing status`.
func (w *world) billing(flags ...string) (p struct {
	Date                                           string
	Due, Charging, Retrying, Paid, Failed, Skipped int
}) {
	w.t.Helper()
	r := w.pasarela(append([]string{"billing", "status", "--json"}, flags...)...)
	if err := json.Unmarshal([]byte(r.out), &p); err != nil {
		w.t.Fatalf("exit status %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	return p
}

// A process that is killed again and again in the middle of a billing run leaves nothing behind that the next does not
// put right in the same hour: every period is paid, the issuer has taken each once, and no merchant is told of an attempt
// that failed for our sake.
func TestKilledInTheMiddleOfABillingRun(t *testing.T) {
	t.Parallel()
	const subscribers, lives = 200, 4
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		w.shop("PE").subscribers(subscribers, "2031-03-04")
		for life := range lives {
			w.killedWhileBilling(1 + rand.IntN(subscribers-1))
			w.start()
			w.goneOnWith()
			taken := w.taken()
			for i := range subscribers {
				if n := taken[int64(1000+i)]; n != life+1 {
					t.Errorf("a subscription was charged %d times in %d days", n, life+1)
				}
			}
			if p := w.billing(); p.Due+p.Charging+p.Retrying+p.Failed+p.Skipped != 0 || p.Paid != subscribers {
				t.Errorf("billing status says %+v", p)
			}
		}
		w.balanced()
		told := w.shop("PE").toldOf()
		if failed := told["subscription.charge_failed"] + told["subscription.last_attempt_failed"]; failed > 0 || told["subscription.charged"] != subscribers*lives {
			t.Errorf("%d failures and %d charges are told of", failed, told["subscription.charged"])
		}
	}, "--acquirer-timeout", crashTimeout)
}

// killedWhileBilling moves the clock by a day, and kills the process once so many payments were taken.
func (w *world) killedWhileBilling(some int) {
	w.t.Helper()
	before := total(w.taken())
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		_, _ = w.try("POST", "/sandbox/v1/clock/advance", map[string]any{"seconds": 24 * 60 * 60}) // the gateway dies before it answers
	}()
	until(w.t, "some are charged", func() bool { return total(w.taken()) >= before+some })
	w.kill()
	<-moved
}

// goneOnWith has the gateway do what a dead one left: at once, or where another node may have lived on, once that is
// known to be dead.
func (w *world) goneOnWith() {
	w.t.Helper()
	step := time.Duration(0)
	until(w.t, "nothing pending", func() bool {
		w.advance(step)
		step = time.Minute
		_, report := w.reconcile()
		return report.Pending == 0
	})
}

// toldOf counts what the feed has, by kind.
func (s shop) toldOf() map[string]int {
	s.t.Helper()
	kinds := map[string]int{}
	for after := "0"; ; {
		var page struct {
			Events []struct{ Type string }
			Next   string
			More   bool
		}
		s.call("GET", "/v1/events?limit=500&after="+after, nil, "Private-Merchant-Id", s.private).must(s.t, http.StatusOK).read(s.t, &page)
		for _, e := range page.Events {
			kinds[e.Type]++
		}
		if after = page.Next; !page.More {
			return kinds
		}
	}
}

// billing status tells beside a running gateway how far the day is, of all merchants or of one, in words or as JSON;
// /metrics tell it too.
func TestBillingStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	w.shop("PE").subscribers(3, "2031-03-04")
	w.shop("MX").subscribers(2, "2031-03-04")
	if p := w.billing(); p.Date != "2031-03-03" || p.Paid != 0 {
		t.Errorf("before the first run: %+v", p)
	}
	w.fault(map[string]any{"kind": "decline", "on": "authorization", "count": 1, "response_code": "51"})
	w.advance(24 * time.Hour)
	if p := w.billing(); p.Date != "2031-03-04" || p.Paid != 4 || p.Retrying != 1 || p.Due != 0 {
		t.Errorf("after it: %+v", p)
	}
	if p := w.billing("--date", "2031-03-03"); p.Date != "2031-03-03" || p.Paid != 0 || p.Retrying != 1 {
		t.Errorf("of the day before: %+v", p)
	}
	text := w.pasarela("billing", "status").out
	for _, line := range []string{"on 2031-03-04, as of 2031-03-04 16:", "all merchants", "paid                             4 periods of the day",
		"waiting to be tried again        1 period, whenever they began"} {
		if !strings.Contains(text, line) {
			t.Errorf("billing status does not say %q:\n%s", line, text)
		}
	}
	for flags, complaint := range map[string]string{"--merchant=nobody": "there is no such merchant", "--date=tomorrow": "send YYYY-MM-DD"} {
		if r := w.pasarela("billing", "status", flags); r.code != 2 || !strings.Contains(r.err, complaint) {
			t.Errorf("%s: exit status %d, %s%s", flags, r.code, r.out, r.err)
		}
	}
	until(t, "the gauges tell it", func() bool {
		text := string(w.call("GET", "/metrics", nil).body)
		return strings.Contains(text, `pasarela_subscription_periods{state="paid"} 4`) && strings.Contains(text, "pasarela_subscriptions_due 0")
	})
}
