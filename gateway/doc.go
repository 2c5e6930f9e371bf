// Package gateway holds the verbs: tokenize, authenticate, authorize, verify, capture, reauthorize, void, refund,
// redirect, subscribe, inscribe, and the sweeping of what fell due. A verb that reaches the network has three steps:
//
//  1. a unit of work that checks everything and commits the promise: the payment in a pending state, with
//     its trace and the time by which somebody must look after it;
//  2. the message to the acquirer, with no transaction open;
//  3. a unit of work that commits the outcome, its postings, and the answer under the idempotency key.
//
// Whatever interrupts this between two steps leaves a row that says what is owed, and Sweep pays it: a
// payment that was being authorized is reversed, a capture or reauthorization is reversed, a void, release or refund is
// repeated. A decline is an answer, not an error; errors are *pasarela.Error.
//
// The package knows no HTTP, no database driver, no dialect, and no card number.
package gateway
