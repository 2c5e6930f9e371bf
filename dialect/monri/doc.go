// Package monri speaks Monri's API to the gateway: routes, request and answer bodies, the ways to authenticate, the
// digests of what is signed, the table of errors, and that of the codes which a transaction carries. No rule about
// payments lives here.
//
// A request goes through these steps, and nothing later happens where an earlier one refuses:
//
//	its path has a row            handler.go          404, 405
//	the row takes the header      authorization.go    401
//	the merchant is looked up     authorization.go, or access.go for an access token    401
//	the digest of the raw body    authorization.go, digest.go    401
//	the body is understood        oauth.go, tokens.go, customer_request.go    400
//
// Where the body says whose it is (POST /v2/oauth), the merchant is looked up after the last step.
// A raw body is overwritten before its answer is written: it may hold a card, or the merchant's key.
//
// What became of a transaction leads to a code of Monri's list in outcome.go; the list is in responses.go.
//
// Routes: endpoints in handler.go. Every other path under /v2/ answers 404 in the API's own shape. What was chosen
// where the public documentation is silent is written down in docs/monri-choices.md.
package monri
