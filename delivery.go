package pasarela

import "time"

// DeliveryID names one delivery of a merchant; ids of one process rise.
type DeliveryID string

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states.
const (
	DeliveryPending   DeliveryState = "pending"   // falls due for an attempt
	DeliveryDelivered DeliveryState = "delivered" // the endpoint has answered 2xx
	DeliveryParked    DeliveryState = "parked"    // given up; can be replayed
)

// Delivery is one notification to one address, from the unit of work that did what it tells of.
type Delivery struct {
	Merchant  MerchantID
	ID        DeliveryID
	Event     EventID
	Kind      EventKind
	Format    string // whose bytes and signature: "kushki", "standard"
	URL       string
	Endpoint  string // URL without its query: what is slow or dead as one
	Subject   string // deliveries to one endpoint about one subject come in order
	Headers   []WebhookHeader
	Body      []byte
	State     DeliveryState
	Attempts  int       // made or under way, all in all
	Tries     int       // since Since
	Since     time.Time // creation, or the last replay
	DueAt     time.Time // of the next attempt; zero when none is due
	CreatedAt time.Time
	UpdatedAt time.Time
}

// DeliveryWindow is how long a delivery is tried again.
const DeliveryWindow = 3 * 24 * time.Hour

// deliverySpacing is how long after the first, second, … failure the next attempt is made; the last one repeats.
var deliverySpacing = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

func spacingAfter(tries int) time.Duration {
	return deliverySpacing[min(max(tries, 1), len(deliverySpacing))-1]
}

// FellDue is about when the attempt under way fell due: at once, or a spacing after the one before it failed.
func (d Delivery) FellDue() time.Time {
	if d.Tries <= 1 {
		return d.Since
	}
	return d.UpdatedAt.Add(spacingAfter(d.Tries - 1))
}

// Claimed begins an attempt that has until lease; then somebody else makes another.
func (d Delivery) Claimed(lease time.Time) Delivery {
	d.Attempts, d.Tries, d.DueAt = d.Attempts+1, d.Tries+1, lease
	return d
}

// Delivered ends it.
func (d Delivery) Delivered(now time.Time) Delivery {
	d.State, d.DueAt, d.UpdatedAt = DeliveryDelivered, time.Time{}, now
	return d
}

// Failed postpones it, by a spacing that grows and that jitter (0 to 1) spreads by a fifth to either side, or parks it
// once its window is over.
func (d Delivery) Failed(jitter float64, now time.Time) Delivery {
	spacing := spacingAfter(d.Tries)
	spacing += time.Duration((jitter - 0.5) * 0.4 * float64(spacing))
	d.DueAt, d.UpdatedAt = now.Add(spacing).Truncate(time.Microsecond), now
	if d.DueAt.After(d.Since.Add(DeliveryWindow)) {
		d.State, d.DueAt = DeliveryParked, time.Time{}
	}
	return d
}

// GivenUp parks it before its window is over: another attempt would come to the same.
func (d Delivery) GivenUp(now time.Time) Delivery {
	d.State, d.DueAt, d.UpdatedAt = DeliveryParked, time.Time{}, now
	return d
}

// Replayed has it sent again, whatever became of it, with a window of its own.
func (d Delivery) Replayed(now time.Time) Delivery {
	d.State, d.Tries, d.Since, d.DueAt, d.UpdatedAt = DeliveryPending, 0, now, now, now
	return d
}

// DeliveryAttempt is one line of the delivery log.
type DeliveryAttempt struct {
	Delivery DeliveryID
	Number   int // 1 for the first
	At       time.Time
	Took     time.Duration
	Status   int    // HTTP status, 0 where there was no answer
	Answer   []byte // its first kilobyte
	Error    string // why there was no answer, "" where there was one
}
