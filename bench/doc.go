// Package bench measures what a gateway does on this machine, next to what its database does alone.
//
// It runs the real program: the gateway and the simulated acquirer are processes of their own (program.go),
// driven over keep-alive connections by a client that costs little (connection.go, load.go). What is asked of
// them is in scenario.go. Beside them stand, in the same run:
//
//	the database alone       the same rows and commits as bare statements: a loop over SQLite
//	                         (bare_sqlite.go), pgbench over PostgreSQL (bare_postgres.go)
//	a bare handler           net/http and package store, nothing between: a charge's two commits (handler.go)
//	the machine              cores, versions, the time of one flush, and who used the processors (machine.go)
//
// Apart from that it measures what a run of due subscriptions does to payments beside it (billing.go, billing_seed.go).
//
// Latencies are kept one by one, so percentiles are exact. A run ends by itself: every measurement has its
// duration, every wait its bound, and what it started ends with it unless it is itself killed outright.
package bench
