package monri

// response is a row of Monri's list: what a transaction says of itself in response_code, response_message and status.
type response struct {
	code, message, status string

	when  string // what provokes it
	never string // why nothing does; then the code is only known to be published
}

// The statuses of a transaction besides approved: somebody said no, or it cannot be carried out as it was asked for.
const (
	transactionDeclined = "declined"
	transactionInvalid  = "invalid"
)

// approved is the one row of success; its message is that of the samples.
var approved = &response{code: "0000", message: "approved", status: statusApproved, when: "the issuer approves"}

// What an issuer, or the way to it, declines for.
var (
	cardExpired     = declining("1001", "Card expired", "the issuer answers 33 or 54")
	cardSuspicious  = declining("1002", "Card suspicious", "the issuer answers 07, 34, 59 or 63: fraud is suspected")
	cardSuspended   = declining("1003", "Card suspended", "the issuer answers 04, 36, 62 or 67: blocked")
	cardStolen      = declining("1004", "Card stolen", "the issuer answers 43")
	cardLost        = declining("1005", "Card lost", "the issuer answers 41")
	cardUnknown     = declining("1011", "Card not found", "the issuer answers 15 or 56; or the token of a card is unknown, or has served")
	accountUnknown  = declining("1014", "Account not found", "the issuer answers 39, 42, 44, 46, 52, 53 or 78: no such account, or closed")
	shortOfFunds    = declining("1016", "Not sufficient funds", "the issuer answers 51")
	fullSecureOnly  = declining("1023", "Only full 3-D authentication allowed", "the issuer answers 1A: it wants the cardholder authenticated")
	declinedAtAll   = declining("1050", "Transaction declined", "the issuer declines for a reason without a code of its own")
	cardNumberWrong = declining("1804", "Invalid card number", "the issuer answers 14; or the check digit is wrong, or the card is refused on sight")
	cardNotEnabled  = declining("1808", "Card not configured", "the issuer answers 57; or the card is not enabled for payments on the internet")
	systemError     = declining("1812", "System error, transaction", "the issuer answers 06; or something failed on the gateway's side")
	usageLimit      = declining("1817", "Usage limit reached", "the issuer answers 61, 65 or 75")
	terminalInvalid = declining("1819", "Invalid terminal", "the issuer answers 58: not at this kind of terminal")
	acquirerInvalid = declining("1823", "Invalid acquirer", "the issuer answers 31 or 92: nobody leads there")
	hostDown        = declining("2000", "Host down", "the issuer answers 91; or the acquirer cannot be reached, and nothing was sent")
	hostTimeout     = declining("2001", "Host timeout", "the issuer answers 68, or not in time; what it may have done is undone")
	systemNotReady  = declining("3202", "System not ready", "the issuer answers 90 or 96")
)

// What 3-D Secure declines for.
var (
	secureMalformed  = declining("2013", "3-D Secure: invalid request", "the result of the authentication lacks something, or contradicts itself")
	secureUnproven   = declining("4001", "3-D Secure: ECI 7", "the issuer could not say, or not in time; or the merchant's own result proves nothing")
	secureNotAsked   = declining("4002", "3-D Secure: not a 3-D Secure transaction, store policy", "the merchant insists, and the card takes no part, or nobody asked")
	notAuthenticated = declining("4003", "3-D Secure: not authenticated", "the issuer refused, or the cardholder gave up, gave wrong codes, or none")
)

// What cannot be carried out.
var (
	requestInvalid    = refusing("1015", "Invalid request", "the issuer answers 12; or the state, the currency or the installments do not allow it")
	voidedBefore      = refusing("1017", "Previously reversed", "void of what was voided, reversed, or has run out")
	refundedBefore    = refusing("1018", "Previously reversed", "void or refund of what was refunded to its end")
	noReversalNow     = refusing("1019", "Further activity prevents reversal", "capture of what was captured or refunded")
	noVoidNow         = refusing("1020", "Further activity prevents void", "void of what was captured")
	originalVoided    = refusing("1021", "Original transaction was voided", "capture or refund of what was voided, reversed, or has run out")
	fieldsMissing     = refusing("1802", "Missing fields", "the card's verification value was left out without permission")
	amountInvalid     = refusing("1810", "Invalid amount", "the issuer answers 13; or more is captured or given back than remains")
	originalUnknown   = refusing("1816", "Original not found", "the issuer answers 25 or 76; or the merchant has no such transaction")
	notConfigured     = refusing("1818", "Configuration error", "the merchant may not charge in this currency")
	terminalInactive  = refusing("1820", "Inactive terminal", "the merchant is disabled")
	merchantInvalid   = refusing("1821", "Invalid merchant", "the issuer answers 03; or the merchant is not known")
	duplicate         = refusing("1822", "Duplicate entity", "the issuer answers 94; or a key or a number came with something else before")
	formatError       = refusing("2003", "Message format error", "the issuer answers 30")
	timeExpired       = refusing("3000", "Time expired", "the token of the card is older than it may be")
	notSupported      = refusing("3100", "Function not supported", "the issuer answers 40; or the merchant may not do this")
	requestInProgress = refusing("5000", "Request in progress", "the issuer answers 09; or another request about the same thing is under way")
)

// responses is the whole list: what is answered, then what is only published.
var responses = []*response{
	approved, cardExpired, cardSuspicious, cardSuspended, cardStolen, cardLost, cardUnknown, accountUnknown,
	requestInvalid, shortOfFunds, voidedBefore, refundedBefore, noReversalNow, noVoidNow, originalVoided, fullSecureOnly,
	declinedAtAll, fieldsMissing, cardNumberWrong, cardNotEnabled, amountInvalid, systemError, originalUnknown,
	usageLimit, notConfigured, terminalInvalid, terminalInactive, merchantInvalid, duplicate, acquirerInvalid, hostDown,
	hostTimeout, formatError, secureMalformed, timeExpired, notSupported, systemNotReady, secureUnproven,
	secureNotAsked, notAuthenticated, requestInProgress,

	published("1012", "Cardholder not found", noCardholders),
	published("1022", "Preauthorisation not allowed for the card", "an issuer declines a hold as it declines a sale"),
	published("1024", "Installments not allowed for the card", "1015 is answered"),
	published("1025", "Installments cannot be a preauthorisation", "1015 is answered"),
	published("1026", "Installments not allowed for non-ZABA cards", "no acquirer here has such a rule"),
	published("1803", "Extra fields exist", "members that are not known are passed over"),
	published("1806", "Card not active", "1003 is answered"),
	published("1811", "System error, database", "1812 is answered: what failed inside is not told"),
	published("1813", "Cardholder not active", noCardholders),
	published("1814", "Cardholder not configured", noCardholders),
	published("1815", "Cardholder expired", noCardholders),
	published("2002", "Invalid message", "2003 is answered"),
	published("3200", "Timeout", "2001 is answered"),
	published("3201", "Authorisation host not active", "2000 is answered"),
	published("6000", "Systan mismatch", "an answer that belongs to no request is passed over"),

	published("5001", "Repeats per PAN", noRules),
	published("5003", "Repeats per BIN", noRules),
	published("5005", "Share of declined transactions", noRules),
	published("5006", "Number of refunds", noRules),
	published("5007", "Growth (%) of the sum refunded", noRules),
	published("5009", "Number of chargebacks", noRules),
	published("5010", "Sum of chargebacks", noRules),
	published("5011", "Number of retrieval requests", noRules),
	published("5012", "Sum of retrieval requests", noRules),
	published("5013", "Average amount per transaction", noRules),
	published("5014", "Growth (%) of the average amount", noRules),
	published("5015", "Growth (%) of the number of transactions", noRules),
	published("5016", "Total sum by amount", noRules),
	published("5017", "Growth (%) of the total sum", noRules),
	published("5018", "Minimum amount per transaction", noRules),
	published("5019", "Maximum amount per transaction", noRules),
	published("5020", "Approved transactions per PAN", noRules),
	published("5021", "Sum of approved per PAN", noRules),
	published("5022", "Sum of approved per BIN", noRules),
	published("5023", "Approved per PAN and MCC, by amount", noRules),
	published("5050", "Repeats per IP address", noRules),
	published("5051", "Repeats per cardholder name", noRules),
	published("5052", "Repeats per cardholder e-mail", noRules),
}

// Why some of the list's codes are never answered.
const (
	noCardholders = "issuers know cards, not their holders"
	noRules       = "risk rule: there are none here"
)

func declining(code, message, when string) *response {
	return &response{code: code, message: message, status: transactionDeclined, when: when}
}

func refusing(code, message, when string) *response {
	return &response{code: code, message: message, status: transactionInvalid, when: when}
}

// published is a row that nothing provokes. It would be a decline.
func published(code, message, never string) *response {
	return &response{code: code, message: message, status: transactionDeclined, never: never}
}
