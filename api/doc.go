// Package api describes the gateway's interfaces: OpenAPI 3.1 documents, written by hand, and the reference page
// that is rendered from them.
//
//	kushki.yaml    card payments in Kushki's dialect
//	monri.yaml     card tokens in Monri's dialect
//	events.yaml    what happened, as a feed and as Standard Webhooks, for both dialects
//	sandbox.yaml   what only a sandbox has
//
// The documents are the contract: api/apitest checks what is really sent and answered against them. An operation's
// x-errors lists the codes and texts that its refusals carry, which OpenAPI has no place for.
package api
