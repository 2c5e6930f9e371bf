// Package storetest is the definition of the contract in package store, as scenarios that an engine plays
// in its own tests, and a comparison that plays random operations on two engines at once.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Open { ... })
//	}
//
// A behaviour that is not here is not promised. There is one file per noun; units.go has what holds for
// every unit of work and restart.go what holds when the process dies.
package storetest
