package iso

import (
	"errors"
	"fmt"
	"io"

	"pasarela"
)

// Additional is field 48 but for the CVV, as its subfields stand. One that is "" is absent.
type Additional struct {
	Protocol        string // 3-D Secure's version
	DirectoryServer string
	XID             string
	Recurrence      string // RecurrenceInitial or RecurrenceSubsequent
	SchemeID        string
	NetworkToken    string // IsNetworkToken, or absent
	Installments    string // months (2), grace months (2), plan (up to 3)
	Initiator       string // sub-element 05
	ECI             string // two digits, and Mastercard's collection indicator
	Authentication  Replayable
	Advice          string
}

// Values of subfields 04 and 06.
const (
	RecurrenceInitial    = "I"
	RecurrenceSubsequent = "S"
	IsNetworkToken       = "1"
)

// Replayable is a proof that serves whoever holds it. It is no card data, and prints as a mask all the same.
type Replayable string

// Format writes the mask, whatever the verb and its flags.
func (r Replayable) Format(f fmt.State, _ rune) {
	if r != "" {
		_, _ = io.WriteString(f, "***") // a writer's error is kept by whoever prints
	}
}

// MarshalText writes the mask.
func (r Replayable) MarshalText() ([]byte, error) { return fmt.Append(nil, r), nil }

// parts lists the subfields by tag; the CVV's, which is not text, is not among them.
var parts = []struct {
	tag   string
	value func(*Additional) *string
}{
	{"01", func(a *Additional) *string { return &a.Protocol }},
	{"02", func(a *Additional) *string { return &a.DirectoryServer }},
	{"03", func(a *Additional) *string { return &a.XID }},
	{"04", func(a *Additional) *string { return &a.Recurrence }},
	{"05", func(a *Additional) *string { return &a.SchemeID }},
	{"06", func(a *Additional) *string { return &a.NetworkToken }},
	{"07", func(a *Additional) *string { return &a.Installments }},
	{"22", func(a *Additional) *string { return &a.Initiator }},
	{"42", func(a *Additional) *string { return &a.ECI }},
	{"43", func(a *Additional) *string { return (*string)(&a.Authentication) }},
	{"84", func(a *Additional) *string { return &a.Advice }},
}

var recurrences = map[pasarela.Recurrence]string{
	pasarela.RecurrenceInitial:    RecurrenceInitial,
	pasarela.RecurrenceSubsequent: RecurrenceSubsequent,
}

// SetTerms puts what an authorization or sale says beside card and amount into field 48. It fails on
// installments of more than 99 months; what else does not fit is Pack's to refuse.
func (m *Message) SetTerms(t pasarela.Terms) error {
	m.Additional = Additional{
		Protocol:        t.Secure.Version,
		DirectoryServer: t.Secure.DirectoryServerID,
		XID:             t.Secure.XID,
		Recurrence:      recurrences[t.Recurrence],
		SchemeID:        t.SchemeID,
		ECI:             t.Secure.ECI + t.Secure.CollectionIndicator,
		Authentication:  Replayable(t.Secure.Value),
	}
	if t.NetworkToken {
		m.NetworkToken = IsNetworkToken
	}
	if t.Initiator != "" {
		m.Initiator = "05" + Pad(int64(len(t.Initiator)), 2) + t.Initiator
	}
	if i := t.Installments; i != (pasarela.Installments{}) {
		if min(i.Months, i.Grace) < 0 || max(i.Months, i.Grace) > 99 {
			return errors.New("months of installments do not fit two digits")
		}
		m.Installments = Pad(int64(i.Months), 2) + Pad(int64(i.Grace), 2) + i.Plan
	}
	return nil
}
