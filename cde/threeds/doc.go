// Package threeds is the gateway's 3DS Server: EMV 3-D Secure 2.2.0 between the gateway, a scheme's directory
// server, and the issuer's access control server (ACS), for cardholders in a browser.
//
//	message.go     what all messages share: versions, errors, extensions, strict decoding
//	authenticate.go, areq.go   AReq and ARes: one round trip to the directory server
//	challenge.go   CReq and CRes: what travels through the browser, and the mock browser of a sandbox
//	results.go     RReq and RRes: what came of a challenge, told by the directory server
//	refresh.go, ranges.go      PReq and PRes: which cards take part
//	outcome.go     what a status means to the gateway
//	call.go        a message to the directory server over HTTP
//
// The way of a challenge:
//
//	gateway --AReq--> directory server --> issuer       ARes: C, and the issuer's page
//	browser --CReq--> issuer                            the cardholder answers there
//	issuer --> directory server --RReq--> gateway       the result; only this one is believed
//	issuer --CRes--> browser --> gateway                the browser comes back, and proves nothing
//
// The address for RReq carries a proof that only the directory server is given, because the cardholder, whose
// browser carries the CReq, knows every other thing in it.
//
// An AReq carries the card number, so this package lies in the cardholder data environment: the number goes
// into a buffer that is wiped, bodies are never logged, and no error quotes one.
package threeds
