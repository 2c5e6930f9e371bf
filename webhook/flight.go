package webhook

import (
	"time"

	"pasarela"
)

const (
	// leaseTime is how long a claim keeps others away.
	leaseTime = 30 * time.Second
	// beginWithin is when an attempt has to have begun after its claim, so that it has ended, and its end is committed,
	// within the lease.
	beginWithin = leaseTime - 2*SendTimeout
)

// flight is a delivery that this process has claimed, until what came of it is committed.
type flight struct {
	delivery pasarela.Delivery // as claimed
	lane     *lane
	claimed  time.Time     // real: a clock that is moved does not end a lease here
	done     chan struct{} // closed in the end
}

// flightKey tells a claim from an earlier or a later one of the same delivery.
type flightKey struct {
	merchant pasarela.MerchantID
	id       pasarela.DeliveryID
	attempt  int
}

func (f *flight) key() flightKey {
	return flightKey{f.delivery.Merchant, f.delivery.ID, f.delivery.Attempts}
}

// late says whether it is too late to begin the attempt.
func (f *flight) late(now time.Time) bool { return now.Sub(f.claimed) > beginWithin }

// unclaimed undoes pasarela.Delivery.Claimed.
func unclaimed(d pasarela.Delivery, due time.Time) pasarela.Delivery {
	d.Attempts, d.Tries, d.DueAt = d.Attempts-1, d.Tries-1, due
	return d
}
