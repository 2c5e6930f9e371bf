// Package webhook delivers what merchants are to be told to their endpoints: each delivery at least once, those to one
// endpoint about one subject in order, and so that nobody waits for anybody else's endpoint.
//
// A delivery is a row that a unit of work wrote together with what it tells of. A Dispatcher claims due rows (the claim,
// committed before anything is sent, is a lease that keeps other processes away), sends them with a Sender, and commits
// what became of them: delivered, due again later, or parked (delivery.go in the root). A process that dies leaves leases
// behind, and whoever looks after their end makes another attempt.
//
// What is sent is a dialect's, and so is its signature: a Signer for each format. The address is the merchant's choice
// and therefore nothing to trust: outside a sandbox only public addresses are dialled (address.go), redirects are not
// followed, and an answer is bounded in time and size.
package webhook
