package simulator

import (
	"slices"
	"time"

	"pasarela"
)

// State is where an authorization stands in the issuer's books.
type State string

// The states.
const (
	StateHeld     State = "held"
	StateCaptured State = "captured" // a sale at once
	StateReversed State = "reversed" // undone: voided, or reversed because its outcome was unknown
	StateReleased State = "released"
	StateRefunded State = "refunded" // all of it
)

// Authorization is one approved authorization or sale as the issuer believes it to be. Amounts are in minor
// units; AmountMinor has in it what reauthorizations hold besides.
type Authorization struct {
	Seq           int64              `json:"seq"`
	Reference     pasarela.PaymentID `json:"reference"`
	RRN           string             `json:"rrn"`
	STAN          string             `json:"stan"`
	MaskedPAN     string             `json:"masked_pan"`
	AmountMinor   int64              `json:"amount_minor"`
	CapturedMinor int64              `json:"captured_minor"`
	RefundedMinor int64              `json:"refunded_minor"`
	Currency      pasarela.Currency  `json:"currency"`
	State         State              `json:"state"`
	ApprovalCode  string             `json:"approval_code"`
}

// outstanding is what the authorization takes from its account's balance.
func (a *Authorization) outstanding() int64 {
	switch a.State {
	case StateHeld:
		return a.AmountMinor
	case StateCaptured, StateRefunded:
		return a.CapturedMinor - a.RefundedMinor
	default:
		return 0
	}
}

// Entries of the books that no message causes.
const (
	opForget pasarela.Message = "forget"
	opAmend  pasarela.Message = "amend"
)

// entry is one line of the books: a message that was decided, or a tampering.
type entry struct {
	At           time.Time          `json:"at"`
	Op           pasarela.Message   `json:"op"`
	Reference    pasarela.PaymentID `json:"reference"`
	RRN          string             `json:"rrn"`
	STAN         string             `json:"stan,omitempty"`
	OriginalRRN  string             `json:"original_rrn,omitempty"`
	Account      string             `json:"account,omitempty"` // keyed fingerprint of the number
	MaskedPAN    string             `json:"masked_pan,omitempty"`
	AmountMinor  int64              `json:"amount_minor"`
	Currency     pasarela.Currency  `json:"currency,omitempty"`
	ResponseCode string             `json:"response_code,omitempty"`
	ApprovalCode string             `json:"approval_code,omitempty"`
}

// books is what the issuer believes. It changes by entries only, so that replaying them restores it.
type books struct {
	authorizations []*Authorization // by seq, from 1; nil where forgotten
	dossiers       map[pasarela.PaymentID]*dossier
	used           map[string]int64 // minor units held and taken, by account
}

// dossier is everything that happened under one transaction reference.
type dossier struct {
	auth       *Authorization // nil while nothing is approved
	account    string
	captureRRN string            // of the capture that stands
	increments []reauthorization // those that stand
	cancelled  []string          // RRNs of messages that are to be refused: their reversal came first
	replies    []reply
}

// reauthorization is one approved increment of a hold; of zero where it was to last longer only.
type reauthorization struct {
	rrn   string
	minor int64
}

// reply is how a message was answered. Another node of the gateway, or one that was restarted, may use a retrieval
// reference number again, so it takes operation and trace number as well to know a message by.
type reply struct {
	op                                    pasarela.Message
	rrn, stan, responseCode, approvalCode string
}

func newBooks() *books {
	return &books{dossiers: make(map[pasarela.PaymentID]*dossier), used: make(map[string]int64)}
}

// none stands for a reference that nothing is known of.
var none = &dossier{}

func (b *books) find(reference pasarela.PaymentID) *dossier {
	if d := b.dossiers[reference]; d != nil {
		return d
	}
	return none
}

// answered finds what a message was answered before.
func (d *dossier) answered(op pasarela.Message, rrn, stan string) (reply, bool) {
	i := slices.IndexFunc(d.replies, func(r reply) bool { return r.op == op && r.rrn == rrn && (r.stan == stan || r.stan == "") })
	if i < 0 {
		return reply{}, false
	}
	return d.replies[i], true
}

// apply books an entry.
func (b *books) apply(e entry) {
	d := b.dossiers[e.Reference]
	if d == nil {
		d = &dossier{}
		b.dossiers[e.Reference] = d
	}
	if e.ResponseCode != "" {
		d.replies = append(d.replies, reply{e.Op, e.RRN, e.STAN, e.ResponseCode, e.ApprovalCode})
		if !approves(e.ResponseCode) {
			return
		}
	}
	before := d.outstanding()
	b.change(d, e)
	if d.account != "" {
		b.used[d.account] += d.outstanding() - before
	}
}

func (d *dossier) outstanding() int64 {
	if d.auth == nil {
		return 0
	}
	return d.auth.outstanding()
}

func (b *books) change(d *dossier, e entry) {
	switch a := d.auth; e.Op {
	case pasarela.MessageAuthorize, pasarela.MessageSale:
		b.open(d, e)
	case pasarela.MessageCapture:
		a.State, a.CapturedMinor, d.captureRRN = StateCaptured, e.AmountMinor, e.RRN
	case pasarela.MessageReauthorize:
		a.AmountMinor += e.AmountMinor
		d.increments = append(d.increments, reauthorization{e.RRN, e.AmountMinor})
	case pasarela.MessageRefund:
		a.RefundedMinor += e.AmountMinor
		if a.RefundedMinor == a.CapturedMinor {
			a.State = StateRefunded
		}
	case opForget:
		b.authorizations[a.Seq-1], d.auth, d.increments = nil, nil, nil
	case opAmend:
		if a.CapturedMinor == a.AmountMinor {
			a.CapturedMinor = e.AmountMinor
		}
		a.AmountMinor = e.AmountMinor
	default:
		if reverses(e.Op) {
			d.undo(e)
		}
	}
}

func (b *books) open(d *dossier, e entry) {
	d.account = e.Account
	d.auth = &Authorization{Seq: int64(len(b.authorizations)) + 1, Reference: e.Reference, RRN: e.RRN, STAN: e.STAN,
		MaskedPAN: e.MaskedPAN, AmountMinor: e.AmountMinor, Currency: e.Currency, State: StateHeld,
		ApprovalCode: e.ApprovalCode}
	if e.Op == pasarela.MessageSale {
		d.auth.State, d.auth.CapturedMinor = StateCaptured, e.AmountMinor
	}
	b.authorizations = append(b.authorizations, d.auth)
}

// undo books an acknowledged reversal, or remembers it where its original is not known.
func (d *dossier) undo(e entry) {
	if !d.concerns(e.Op, e.OriginalRRN) {
		d.cancelled = append(d.cancelled, e.OriginalRRN)
		return
	}
	a := d.auth
	switch {
	case undoesOne(e.Op):
		i := d.increment(e.OriginalRRN)
		a.AmountMinor = max(a.AmountMinor-d.increments[i].minor, 0) // tampering may have left less
		d.increments = slices.Delete(d.increments, i, i+1)
	case e.Op == pasarela.MessageReverseCapture:
		a.State, a.CapturedMinor, d.captureRRN = StateHeld, 0, ""
	case a.State == StateHeld && e.Op != pasarela.MessageReverse:
		a.State = StateReleased
	case a.State == StateHeld || a.State == StateCaptured:
		a.State, a.CapturedMinor, d.captureRRN = StateReversed, 0, ""
	}
}

// concerns says whether a reversal's original is something that stands in the books. A void or a release
// concerns all that its reference did, a reversal the one message that it names.
func (d *dossier) concerns(op pasarela.Message, originalRRN string) bool {
	if d.auth == nil {
		return false
	}
	switch op {
	case pasarela.MessageReverse:
		return d.auth.RRN == originalRRN
	case pasarela.MessageReverseCapture:
		return d.captureRRN != "" && d.captureRRN == originalRRN
	case pasarela.MessageReduce, pasarela.MessageReverseReauthorize:
		return d.increment(originalRRN) >= 0
	default:
		return true
	}
}

// undoesOne says whether op takes one reauthorization back and leaves the rest of the hold.
func undoesOne(op pasarela.Message) bool {
	return op == pasarela.MessageReduce || op == pasarela.MessageReverseReauthorize
}

// increment finds a reauthorization that stands; -1 is none.
func (d *dossier) increment(rrn string) int {
	return slices.IndexFunc(d.increments, func(r reauthorization) bool { return r.rrn == rrn })
}

// list is what is not forgotten after a seq, oldest first; all of it where limit is not above zero.
func (b *books) list(after int64, limit int) []Authorization {
	out := []Authorization{}
	for _, a := range b.authorizations[min(max(after, 0), int64(len(b.authorizations))):] {
		if limit > 0 && len(out) == limit {
			break
		}
		if a != nil {
			out = append(out, *a)
		}
	}
	return out
}

// byRRN finds the newest authorization with that number.
func (b *books) byRRN(rrn string) *Authorization {
	for _, a := range slices.Backward(b.authorizations) {
		if a != nil && a.RRN == rrn {
			return a
		}
	}
	return nil
}
