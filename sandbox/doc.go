// Package sandbox holds what a test bench has and production has not: a clock that can be moved, a network
// that can be told to fail, the issuer's books, test cards, merchants with credentials of one's choosing,
// and inboxes that catch webhooks. All of it is HTTP with JSON under /sandbox/v1, without authentication:
// the sandbox listens on loopback unless told otherwise, and takes known test cards only.
//
// Errors are {"error":"..."} with a 4xx status. api/sandbox.yaml describes every call.
package sandbox
