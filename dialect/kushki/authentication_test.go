package kushki

import (
	"strconv"
	"testing"

	"pasarela"
)

// A one-time password is the three digits of its amount: the published value in a sandbox, else one of the
// published range.
func TestOneTimePassword(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency  pasarela.Currency
		sandbox   string
		low, high int64
		held      pasarela.Currency
	}{
		{"USD", "155", 100, 200, "USD"}, {"PEN", "155", 186, 699, "PEN"}, {"MXN", "555", 101, 999, "MXN"},
		{"COP", "555", 101, 999, "COP"}, {"CLP", "150", 500, 999, "CLP"}, {"CLF", "150", 500, 999, "CLP"},
	} {
		otp, err := (&call{Handler: &Handler{Options: Options{Sandbox: true}}}).oneTimePassword(c.currency)
		if err != nil || otp.Code != c.sandbox || strconv.FormatInt(otp.Amount.Minor, 10) != otp.Code || otp.Amount.Currency != c.held {
			t.Errorf("%s in a sandbox: %+v, %v", c.currency, otp, err)
		}
		for range 50 {
			otp, err := (&call{Handler: &Handler{}}).oneTimePassword(c.currency)
			minor := otp.Amount.Minor
			if err != nil || minor < c.low || minor > c.high || strconv.FormatInt(minor, 10) != otp.Code || otp.Amount.Currency != c.held {
				t.Errorf("%s: %+v, %v", c.currency, otp, err)
			}
		}
	}
	if otp, err := (&call{Handler: &Handler{}}).oneTimePassword("EUR"); err != nil || otp.Code != "" {
		t.Errorf("EUR has no range, and got %+v, %v", otp, err)
	}
}

// Why a cardholder was not authenticated has a text, whatever the reason.
func TestEveryReasonHasARule(t *testing.T) {
	t.Parallel()
	for _, reason := range []pasarela.AuthenticationReason{pasarela.ReasonNotEnrolled, pasarela.ReasonIncomplete, pasarela.ReasonInvalid,
		pasarela.ReasonRejected, pasarela.ReasonUnavailable, pasarela.ReasonTimeout, pasarela.ReasonAbandoned, pasarela.ReasonWrongCode,
		pasarela.ReasonNoAnswer, pasarela.ReasonInsecure} {
		rules, base := rulesOf(pasarela.Refuse(reason))
		if len(rules) != 1 || rules[0].Code != "K325" || rules[0].Message == "" || base != "" {
			t.Errorf("%s: %+v %q", reason, rules, base)
		}
	}
	if rules, _ := rulesOf(pasarela.Errorf(pasarela.CodeTokenSpent, "x")); rules != nil {
		t.Errorf("a spent token has rules %+v", rules)
	}
}
