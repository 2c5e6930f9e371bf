// Package simulation plays merchants against whole gateways, with a real issuer behind a real ISO 8583 link, on a
// clock that costs nothing (testing/synctest). It has tests only.
//
// A run is one seed. Players tokenize, charge, reauthorize, capture, void, refund and repeat themselves; buyers answer
// challenges of 3-D Secure and one-time passwords, wrongly or not at all, and send cards to pages; the daily run of
// subscriptions comes while they are at it; meanwhile the
// network fails in every way the issuer's simulator knows, HTTP between gateway and directory server loses messages,
// the clock jumps over expiries, and a gateway dies between any two instructions and starts again from its database
// alone. As it goes, and once everything owed is paid, the run checks what design.md calls invariants 3 to 7:
//
//   - nothing is on the wire that is not in the database in the state that says so
//   - no merchant was told what the database does not say, or will not say after a crash
//   - the gateway's books, their postings and the issuer's books agree, and nothing stays pending
//   - captures stay under their ceiling and refunds under what was captured
//   - what a payment holds, reauthorizations and all, is what the issuer holds for it
//   - a token has one winner, a redirect payment is paid at most once, and the same Idempotency-Key has the same bytes
//   - every period of a subscription whose day has come was opened, in order, and is charged at most once: once where it
//     is paid, and not at all where it is not
//   - no card is charged whose buyer failed to prove to be the cardholder, and holds for one-time passwords go by
//     themselves
//
// In a third of the runs two gateways share the database, each with a link, trace numbers and a terminal of its
// own. Players call either; one may die, or freeze beyond its leases, while the other goes on.
//
// The database lives in memory (store/memory): with it a run plays several times what SQLite lets it. One run in 32
// has a real SQLite file, copied at each death as it stands.
//
// PASARELA_SIM_FOR says for how long to play fresh seeds, PASARELA_SIM_SEED plays one of them again. Everything that
// happens is the seed's doing: whoever acts does so on a lane of its own, at instants that nobody else has (see lane),
// and a digest of all events comes out the same. Left to the scheduler is what the gateway itself starts at one
// instant in several goroutines; players keep out of the way of what is known of that, and where it shows all the
// same, play the seed several times.
package simulation
