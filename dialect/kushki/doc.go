// Package kushki speaks Kushki's card and subscription API: routes, request and answer structs, error tables.
//
// It holds no rule about money. A handler decodes, calls a verb of the gateway, and renders what came of it:
//
//	POST   /card/v1/tokens                      gateway.Tokenize   tokens.go
//	POST   /card/v1/charges                     gateway.Authorize  charge.go
//	POST   /card/v1/preAuthorization            gateway.Authorize  charge.go
//	POST   /card/v2/charges                     gateway.Authorize  tokenless.go
//	POST   /card/v2/preAuthorization            gateway.Authorize  tokenless.go
//	POST   /card/v1/reauthorization             gateway.Reauthorize  reauthorization.go
//	POST   /card/v1/capture                     gateway.Capture    capture.go
//	POST   /card/v1/validation                  gateway.Verify     validation.go
//	GET    /card/v1/bin/{bin}                                      lookup.go
//	GET    /deferred/v2/bin/{bin}                                  lookup.go
//	GET    /card/v1/deferred/{bin}                                 lookup.go
//	GET    /webhook/v1/transaction/receipt/{reference}             receipt.go
//	DELETE /v1/charges/{ticket}                 gateway.Void       void.go
//	DELETE /v1/refund/{ticket}                  gateway.Refund     void.go
//	POST   /subscriptions/v1/card/tokens        gateway.Tokenize   tokens.go
//	POST   /subscriptions/v1/card               gateway.Subscribe  subscription.go
//	POST   /subscriptions/v1/card/{id}          gateway.Authorize  subscription_charge.go
//	POST   /subscriptions/v1/card/{id}/authorize  gateway.Authorize  subscription_charge.go
//	POST   /subscriptions/v1/card/{id}/capture  gateway.Capture    capture.go
//	PUT    /subscriptions/v1/card/{id}/card     gateway.ReplaceCard  subscription_change.go
//	PATCH  /subscriptions/v1/card/{id}          gateway.ChangePlan  subscription_change.go
//	PUT    /subscriptions/v1/card/{id}          gateway.Adjust     subscription_change.go
//	DELETE /subscriptions/v1/card/{id}          gateway.Cancel     subscription_change.go
//	GET    /subscriptions/v1/card/search/{id}                      subscription_lookup.go
//	GET    /subscriptions/v1/card/{id}/transactions                subscription_lookup.go
//	POST   /subscriptions/v1/card/{id}/tokens   gateway.Tokenize   device.go
//	POST   /subscriptions/v1/card-async/tokens  gateway.RequestRedirect  oneclick.go
//	POST   /subscriptions/v1/card-async/init    gateway.BeginInscription  oneclick.go
//	GET, POST /subscriptions/v1/card-async/agent/  gateway.Inscribe  oneclick_page.go
//	POST   /subscriptions/v1/card-async/preAuthorization  gateway.Authorize  oneclick_hold.go
//	POST   /subscriptions/v1/card-async/capture  gateway.Capture   oneclick_hold.go
//	POST   /rules/v1/secureValidation           gateway.Confirm    securevalidation.go
//
// /v1/tokens and /v1/charges are older names of the first two, /v1/subscription-tokens is the libraries' of subscription
// tokens, /v1/subscriptions is another name of /subscriptions/v1/card. What a plan's periods cost is in billing.go. What
// libraries ask beside tokens is in settings.go (the merchant, brands), session.go (the beginning of 3-D Secure) and
// securevalidation.go (its end). authentication.go says how a cardholder may be asked, hosted.go has the pages that
// browsers open, rejection.go what a charge without authentication is answered, and cors.go who may call.
//
// Every answer has one of three shapes, by the request's fullResponse: short, legacy (true: details are flat,
// times in seconds) and v2 (details are nested, times in milliseconds); details.go has the last two. Codes and
// texts of refusals are in catalogue.go, once each. Which of them an error of the gateway becomes is in errors.go, one
// table per product, because the same K code means different things in different products; what becomes of an issuer's
// answer is in decline.go. What a payment says beside card and amount, by country and model, is in terms.go.
//
// What merchants are told when something has happened is a Teller's (notices.go); a Signer signs it.
//
// Card numbers and CVVs are decoded straight into the vault's types. What else a caller writes freely is
// masked before it is stored, and request bodies are overwritten once they were served.
package kushki
