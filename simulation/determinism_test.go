package simulation

import (
	"sync"
	"testing"
)

// A seed that is printed plays the same run again: every message and every answer, at the same instant.
func TestSameSeedSameRun(t *testing.T) {
	t.Parallel()
	var workers sync.WaitGroup
	for seed := range uint64(seedsPlayedTwice) {
		workers.Go(func() {
			first, again := run(t, seed, bugRun, bug{}), run(t, seed, bugRun, bug{})
			if first.digest != again.digest {
				t.Errorf("seed %d came to %x after %d requests, and again to %x after %d", seed, first.digest, first.requests, again.digest, again.requests)
			}
		})
	}
	workers.Wait()
}
