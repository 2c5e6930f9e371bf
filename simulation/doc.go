// Package simulation plays merchants against the whole gateway, with a real SQLite file and a real issuer
// behind a real ISO 8583 link, on a clock that costs nothing (testing/synctest). It has tests only.
//
// A run is one seed. Players tokenize, charge, capture, void, refund and repeat themselves; meanwhile the
// network fails in every way the issuer's simulator knows, the clock jumps over expiries, and the gateway dies
// between any two instructions and starts again from its database file alone. As it goes, and once everything
// owed is paid, the run checks what design.md calls invariants 3 to 7:
//
//   - nothing is on the wire that is not in the database in the state that says so
//   - no merchant was told what the database does not say, or will not say after a crash
//   - the gateway's books, their postings and the issuer's books agree, and nothing stays pending
//   - captures stay under their ceiling and refunds under what was captured
//   - a token has one winner, and the same Idempotency-Key the same bytes
//
// PASARELA_SIM_FOR says for how long to play fresh seeds (default 30s of real time), PASARELA_SIM_SEED plays
// one of them again. What a player does is the seed's; how goroutines interleave is the scheduler's.
package simulation
