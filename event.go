package pasarela

import (
	"strings"
	"time"
)

// EventID names one event of a merchant; ids of one process rise.
type EventID string

// EventKind is what happened.
type EventKind string

// The kinds. docs/events.md lists them with what they carry, and a test holds the list against Kinds.
const (
	EventPaymentAuthorized      EventKind = "payment.authorized"
	EventPaymentCaptured        EventKind = "payment.captured" // sale, or capture of a hold
	EventPaymentDeclined        EventKind = "payment.declined"
	EventPaymentUnanswered      EventKind = "payment.unanswered" // nobody can say; it is being reversed
	EventPaymentReversed        EventKind = "payment.reversed"
	EventPaymentCaptureFailed   EventKind = "payment.capture_failed"
	EventPaymentReauthorized    EventKind = "payment.reauthorized"
	EventPaymentReauthFailed    EventKind = "payment.reauthorization_failed"
	EventPaymentReduced         EventKind = "payment.reduced"  // a reauthorization was given back
	EventPaymentReleased        EventKind = "payment.released" // a hold was voided
	EventPaymentExpired         EventKind = "payment.expired"  // a hold ran out
	EventPaymentVoided          EventKind = "payment.voided"
	EventPaymentVoidFailed      EventKind = "payment.void_failed"
	EventPaymentRefunded        EventKind = "payment.refunded" // all or part
	EventPaymentRefundFailed    EventKind = "payment.refund_failed"
	EventSubscriptionPending    EventKind = "subscription.pending"
	EventSubscriptionActivated  EventKind = "subscription.activated"
	EventSubscriptionRejected   EventKind = "subscription.rejected"
	EventSubscriptionUpdated    EventKind = "subscription.updated"
	EventSubscriptionAdjusted   EventKind = "subscription.adjusted"
	EventSubscriptionCard       EventKind = "subscription.card_replaced"
	EventSubscriptionCancelled  EventKind = "subscription.cancelled"
	EventSubscriptionCharged    EventKind = "subscription.charged"       // a period was paid
	EventSubscriptionFailed     EventKind = "subscription.charge_failed" // an attempt failed, another follows
	EventSubscriptionLastFailed EventKind = "subscription.last_attempt_failed"
	EventSubscriptionSkipped    EventKind = "subscription.period_skipped"
)

// EventKinds lists them.
var EventKinds = []EventKind{EventPaymentAuthorized, EventPaymentCaptured, EventPaymentDeclined, EventPaymentUnanswered,
	EventPaymentReversed, EventPaymentCaptureFailed, EventPaymentReauthorized, EventPaymentReauthFailed, EventPaymentReduced,
	EventPaymentReleased, EventPaymentExpired, EventPaymentVoided, EventPaymentVoidFailed, EventPaymentRefunded,
	EventPaymentRefundFailed, EventSubscriptionPending, EventSubscriptionActivated, EventSubscriptionRejected,
	EventSubscriptionUpdated, EventSubscriptionAdjusted, EventSubscriptionCard, EventSubscriptionCancelled,
	EventSubscriptionCharged, EventSubscriptionFailed, EventSubscriptionLastFailed, EventSubscriptionSkipped}

// About is what an event is about: "payment" or "subscription".
func (k EventKind) About() string { about, _, _ := strings.Cut(string(k), "."); return about }

// Event is one thing that happened to a merchant's payment or subscription. It is written in the unit of work that
// did it.
type Event struct {
	Merchant     MerchantID
	ID           EventID
	Place        int64 // in the merchant's feed; the store gives it, so that what comes later has a higher one
	Kind         EventKind
	Payment      PaymentID
	Operation    OperationID
	Subscription SubscriptionID
	At           time.Time
	Data         []byte // JSON: the payment or subscription as it was left
}

// Subject is what the event is about; deliveries about one subject come in order.
func (e Event) Subject() string {
	if e.Subscription != "" {
		return string(e.Subscription)
	}
	return string(e.Payment)
}
