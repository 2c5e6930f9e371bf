// Package simulator is the other bank: an ISO 8583 endpoint that authorizes, takes and gives back money on
// test cards, keeps books of its own, and fails when told to.
//
//	simulator.go   opening, the second set of books as others see it, tampering
//	server.go      connections, refusing them
//	session.go     one connection: requests in, answers out, faults in between
//	request.go     a message as the issuer understands it, and its answer
//	issuer.go      the issuer's decisions
//	books.go       what they change
//	journal.go     the file they are in before they are answered
//	faults.go      what can go wrong
//	queue.go       what is to go wrong next, and the file it waits in
//
// A message is known by its transaction reference and retrieval reference number. One that comes again is
// answered as before and booked once; only what was refused without being decided, and a refused reversal, is
// decided anew. A reversal of something unknown is acknowledged and remembered, so that the original, arriving late, is refused. Voiding or
// reversing takes everything back: captured and refunded amounts are zero afterwards. Undoing a capture
// restores the hold. A reauthorization raises the hold; taking it back lowers the hold by as much, once, and a
// release gives back the whole.
//
// What a message says of 3-D Secure, of a series or of installments changes no decision.
package simulator
