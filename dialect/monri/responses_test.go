package monri

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pasarela"
)

// listed are the codes of Monri's list.
const listed = `0000 1001 1002 1003 1004 1005 1011 1012 1014 1015 1016 1017 1018 1019 1020 1021 1022 1023 1024 1025 1026 1050
	1802 1803 1804 1806 1808 1810 1811 1812 1813 1814 1815 1816 1817 1818 1819 1820 1821 1822 1823
	2000 2001 2002 2003 2013 3000 3100 3200 3201 3202 4001 4002 4003 5000 6000
	5001 5003 5005 5006 5007 5009 5010 5011 5012 5013 5014 5015 5016 5017 5018 5019 5020 5021 5022 5023 5050 5051 5052`

// provoked are the rows that something leads to.
func provoked() []*response {
	all := []*response{approved, declinedAtAll}
	for _, table := range []map[pasarela.Code]*response{refusals, conflicts[typeCapture], conflicts[typeVoid]} {
		for _, r := range table {
			all = append(all, r)
		}
	}
	for _, r := range declines {
		all = append(all, r)
	}
	for _, r := range unproven {
		all = append(all, r)
	}
	return all
}

// The table is the published list, each code once; whatever says when it comes up does come up, and nothing that says
// why it never does.
func TestResponsesAreThePublishedList(t *testing.T) {
	t.Parallel()
	want := strings.Fields(listed)
	var got []string
	for _, r := range responses {
		got = append(got, r.code)
		if r.message == "" || (r.when == "") == (r.never == "") {
			t.Errorf("%s: has no message, or not one of when and never", r.code)
		}
		if approves := r.status == statusApproved; approves != (r.code == "0000") {
			t.Errorf("%s has the status %s", r.code, r.status)
		}
		if leads := slices.Contains(provoked(), r); leads != (r.never == "") {
			t.Errorf("%s: something leads there: %t; never: %q", r.code, leads, r.never)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) != 79 || !slices.Equal(got, want) {
		t.Errorf("got %d codes, want %d:\n%v\n%v", len(got), len(want), got, want)
	}
	for _, r := range provoked() {
		if !slices.Contains(responses, r) {
			t.Errorf("%s is answered and not in the list", r.code)
		}
	}
}

// Whatever an issuer answers (a test card's field 39 can be any two of these) has a row, and none of them approves.
func TestEveryAnswerOfAnIssuerHasARow(t *testing.T) {
	t.Parallel()
	const characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	named := 0
	for _, first := range characters {
		for _, second := range characters {
			code := string(first) + string(second)
			if declineOf(code) != declinedAtAll {
				named++
			}
			if r := declineOf(code); r.status == statusApproved || !slices.Contains(responses, r) {
				t.Errorf("%s becomes %s", code, r.code)
			}
		}
	}
	for code, r := range declines {
		if len(code) == 2 && !strings.Contains(r.when, code) {
			t.Errorf("%s does not say that %s provokes it", r.code, code)
		}
	}
	if named != len(declines)-3 {
		t.Errorf("%d of two characters are named, of %d beside the gateway's own three", named, len(declines)-3)
	}
}

// What the documentation and clients rely on.
func TestDeclines(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"05": "1050", "82": "1050", "N7": "1050", "R0": "1050", "": "1050",
		"51": "1016", "54": "1001", "14": "1804", "41": "1005", "43": "1004", "57": "1808", "62": "1003", "91": "2000",
		pasarela.ResponseNoAnswer: "2001", pasarela.ResponseUnreachable: "2000", pasarela.ResponseUnsendable: "2000",
	} {
		if got := declineOf(code).code; got != want {
			t.Errorf("%q becomes %s, want %s", code, got, want)
		}
	}
}

// Every kind of error has a row, whatever the transaction; one that carries none shows nothing.
func TestEveryCodeHasAResponse(t *testing.T) {
	t.Parallel()
	for _, code := range pasarela.Codes() {
		if refusals[code] == nil {
			t.Errorf("%s has no row", code)
		}
		for _, transactionType := range []string{"authorize", "purchase", typeCapture, "refund", typeVoid} {
			if r := refusalOf(pasarela.Errorf(code, "x"), transactionType); r == nil || r.status == statusApproved {
				t.Errorf("%s of %s becomes %v", transactionType, code, r)
			}
		}
	}
	if len(refusals) != len(pasarela.Codes()) {
		t.Errorf("%d rows for %d codes", len(refusals), len(pasarela.Codes()))
	}
	for _, err := range []error{errors.New("sql: no rows"), pasarela.Errorf("other", "x")} {
		if r := refusalOf(err, "purchase"); r != systemError {
			t.Errorf("%v becomes %s", err, r.code)
		}
	}
}

// Which conflict is which, and why a cardholder was not authenticated.
func TestRefusals(t *testing.T) {
	t.Parallel()
	failed := func(code pasarela.Code) error { return pasarela.Errorf(code, "x") }
	for _, c := range []struct {
		transactionType string
		err             error
		want            string
	}{
		{"capture", failed(pasarela.CodeAlreadyVoided), "1021"},
		{"refund", failed(pasarela.CodeAlreadyVoided), "1021"},
		{"void", failed(pasarela.CodeAlreadyVoided), "1017"},
		{"void", failed(pasarela.CodeWrongState), "1020"},
		{"capture", failed(pasarela.CodeWrongState), "1019"},
		{"refund", failed(pasarela.CodeWrongState), "1015"},
		{"refund", failed(pasarela.CodeAlreadyRefunded), "1018"},
		{"capture", failed(pasarela.CodeAlreadyRefunded), "1019"},
		{"refund", failed(pasarela.CodeVoidAmount), "1810"},
		{"capture", failed(pasarela.CodeCaptureAmount), "1810"},
		{"void", failed(pasarela.CodeNotFound), "1816"},
		{"purchase", failed(pasarela.CodeAuthenticationRequired), "4002"},
		{"purchase", failed(pasarela.CodeAuthenticationFailed), "4003"},
		{"purchase", pasarela.Refuse(pasarela.ReasonNotEnrolled), "4002"},
		{"purchase", pasarela.Refuse(pasarela.ReasonIncomplete), "2013"},
		{"purchase", pasarela.Refuse(pasarela.ReasonInvalid), "2013"},
		{"purchase", pasarela.Refuse(pasarela.ReasonRejected), "4003"},
		{"purchase", pasarela.Refuse(pasarela.ReasonUnavailable), "4001"},
		{"purchase", pasarela.Refuse(pasarela.ReasonTimeout), "4001"},
		{"purchase", pasarela.Refuse(pasarela.ReasonAbandoned), "4003"},
		{"purchase", pasarela.Refuse(pasarela.ReasonWrongCode), "4003"},
		{"purchase", pasarela.Refuse(pasarela.ReasonNoAnswer), "4003"},
		{"purchase", pasarela.Refuse(pasarela.ReasonInsecure), "4001"},
		{"purchase", fmt.Errorf("charge: %w", pasarela.Refuse(pasarela.ReasonInsecure)), "4001"},
	} {
		if got := refusalOf(c.err, c.transactionType).code; got != c.want {
			t.Errorf("%s, %v: got %s, want %s", c.transactionType, c.err, got, c.want)
		}
	}
}

// docs/monri-errors.md prints the tables.
func TestTheErrorsPagePrintsTheTables(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/monri-errors.md")
	if err != nil {
		t.Fatal(err)
	}
	var answered, published, front strings.Builder
	for _, r := range responses {
		if r.never == "" {
			fmt.Fprintf(&answered, "| `%s` | %s | %s | %s |\n", r.code, r.message, r.status, r.when)
		} else {
			fmt.Fprintf(&published, "| `%s` | %s | %s |\n", r.code, r.message, r.never)
		}
	}
	for _, code := range pasarela.Codes() {
		p := problems[code]
		text := p.text
		if p.shown {
			text = "says what to send"
		}
		fmt.Fprintf(&front, "| %d | `%s` | %s |\n", p.http, p.status, text)
	}
	for _, table := range []string{front.String(), answered.String(), published.String()} {
		if !strings.Contains(string(page), table) {
			t.Errorf("docs/monri-errors.md does not have this table:\n%s", table)
		}
	}
}
