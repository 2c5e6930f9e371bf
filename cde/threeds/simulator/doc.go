// Package simulator is the other side of 3-D Secure on a test bench: a scheme's directory server, and the
// issuer's access control server (ACS) with the pages on which a cardholder answers a challenge.
//
//	simulator.go   what it works with, and its routes
//	directory.go   the directory server: PReq and AReq in, RReq passed on
//	ranges.go      which cards take part, and what has changed since somebody asked
//	issuer.go      what the issuer makes of a test card
//	challenge.go   challenges under way
//	page.go        the issuer's pages
//	texts.go       what they say
//
// A test card's behaviour (cards.Behaviour.ThreeDS) decides. Cards that take no part are not among the ranges;
// when a challenge is mandated they are asked all the same, as are those that would pass unasked.
//
// The code 1234 is right, the third wrong one ends the challenge, and five minutes of the clock do. The result
// goes to the 3DS Server before the browser is sent back, by a form that it submits, or by a redirect where the
// page was opened by a link.
//
// Nothing is kept: challenges under way end with the process.
package simulator
