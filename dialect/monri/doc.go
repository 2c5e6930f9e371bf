// Package monri speaks Monri's API to the gateway: routes, request and answer bodies, the signature in the
// Authorization header, and the table of errors. No rule about payments lives here.
//
// A request goes through four steps, and nothing later happens where an earlier one refuses:
//
//	the header is parsed         authorization.go   401
//	the merchant is looked up    gateway            401
//	the digest of the raw body   authorization.go   401
//	the body is understood       tokens.go          400
//
// The raw body of a request that carries a card is overwritten before its answer is written.
//
// Routes: POST /v2/tokens. Every other path under /v2/ answers 404 in the API's own shape. What was chosen
// where the public documentation is silent is written down in docs/monri-choices.md.
package monri
