package events_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pasarela"
	"pasarela/dialect/dialecttest"
	"pasarela/store"
)

// A feed is read page by page, oldest first: each goes on where the one before ended, and the last says so.
func TestTheFeedIsReadPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for minor := range int64(5) {
		w.pays("PE", 100+minor)
	}
	var read []int64
	after := ""
	for _, more := range []bool{true, true, false} {
		p := w.reads("PE", "limit=2&after="+after)
		if p.More != more {
			t.Errorf("after %d events more is %v", len(read), p.More)
		}
		read, after = append(read, p.amounts()...), p.Next
	}
	if want := []int64{100, 101, 102, 103, 104}; !slices.Equal(read, want) {
		t.Errorf("read payments of %v, want %v", read, want)
	}
	if p := w.reads("PE", "after="+after); len(p.Events) != 0 || p.More || p.Next != after {
		t.Errorf("at its end the feed has %+v", p)
	}
	w.pays("PE", 900)
	if p := w.reads("PE", "after="+after); !slices.Equal(p.amounts(), []int64{900}) || p.Next == after {
		t.Errorf("after another payment the feed has %+v", p)
	}
}

// Without a cursor, and with an empty one or 0, a feed is read from its beginning, a hundred events at a time.
func TestAFeedBeginsAtItsBeginning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.pays("PE", 1698)
	for _, query := range []string{"", "after=", "after=0", "after=0&limit=500"} {
		got := w.reads("PE", query)
		if len(got.Events) != 1 {
			t.Fatalf("%q: read %d events, want 1", query, len(got.Events))
		}
		e := got.Events[0]
		if e.Type != pasarela.EventPaymentCaptured || e.Data.Payment.ID != p.ID || e.Timestamp != "2026-05-04T15:00:00.000000Z" || !strings.HasPrefix(e.ID, "evt_") {
			t.Errorf("%q: read %+v", query, e)
		}
	}
}

// A merchant reads its own events and nobody else's.
func TestMerchantsHaveFeedsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pays("PE", 100)
	w.pays("CO", 200)
	w.pays("PE", 300)
	if got := w.reads("PE", "").amounts(); !slices.Equal(got, []int64{100, 300}) {
		t.Errorf("PE reads payments of %v", got)
	}
	if got := w.reads("CO", "").amounts(); !slices.Equal(got, []int64{200}) {
		t.Errorf("CO reads payments of %v", got)
	}
}

func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

// The secret of either dialect opens the feed; nothing else does, and what was wrong is not told.
func TestWhoMayReadTheFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddMerchant(t, "HR", pasarela.Merchant{Name: "Shop", Country: "HR", Monri: pasarela.MonriCredentials{AuthenticityToken: "hr-token", Key: "hr-key"}})
	for name, c := range map[string]struct {
		header, value string
		status        int
	}{
		"Kushki's secret":       {"Private-Merchant-Id", "pe-private", 200},
		"Monri's secret":        {"Authorization", basic("hr-token", "hr-key"), 200},
		"nothing":               {"Accept", "application/json", 401},
		"empty secret":          {"Private-Merchant-Id", "", 401},
		"unknown secret":        {"Private-Merchant-Id", "nobody", 401},
		"what a browser has":    {"Private-Merchant-Id", "pe-public", 401},
		"wrong key":             {"Authorization", basic("hr-token", "hr-kex"), 401},
		"another's key":         {"Authorization", basic("hr-token", "pe-private"), 401},
		"key without its token": {"Authorization", basic("", "hr-key"), 401},
		"token without its key": {"Authorization", basic("hr-token", ""), 401},
		"Monri's own scheme":    {"Authorization", "WP3-v2.1 hr-token 1700000000 digest", 401},
	} {
		answer := w.ask(http.MethodGet, "/v1/events", c.header, c.value)
		if answer.Code != c.status {
			t.Errorf("%s: answered %d, want %d", name, answer.Code, c.status)
		}
		want := `{"error":{"code":"unauthorized","message":"send Private-Merchant-Id, or HTTP Basic with authenticity token and merchant key"}}`
		if c.status == 401 && (answer.Body.String() != want || answer.Header().Get("WWW-Authenticate") == "") {
			t.Errorf("%s: answered %s", name, answer.Body)
		}
	}
}

// A disabled merchant still learns what becomes of its payments.
func TestADisabledMerchantReadsItsFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pays("PE", 100)
	_, err := w.Gateway.ChangeMerchant(t.Context(), w.Merchants["PE"].ID, func(m pasarela.Merchant) (pasarela.Merchant, error) { m.Disabled = true; return m, nil })
	w.must(err)
	if got := w.reads("PE", "").amounts(); !slices.Equal(got, []int64{100}) {
		t.Errorf("reads payments of %v", got)
	}
}

// What is wrong with a question is said, and nothing is passed over.
func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for query, says := range map[string]string{
		"limit=0":                    "limit: ",
		"limit=501":                  "limit: ",
		"limit=":                     "limit: ",
		"limit=ten":                  "limit: ",
		"after=abc":                  "after: ",
		"after=-1":                   "after: ",
		"after=99999999999999999999": "after: ",
		"After=1":                    "there are only after and limit",
		"wait=5":                     "there are only after and limit",
		"limit=1&limit=2":            "each parameter once",
		"after=%zz":                  "query: ",
		"after=1;limit=2":            "query: ",
	} {
		answer := w.ask(http.MethodGet, "/v1/events?"+query, "Private-Merchant-Id", "pe-private")
		var got struct {
			Error struct{ Code, Message string }
		}
		w.must(json.Unmarshal(answer.Body.Bytes(), &got))
		if answer.Code != http.StatusBadRequest || got.Error.Code != "invalid" || !strings.Contains(got.Error.Message, says) {
			t.Errorf("%s: answered %d %s, want %q in it", query, answer.Code, answer.Body, says)
		}
	}
}

// Other methods and addresses are answered in the feed's own shape.
func TestOtherMethodsAndAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		method, target, code string
		status               int
	}{
		{"POST", "/v1/events", "method_not_allowed", 405},
		{"DELETE", "/v1/events", "method_not_allowed", 405},
		{"OPTIONS", "/v1/events", "method_not_allowed", 405},
		{"GET", "/v1/events/", "not_found", 404},
		{"GET", "/v1/events/evt_1", "not_found", 404},
		{"POST", "/v1/events/evt_1", "not_found", 404},
	} {
		answer := w.ask(c.method, c.target, "Private-Merchant-Id", "pe-private")
		var got struct{ Error struct{ Code string } }
		w.must(json.Unmarshal(answer.Body.Bytes(), &got))
		if answer.Code != c.status || got.Error.Code != c.code {
			t.Errorf("%s %s: answered %d %s", c.method, c.target, answer.Code, answer.Body)
		}
		if c.status == 405 && answer.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: allows %q", c.method, c.target, answer.Header().Get("Allow"))
		}
	}
}

// brokenFeed is a store whose feed cannot be read.
type brokenFeed struct{ store.Store }

func (brokenFeed) Events(context.Context, pasarela.MerchantID, int64, int) ([]pasarela.Event, error) {
	return nil, pasarela.Errorf(pasarela.CodeInternal, "sql: disk is gone")
}

// A failure of the gateway's shows nothing of its cause, but to the log.
func TestAFailureShowsNothing(t *testing.T) {
	t.Parallel()
	w := worldOn(t, func(t testing.TB) store.Store { return brokenFeed{dialecttest.InMemory(t)} })
	answer := w.ask(http.MethodGet, "/v1/events", "Private-Merchant-Id", "pe-private")
	want := `{"error":{"code":"internal","message":"something went wrong on our side: repeat the request later"}}`
	if answer.Code != http.StatusInternalServerError || answer.Body.String() != want {
		t.Errorf("answered %d %s", answer.Code, answer.Body)
	}
	if !strings.Contains(w.Log.String(), "disk is gone") {
		t.Error("the log does not say what failed")
	}
}
