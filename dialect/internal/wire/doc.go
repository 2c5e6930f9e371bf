// Package wire is what both dialects need between a socket and a request struct: bounded bodies, strict JSON,
// decimals that become money without a float, and answers.
//
// Strict means: exactly one JSON object in valid UTF-8, no member twice at any depth, nothing after it, the
// type that the struct says, member names as they are spelled, at most MaxDepth levels. Members that a struct
// does not know are checked for all this and then ignored.
//
// No error of this package quotes what was sent, because what was sent may hold a card.
package wire
