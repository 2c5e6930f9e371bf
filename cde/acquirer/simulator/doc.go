// Package simulator is the other bank: an ISO 8583 endpoint that authorizes, takes and gives back money on
// test cards, keeps books of its own, and fails when told to.
//
//	simulator.go   opening, the second set of books as others see it, tampering
//	server.go      connections, refusing them
//	session.go     one connection: requests in, answers out, faults in between
//	request.go     a message as the issuer understands it, and its answer
//	issuer.go      the issuer's decisions
//	advice.go      what a Mastercard's issuer advises with a decline
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
// A Mastercard that is declined is answered with an advice code in field 48, subfield 84, as far as the reason
// suggests one: 01 new details of the card may be had (14, 54, 78), 02 try again later (51, 61, 65, 91, 96), 03 do
// not try again (04, 07, 15, 41, 43, 46, 62), 21 the cardholder has cancelled (R0, R1, R3). It follows from the
// response code alone, so a test card or a fault that declines with that code brings it. Answers to captures,
// reversals and refunds have none.
//
// What a message says of 3-D Secure, of a series or of installments changes no decision.
package simulator
