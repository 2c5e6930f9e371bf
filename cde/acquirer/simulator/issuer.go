package simulator

import (
	"cmp"
	"slices"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/iso"
	"pasarela/cde/cards"
)

// captureCeilingPercent is how much of a hold the issuer lets a merchant take.
const captureCeilingPercent = 110

func approves(responseCode string) bool {
	return responseCode == iso.CodeApproved || responseCode == iso.CodeNoReasonToRefuse
}

// decide is the response code for a request, which was not answered before. It changes nothing.
func (b *books) decide(q request, card cards.Behaviour, now time.Time) string {
	d := b.find(q.reference)
	if slices.Contains(d.cancelled, q.rrn) {
		return iso.CodeInvalid
	}
	switch q.op {
	case pasarela.MessageAuthorize, pasarela.MessageSale:
		return b.authorize(d, q, card, now)
	case pasarela.MessageVerify:
		return verify(d, q, card, now)
	case pasarela.MessageReauthorize:
		return b.reauthorize(d, q, card, now)
	case pasarela.MessageCapture:
		return b.capture(d, q, card)
	case pasarela.MessageRefund:
		return refund(d, q)
	default:
		return d.takeBack(q)
	}
}

func (b *books) authorize(d *dossier, q request, card cards.Behaviour, now time.Time) string {
	switch code := checkNew(d, q, card, now); {
	case code != "":
		return code
	case q.amount.Minor == 0:
		return iso.CodeInvalidAmount
	case b.short(q.account, q.amount.Minor, card):
		return iso.CodeShortOfFunds
	default:
		return iso.CodeApproved
	}
}

func verify(d *dossier, q request, card cards.Behaviour, now time.Time) string {
	if code := checkNew(d, q, card, now); code != "" {
		return code
	}
	return iso.CodeNoReasonToRefuse
}

// checkNew refuses what is wrong whatever the amount; "" is no objection.
func checkNew(d *dossier, q request, card cards.Behaviour, now time.Time) string {
	if d.auth != nil {
		return iso.CodeDuplicate
	}
	return checkCard(q, card, now)
}

func checkCard(q request, card cards.Behaviour, now time.Time) string {
	switch {
	case q.number.IsZero():
		return iso.CodeInvalidNumber
	case card.ResponseCode != "" && card.ResponseCode != iso.CodeApproved:
		return card.ResponseCode
	case q.expiry != "" && pasarela.CardFacts{Expiry: q.expiry}.ExpiresBefore(now):
		return iso.CodeExpiredCard
	default:
		return ""
	}
}

// short says whether the account lacks so many minor units. Without a balance it never does.
func (b *books) short(account string, minor int64, card cards.Behaviour) bool {
	return card.BalanceMinor != nil && minor > *card.BalanceMinor-b.used[account]
}

// reauthorize decides whether more is held for an authorization. An amount of zero asks to hold for longer; the
// issuer's holds do not run out, so it changes nothing.
func (b *books) reauthorize(d *dossier, q request, card cards.Behaviour, now time.Time) string {
	a := d.auth
	switch {
	case a == nil || (q.originalRRN != "" && q.originalRRN != a.RRN):
		return iso.CodeNoOriginal
	case a.State != StateHeld || a.Currency != q.amount.Currency:
		return iso.CodeInvalid
	}
	if code := checkCard(q, card, now); code != "" || q.amount.Minor == 0 {
		return cmp.Or(code, iso.CodeApproved)
	}
	if _, err := pasarela.NewMoney(a.AmountMinor+q.amount.Minor, a.Currency); err != nil {
		return iso.CodeInvalidAmount
	}
	if b.short(d.account, q.amount.Minor, card) {
		return iso.CodeShortOfFunds
	}
	return iso.CodeApproved
}

func (b *books) capture(d *dossier, q request, card cards.Behaviour) string {
	switch a := d.auth; {
	case a == nil || (q.originalRRN != "" && q.originalRRN != a.RRN):
		return iso.CodeNoOriginal
	case a.State != StateHeld || a.Currency != q.amount.Currency:
		return iso.CodeInvalid
	case q.amount.Minor == 0:
		return iso.CodeInvalidAmount
	case q.amount.Minor > (pasarela.Money{Minor: a.AmountMinor}).Percent(captureCeilingPercent).Minor:
		return iso.CodeLimit
	case q.amount.Minor > a.AmountMinor && b.short(d.account, q.amount.Minor-a.AmountMinor, card):
		return iso.CodeShortOfFunds
	default:
		return iso.CodeApproved
	}
}

func refund(d *dossier, q request) string {
	switch a := d.auth; {
	case a == nil:
		return iso.CodeNoOriginal
	case (a.State != StateCaptured && a.State != StateRefunded) || a.Currency != q.amount.Currency:
		return iso.CodeInvalid
	case q.amount.Minor == 0:
		return iso.CodeInvalidAmount
	case q.amount.Minor > a.CapturedMinor-a.RefundedMinor:
		return iso.CodeLimit
	default:
		return iso.CodeApproved
	}
}

// takeBack decides a reversal. What is not known or undone already is acknowledged. Money that went back as a
// refund can't go back again, and a hold that was captured is no longer there to be released or made smaller.
func (d *dossier) takeBack(q request) string {
	switch {
	case !d.concerns(q.op, q.originalRRN):
		return iso.CodeApproved
	case d.auth.RefundedMinor > 0:
		return iso.CodeInvalid
	case d.auth.State == StateCaptured && (q.op == pasarela.MessageRelease || undoesOne(q.op)):
		return iso.CodeInvalid
	default:
		return iso.CodeApproved
	}
}
