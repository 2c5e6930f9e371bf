// Package kushki speaks Kushki's card and subscription API: routes, request and answer structs, error tables.
//
// It holds no rule about money. A handler decodes, calls a verb of the gateway, and renders what came of it:
//
//	POST   /card/v1/tokens                      gateway.Tokenize   tokens.go
//	POST   /card/v1/charges                     gateway.Authorize  charge.go
//	POST   /card/v1/preAuthorization            gateway.Authorize  charge.go
//	POST   /card/v1/capture                     gateway.Capture    capture.go
//	DELETE /v1/charges/{ticket}                 gateway.Void       void.go
//	DELETE /v1/refund/{ticket}                  gateway.Refund     void.go
//	POST   /subscriptions/v1/card/tokens        gateway.Tokenize   tokens.go
//	POST   /subscriptions/v1/card               gateway.Subscribe  subscription.go
//	POST   /subscriptions/v1/card/{id}/authorize  gateway.Authorize  subscription.go
//	POST   /subscriptions/v1/card/{id}/capture  gateway.Capture    capture.go
//
// /v1/tokens and /v1/charges are older names of the first two.
//
// Every answer has one of three shapes, by the request's fullResponse: short, legacy (true: details are flat,
// times in seconds) and v2 (details are nested, times in milliseconds); details.go has the last two. Codes and
// texts of refusals are in errors.go, one table per product, because the same K code means different things in
// different products; those of issuers are in decline.go.
//
// Card numbers and CVVs are decoded straight into the vault's types. What else a caller writes freely is
// masked before it is stored, and request bodies are overwritten once they were served.
package kushki
