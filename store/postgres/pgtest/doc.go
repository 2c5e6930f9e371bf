// Package pgtest runs a real PostgreSQL for tests and benchmarks, from the binaries on this machine.
//
// URL gives a test a fresh database, on the server that PASARELA_TEST_POSTGRES names (a URL whose user may
// create databases) or else on one that this process starts at its first use. A package's TestMain calls
// Main, which stops that server; should the process be killed, the server ends with it (on Linux).
// Start runs a server without a test.
package pgtest
