package memory

import (
	"slices"
	"time"
)

// dueItem is something that falls due, in the order in which it does.
type dueItem[K ~string] struct {
	id K
	at time.Time
}

// earliest lists by time, then by id, at most limit.
func earliest[K ~string](all []dueItem[K], limit int) (ids []K) {
	slices.SortFunc(all, func(a, b dueItem[K]) int {
		if d := a.at.Compare(b.at); d != 0 {
			return d
		}
		if a.id < b.id {
			return -1
		}
		return 1
	})
	for _, d := range all[:min(limit, len(all))] {
		ids = append(ids, d.id)
	}
	return ids
}

func isDue(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }
