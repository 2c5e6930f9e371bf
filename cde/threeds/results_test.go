package threeds_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"pasarela"
	"pasarela/cde/threeds"
)

// challengedBench has a challenge under way, and the address for its result, as only the directory server has it.
func challengedBench(t *testing.T) (b *bench, a pasarela.Authentication, results string) {
	t.Helper()
	ds := newStrange(t, http.StatusOK, changed(map[string]any{"transStatus": "C", "acsURL": "https://bank.example/acs", "eci": nil}))
	b = newBench(t, func(c *threeds.Config) { c.DirectoryServerURL = ds.url })
	a = b.begin(request(t, challenged))
	results, _ = ds.last(t)["threeDSServerURL"].(string)
	if a.State != pasarela.AuthenticationPending || !strings.HasPrefix(results, b.url+"/3ds/results/") {
		t.Fatalf("no challenge: %+v, results to %s", a, results)
	}
	return b, a, results
}

// rreq is a good result with some members changed; one that is nil is left out.
func rreq(a pasarela.Authentication, changes map[string]any) string {
	m := map[string]any{"messageType": "RReq", "messageVersion": "2.2.0", "threeDSServerTransID": a.ID, "acsTransID": acsID, "dsTransID": dsID,
		"messageCategory": "01", "transStatus": "Y", "eci": "05", "authenticationValue": cavv}
	maps.Copy(m, changes)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	out, err := json.Marshal(m)
	if err != nil {
		panic(err) // a test's own words
	}
	return string(out)
}

func (b *bench) tell(results, body string) (page, map[string]any) {
	b.t.Helper()
	p := b.read(b.client.Post(results, "application/json", strings.NewReader(body)))
	var m map[string]any
	if err := json.Unmarshal([]byte(p.text), &m); err != nil && p.status == http.StatusOK {
		b.t.Fatalf("answered %s", p.text)
	}
	return p, m
}

// Rule: what a result says becomes the state and reason that fit.
func TestWhatAResultMeans(t *testing.T) {
	t.Parallel()
	type set = map[string]any
	no := func(more set) set {
		m := set{"transStatus": "N", "eci": nil, "authenticationValue": nil}
		maps.Copy(m, more)
		return m
	}
	for name, c := range map[string]struct {
		change set
		reason pasarela.AuthenticationReason
		erro   any
	}{
		"authenticated":               {change: set{}},
		"attempted":                   {change: set{"transStatus": "A", "eci": "06"}},
		"cancelled":                   {change: no(set{"challengeCancel": "01"}), reason: pasarela.ReasonAbandoned},
		"cancelled by the shop":       {change: no(set{"challengeCancel": "02"}), reason: pasarela.ReasonAbandoned},
		"timed out":                   {change: no(set{"challengeCancel": "04"}), reason: pasarela.ReasonNoAnswer},
		"never begun":                 {change: no(set{"challengeCancel": "05"}), reason: pasarela.ReasonNoAnswer},
		"timed out, U":                {change: no(set{"transStatus": "U", "transStatusReason": "14"}), reason: pasarela.ReasonNoAnswer},
		"wrong codes":                 {change: no(set{"transStatusReason": "01"}), reason: pasarela.ReasonWrongCode},
		"too many challenges":         {change: no(set{"transStatusReason": "19"}), reason: pasarela.ReasonWrongCode},
		"error":                       {change: no(set{"challengeCancel": "06"}), reason: pasarela.ReasonUnavailable},
		"unavailable":                 {change: no(set{"transStatus": "U"}), reason: pasarela.ReasonUnavailable},
		"denied":                      {change: no(set{"transStatusReason": "11"}), reason: pasarela.ReasonRejected},
		"rejected":                    {change: no(set{"transStatus": "R"}), reason: pasarela.ReasonRejected},
		"authenticated, nothing said": {change: set{"eci": nil}, reason: pasarela.ReasonIncomplete, erro: "201"},
		"authenticated, no value":     {change: set{"authenticationValue": nil}, reason: pasarela.ReasonIncomplete, erro: "201"},
		"authenticated, with 07":      {change: set{"eci": "07"}, reason: pasarela.ReasonInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, a, results := challengedBench(t)
			_, m := b.tell(results, rreq(a, c.change))
			got := b.kept(a.ID)
			if (got.State == pasarela.AuthenticationAuthenticated) != (c.reason == "") || got.Reason != c.reason || got.State == pasarela.AuthenticationPending {
				t.Errorf("became %+v", got)
			}
			if c.erro == nil && (m["messageType"] != "RRes" || m["resultsStatus"] != "01" || m["threeDSServerTransID"] != string(a.ID) ||
				m["acsTransID"] != acsID || m["dsTransID"] != dsID) {
				t.Errorf("answered %v", m)
			}
			if m["errorCode"] != c.erro {
				t.Errorf("answered %v", m)
			}
		})
	}
}

// Rule: only who was given the proof can tell a result: the cardholder knows the ids, the shop's too.
func TestForgedResults(t *testing.T) {
	t.Parallel()
	b, a, results := challengedBench(t)
	cut := strings.LastIndex(results, "/")
	right := results[cut+1:]
	other := b.begin(request(t, challenged))
	for name, forged := range map[string]string{
		"no proof":         results[:cut+1] + "-",
		"zeros":            results[:cut+1] + strings.Repeat("0", len(right)),
		"a prefix":         results[:cut+1] + right[:len(right)-1],
		"other letters":    results[:cut+1] + strings.ToUpper(right) + "A",
		"of another":       strings.Replace(results, string(a.ID), string(other.ID), 1),
		"another merchant": strings.Replace(results, string(shop.ID), "20000000999999999999", 1),
	} {
		if p, m := b.tell(forged, rreq(a, nil)); p.status != http.StatusForbidden || m["errorCode"] != "303" {
			t.Errorf("%s: %d %v", name, p.status, m)
		}
	}
	if b.resultCalls() != 0 || b.kept(a.ID).State != pasarela.AuthenticationPending || b.kept(other.ID).State != pasarela.AuthenticationPending {
		t.Errorf("a forged result was taken: %+v", b.kept(a.ID))
	}
	if strings.Contains(b.log.String(), right) {
		t.Errorf("the proof is in the log:\n%s", b.log.String())
	}
}

// Rule: a result that is malformed, or about something else, is refused and changes nothing.
func TestRefusedResults(t *testing.T) {
	t.Parallel()
	type set = map[string]any
	b, a, results := challengedBench(t)
	for name, c := range map[string]struct{ body, code string }{
		"garbage":            {"<xml>", "101"},
		"empty":              {"", "101"},
		"a member twice":     {`{"messageType":"RReq","messageType":"RReq"}`, "101"},
		"too large":          {strings.Repeat(" ", 65<<10), "101"},
		"another message":    {rreq(a, set{"messageType": "AReq"}), "101"},
		"version":            {rreq(a, set{"messageVersion": "1.0.2"}), "102"},
		"critical extension": {rreq(a, set{"messageExtension": []set{{"name": "x", "id": "x", "criticalityIndicator": true}}}), "202"},
		"another's id":       {rreq(a, set{"threeDSServerTransID": dsID}), "301"},
		"acs id is no UUID":  {rreq(a, set{"acsTransID": "x"}), "203"},
		"another's acs id":   {rreq(a, set{"acsTransID": dsID}), "305"},
		"another's ds id":    {rreq(a, set{"dsTransID": acsID}), "305"},
		"no status":          {rreq(a, set{"transStatus": nil}), "201"},
		"a challenge":        {rreq(a, set{"transStatus": "C"}), "203"},
	} {
		if p, m := b.tell(results, c.body); p.status != http.StatusOK || m["messageType"] != "Erro" || m["errorCode"] != c.code || m["errorComponent"] != "S" {
			t.Errorf("%s: %d %v", name, p.status, m)
		}
	}
	if b.kept(a.ID).State != pasarela.AuthenticationPending {
		t.Errorf("became %+v", b.kept(a.ID))
	}
	if p := b.read(b.client.Get(results)); p.status != http.StatusMethodNotAllowed {
		t.Errorf("GET is answered %d", p.status)
	}
}

// Rule: a result that comes again is answered as before; one that was not kept is asked for again.
func TestRepeatedResult(t *testing.T) {
	t.Parallel()
	b, a, results := challengedBench(t)
	b.failing = 1
	if _, m := b.tell(results, rreq(a, nil)); m["errorCode"] != "403" {
		t.Errorf("not kept: %v", m)
	}
	first, _ := b.tell(results, rreq(a, nil))
	again, _ := b.tell(results, rreq(a, nil))
	if first.text != again.text || !strings.Contains(first.text, "RRes") || b.kept(a.ID).State != pasarela.AuthenticationAuthenticated {
		t.Errorf("%s\n%s\n%+v", first.text, again.text, b.kept(a.ID))
	}
}
