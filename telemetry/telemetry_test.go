package telemetry

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
)

func TestMetricsNameWhatAnOperatorWatches(t *testing.T) {
	t.Parallel()
	m := New()
	m.Outcome("authorize", "declined", "51")
	m.Request("/card/v1/charges", "POST", 400, time.Millisecond)
	m.RoundTrip(pasarela.MessageSale, pasarela.OutcomeDeclined, time.Millisecond)
	m.ThreeDS("AReq", "rejected", time.Millisecond)
	m.Link(true)
	m.Stray("late")
	m.Commit(3, time.Millisecond)
	m.Pending(7)
	m.Billing(12, map[string]int{"paid": 30})
	m.Webhook("rejected", time.Millisecond)
	m.WebhookWaited(time.Millisecond)
	m.WebhookParked()
	m.WebhooksDue(2)
	out := httptest.NewRecorder()
	m.Handler().ServeHTTP(out, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`pasarela_outcomes_total{code="51",result="declined",verb="authorize"} 1`,
		`pasarela_http_requests_total{method="POST",route="/card/v1/charges",status="400"} 1`,
		`pasarela_acquirer_round_trip_seconds_count{message="sale",outcome="declined"} 1`,
		`pasarela_three_ds_seconds_count{message="AReq",outcome="rejected"} 1`,
		"pasarela_acquirer_link_up 1", `pasarela_acquirer_strays_total{kind="late"} 1`,
		`pasarela_webhook_attempts_total{outcome="rejected"} 1`, "pasarela_webhook_attempt_seconds_count 1",
		"pasarela_webhook_wait_seconds_count 1", "pasarela_webhook_parked_total 1", "pasarela_webhook_due_endpoints 2",
		"pasarela_store_commit_units_sum 3", "pasarela_pending_payments 7",
		"pasarela_subscriptions_due 12", `pasarela_subscription_periods{state="paid"} 30`,
	} {
		if !strings.Contains(out.Body.String(), line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

// stuck is a terminal that does not take anything until it is let go.
type stuck struct {
	mu  sync.Mutex
	let chan struct{}
	got bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.let
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.Write(p)
}

// Nothing on the hot path logs synchronously: lines are dropped, and counted, rather than waited for.
func TestLogHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	out := &stuck{let: make(chan struct{})}
	log, queue := NewLog(out, slog.LevelInfo)
	for range 3 * logQueue {
		log.Info("line")
	}
	close(out.let)
	queue.Close()
	text := out.got.String()
	if !strings.Contains(text, `"msg":"log lines were dropped"`) {
		t.Error("nobody was told that lines were dropped")
	}
	if n := strings.Count(text, `"msg":"line"`); n < logQueue {
		t.Errorf("only %d lines were written", n)
	}
}

func TestLogWritesEverythingBeforeItCloses(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, queue := NewLog(&out, slog.LevelWarn)
	log.Info("quiet")
	for range 100 {
		log.Warn("line")
	}
	queue.Close()
	log.Warn("after the end")
	if n := strings.Count(out.String(), `"msg":"line"`); n != 100 || strings.Contains(out.String(), "quiet") {
		t.Errorf("%d lines in %s", n, out.String())
	}
}
