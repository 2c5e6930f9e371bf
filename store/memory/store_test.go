package memory_test

import (
	"testing"

	"pasarela/store"
	"pasarela/store/memory"
	"pasarela/store/storetest"
)

// A database in memory keeps every promise of the storage contract.
func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Open {
		s := memory.Open()
		return func(*testing.T) store.Store { return s.Reopen() }
	})
}
