// Package pasarela holds the nouns of a payment gateway: money, identifiers, merchants, cards as seen
// from outside the vault, tokens, payments and their states, and the messages exchanged with an acquirer.
//
// The nouns are small values with rules and no I/O. A change of state is a method that takes a value and
// returns a new one, so the two storage engines, the simulation and the tests all share one state machine
// (payment.go). Whoever needs a clock, randomness, a database or a network gets it passed in, elsewhere:
//
//	verbs                   gateway
//	double entry            ledger
//	storage                 store, store/sqlite, store/postgres
//	card numbers            cde (nothing else ever sees one)
//	the two public APIs     dialect/kushki, dialect/monri
//
// Money is an integer count of minor units; time is UTC, truncated to microseconds.
package pasarela
