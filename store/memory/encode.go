package memory

import (
	"slices"
	"time"
)

// A row is as a database gives it back: times in UTC with microseconds, empty bytes as nil, and nothing of it the
// caller's.

func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func content(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return slices.Clone(b)
}
