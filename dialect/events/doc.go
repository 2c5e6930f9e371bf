// Package events tells merchants, in words of our own that are the same for both dialects, what happened to their payments
// and subscriptions: GET /v1/events is the feed of a merchant, and Teller and Signer send the same events to its listeners
// as Standard Webhooks (https://www.standardwebhooks.com).
//
// The events are written by package gateway, in the unit of work that does what they tell of, and deliveries are made by
// whoever runs them; here is only how both look. docs/events.md lists the events and what they carry.
package events
