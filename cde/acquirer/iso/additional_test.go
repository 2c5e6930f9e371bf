package iso_test

import (
	"strings"
	"testing"

	"pasarela"
	"pasarela/cde/acquirer/iso"
)

// Each of the terms travels in the subfield that the layout gives it, and what is not said is not there.
func TestTermsTravelInField48(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terms pasarela.Terms
		want  string // field 48 as the traffic log shows it
	}{
		"nothing": {pasarela.Terms{}, ""},
		"Visa, authenticated": {pasarela.Terms{Secure: pasarela.Secure{ECI: "05", Value: proof, Version: "2.2.0", XID: "eA=="}},
			"01052.2.0" + "0304eA==" + "420205" + "4332" + strings.Repeat("*", 32)},
		"Mastercard, attempted": {pasarela.Terms{Secure: pasarela.Secure{ECI: "01", CollectionIndicator: "1",
			DirectoryServerID: "f38e6948-5388-41a6-bca4-b49723c19437"}},
			"0236f38e6948-5388-41a6-bca4-b49723c19437" + "4203011"},
		"first of a series": {pasarela.Terms{Recurrence: pasarela.RecurrenceInitial}, "0401I"},
		"series goes on": {pasarela.Terms{Recurrence: pasarela.RecurrenceSubsequent, SchemeID: "123456789012345", Initiator: "M103"},
			"0401S" + "0515123456789012345" + "22080504M103"},
		"network token":          {pasarela.Terms{NetworkToken: true}, "06011"},
		"installments":           {pasarela.Terms{Installments: pasarela.Installments{Months: 6, Plan: "03"}}, "0706060003"},
		"installments and grace": {pasarela.Terms{Installments: pasarela.Installments{Months: 12, Grace: 3, Plan: "001"}}, "07071203001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := iso.Message{MTI: iso.AuthorizationRequest}
			if err := m.SetTerms(c.terms); err != nil {
				t.Fatal(err)
			}
			packed := pack(t, m)
			if got := iso.Fields(iso.AppendRedacted(nil, packed))["48"]; got != c.want {
				t.Errorf("field 48 is %q, want %q", got, c.want)
			}
			back, err := iso.Unpack(packed)
			if err != nil || back.Additional != m.Additional {
				t.Errorf("comes back as %+v (%v), want %+v", back.Additional, err, m.Additional)
			}
		})
	}
}

// A message that was packed leaves nothing of its field 48 to the next.
func TestTermsAreOfTheirMessageOnly(t *testing.T) {
	t.Parallel()
	pack(t, full(t))
	if got := iso.Fields(pack(t, iso.Message{MTI: iso.AuthorizationRequest, STAN: "000001"}))["48"]; got != "" {
		t.Errorf("field 48 of a message without one is %q", got)
	}
}

// Terms that do not fit make the message unsendable: cut off they would mean something else.
func TestTermsThatDoNotFit(t *testing.T) {
	t.Parallel()
	for name, terms := range map[string]pasarela.Terms{
		"months":      {Installments: pasarela.Installments{Months: 100}},
		"negative":    {Installments: pasarela.Installments{Months: 6, Grace: -1}},
		"plan":        {Installments: pasarela.Installments{Months: 6, Plan: "0001"}},
		"initiator":   {Initiator: "C101C101"},
		"scheme's id": {SchemeID: strings.Repeat("1", 37)},
		"proof":       {Secure: pasarela.Secure{Value: proof + "x"}},
		"control":     {Secure: pasarela.Secure{ECI: "0\n"}},
	} {
		m := iso.Message{MTI: iso.AuthorizationRequest}
		err := m.SetTerms(terms)
		if err == nil {
			_, err = m.Pack()
		}
		if err == nil {
			t.Errorf("%s: passes", name)
		} else if strings.Contains(err.Error(), proof) {
			t.Errorf("%s: error shows the proof: %v", name, err)
		}
	}
}
