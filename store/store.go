// Package store is the contract with a database. Two engines keep it (store/sqlite, store/postgres), as does a memory
// for tests (store/memory), and one suite defines it (store/storetest): a behaviour that is not in the suite is not
// promised.
//
// Everything belongs to a merchant, and every key begins with the merchant. Reads take a merchant; writes
// happen in a unit of work of one merchant (Store.Update), which commits all or nothing and is on disk when
// Update returns nil. The only look-ups without a merchant find one: by credential, the list of them, and that of the
// endpoints to which something is due.
//
// Times come back in UTC, truncated to microseconds, exactly as they were given; a zero time comes back zero.
// Byte slices come back empty as nil.
package store

import (
	"context"
	"time"

	"pasarela"
	"pasarela/ledger"
)

// ErrNotFound says that there is no such row for this merchant.
var ErrNotFound = pasarela.Errorf(pasarela.CodeNotFound, "not found")

// ErrDuplicate says that a row with this key exists already.
var ErrDuplicate = pasarela.Errorf(pasarela.CodeWrongState, "exists already")

// Store is one database. It is safe for concurrent use.
type Store interface {
	Merchants
	Reader
	Keysets
	BINFiles
	Vaulted

	// Update runs unit as one transaction of one merchant and returns once it is durable, or returns an
	// error and has changed nothing. Concurrent units of a merchant behave as if they ran one after the
	// other as far as they touch the same rows. unit may run more than once, so it must have no effect but
	// through tx; it must not block, and must not use tx after it returned.
	//
	// When unit returns an error, Update returns that error as it is. A write that fails fails the unit: it is
	// undone even when unit ignores the error, and Update returns it. An engine may notice late, so a method
	// that only writes may return nil and leave its error (ErrDuplicate, ErrNotFound) to a later call or to
	// Update. ErrNotFound of a read and of AnswerKey fails nothing and comes at once. A panic of unit undoes it
	// and goes on in the caller. When ctx has ended before unit began, Update returns its error.
	//
	// When the database fails, Update returns an error with CodeInternal; then nothing was committed, unless
	// the failure was that of the commit itself, whose outcome the caller learns by reading.
	Update(ctx context.Context, m pasarela.MerchantID, unit func(tx Tx) error) error

	// Ping returns nil when the database answers a write.
	Ping(ctx context.Context) error

	// Close waits for units under way.
	Close() error
}

// Tx is a unit of work. Reads in it lock what they return until it ends.
type Tx interface {
	TokenTx
	AuthenticationTx
	RedirectTx
	CustomerTx
	PaymentTx
	SubscriptionTx
	PeriodTx
	EventTx
	DeliveryTx
	KeyTx
}

// TokenTx keeps card tokens.
type TokenTx interface {
	// InsertToken returns ErrDuplicate for an id that exists.
	InsertToken(t pasarela.Token) error
	// Token returns ErrNotFound.
	Token(id pasarela.TokenID) (pasarela.Token, error)
	// SpendToken returns ErrNotFound, or stores SpentAt and deletes the CVV, and the card too: what goes on
	// with the card keeps a sealed copy of its own.
	SpendToken(id pasarela.TokenID, at time.Time) error
	// ForgetTokens deletes CVV and card of tokens that expired at or before expired, and deletes the rows of
	// those that expired at or before gone. It touches at most limit rows and returns how many it did.
	ForgetTokens(expired, gone time.Time, limit int) (int, error)
}

// AuthenticationTx keeps authentications of cardholders.
type AuthenticationTx interface {
	// InsertAuthentication returns ErrDuplicate for an id that exists.
	InsertAuthentication(a pasarela.Authentication) error
	// Authentication returns ErrNotFound.
	Authentication(id pasarela.AuthenticationID) (pasarela.Authentication, error)
	// PutAuthentication returns ErrNotFound, or stores all that can change: state, reason, issuer's page, its id
	// and whether a link opens it, proof, code digest, payment, attempts and times. Identity, kind, token, mode,
	// the merchant's addresses and creation stay as inserted.
	PutAuthentication(a pasarela.Authentication) error
	// ForgetAuthentications deletes those created at or before before that proved nothing, and clears Secure.Value of
	// those created at or before served: at most limit in all, and it returns how many. What else was proven stays,
	// for disputes.
	ForgetAuthentications(served, before time.Time, limit int) (int, error)
}

// RedirectTx keeps payments whose buyer gives the card on a page of the gateway.
type RedirectTx interface {
	// InsertRedirect returns ErrDuplicate for an id that exists.
	InsertRedirect(r pasarela.Redirect) error
	// Redirect returns ErrNotFound.
	Redirect(id pasarela.TokenID) (pasarela.Redirect, error)
	// PutRedirect returns ErrNotFound, or stores state, kind, payment, order, card and time of change. Identity, total,
	// what the buyer is shown, return address, creation and expiry stay as inserted.
	PutRedirect(r pasarela.Redirect) error
	// ForgetRedirects deletes those that expired at or before gone and were never initialized, at most limit,
	// and returns how many.
	ForgetRedirects(gone time.Time, limit int) (int, error)
}

// CustomerTx keeps whom merchants sell to.
type CustomerTx interface {
	// InsertCustomer returns ErrDuplicate for an id that exists, and for a reference of another customer. Only customers that
	// are not deleted have theirs for themselves, and a reference of "" is none.
	InsertCustomer(c pasarela.Customer) error
	// Customer returns ErrNotFound. It finds customers that are deleted too.
	Customer(id pasarela.CustomerID) (pasarela.Customer, error)
	// PutCustomer returns ErrNotFound, or ErrDuplicate for a reference of another customer, or stores all but identity and
	// creation.
	PutCustomer(c pasarela.Customer) error
}

// PaymentTx keeps payments, what was done to them, and their postings.
type PaymentTx interface {
	// InsertPayment returns ErrDuplicate for an id or ticket that exists.
	InsertPayment(p pasarela.Payment) error
	// Payment returns ErrNotFound.
	Payment(id pasarela.PaymentID) (pasarela.Payment, error)
	// PutPayment returns ErrNotFound, or stores all that can change: state, reauthorized, captured, refunded, card,
	// traces, operation, attempts, times, response. Identity, creation, kind, amount, source, recurrence,
	// authentication, facts, dialect and order stay as inserted.
	PutPayment(p pasarela.Payment) error

	// InsertOperation returns ErrDuplicate for an id or ticket that exists.
	InsertOperation(o pasarela.Operation) error
	// Operation returns ErrNotFound.
	Operation(id pasarela.OperationID) (pasarela.Operation, error)
	// PutOperation returns ErrNotFound, or stores state, trace, response and time.
	PutOperation(o pasarela.Operation) error

	// Post appends postings. Their ids are set; it returns ErrDuplicate for one that exists.
	Post(postings []ledger.Posting) error
}

// SubscriptionTx keeps stored cards.
type SubscriptionTx interface {
	// InsertSubscription returns ErrDuplicate for an id that exists.
	InsertSubscription(s pasarela.Subscription) error
	// Subscription returns ErrNotFound.
	Subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error)
	// PutSubscription returns ErrNotFound, or stores all but identity, dialect and creation.
	PutSubscription(s pasarela.Subscription) error
}

// PeriodTx keeps the periods of subscriptions.
type PeriodTx interface {
	// InsertPeriod returns ErrDuplicate for a date of a subscription that was opened before.
	InsertPeriod(p pasarela.Period) error
	// Period returns ErrNotFound.
	Period(s pasarela.SubscriptionID, d pasarela.Date) (pasarela.Period, error)
	// OpenPeriods lists the periods of a subscription that are charging or retrying, by date.
	OpenPeriods(s pasarela.SubscriptionID) ([]pasarela.Period, error)
	// PutPeriod returns ErrNotFound, or stores state, attempts, payment and times. Identity, beginning, amount, order,
	// retries and creation stay as inserted.
	PutPeriod(p pasarela.Period) error
}

// EventTx keeps what happened.
type EventTx interface {
	// InsertEvent appends an event. Its Place is not read: the store gives it one. It returns ErrDuplicate for an id
	// that exists.
	InsertEvent(e pasarela.Event) error
}

// DeliveryTx keeps what merchants are to be told.
type DeliveryTx interface {
	// InsertDelivery returns ErrDuplicate for an id that exists. Deliveries of one unit stay in their order. One that
	// comes behind another which waits for its next attempt falls due no earlier than that one: behind means later by
	// order of insertion, pending both, to the same endpoint about the same subject.
	InsertDelivery(d pasarela.Delivery) error
	// ClaimDeliveries has up to limit pending deliveries to an endpoint of the unit's merchant Claimed that are due at
	// or before now, earliest first, and returns them by order of insertion. It passes over those behind another.
	ClaimDeliveries(endpoint string, now, lease time.Time, limit int) ([]pasarela.Delivery, error)
	// EndDelivery appends an attempt to the log, and stores state, due time and time of change of the delivery, unless
	// it has ended or was claimed or replayed meanwhile: then its Attempts or its Since are others. What is behind it and
	// was never tried waits with it: until it falls due, or no longer once it has ended. An attempt that is in the log stays as
	// it is, and of a delivery that is gone nothing is stored.
	EndDelivery(d pasarela.Delivery, a pasarela.DeliveryAttempt) error
	// Delivery returns ErrNotFound.
	Delivery(id pasarela.DeliveryID) (pasarela.Delivery, error)
	// PutDelivery returns ErrNotFound, or stores state, attempts, tries and times. The rest stays as inserted.
	PutDelivery(d pasarela.Delivery) error
	// ForgetDeliveries deletes, with their log, delivered and parked ones that were changed last at or before before, at most
	// limit, and returns how many.
	ForgetDeliveries(before time.Time, limit int) (int, error)
}

// Key is one use of an Idempotency-Key: what stands for the method, path and header value, and a keyed digest
// of the body that came with it. Status 0 says that the first call is still under way.
type Key struct {
	Name      string // stands for method, path and header value; at most 400 bytes
	Digest    []byte
	Holder    string // random name of the call that claimed it
	Status    int    // HTTP status of the remembered answer, or 0
	Answer    []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

// KeyTx keeps idempotency keys.
type KeyTx interface {
	// ClaimKey inserts k if no live key has its name, and returns what stands under the name afterwards: k
	// itself, or the other one. A key that expired at or before k.CreatedAt is replaced.
	ClaimKey(k Key) (Key, error)
	// AnswerKey stores status and answer under a name claimed by holder. It returns ErrNotFound when the
	// holder lost it.
	AnswerKey(name, holder string, status int, answer []byte) error
	// DropKey forgets a name claimed by holder. A name that holder does not hold stays as it is.
	DropKey(name, holder string) error
	// ForgetKeys deletes keys that expired at or before now, at most limit, and returns how many.
	ForgetKeys(now time.Time, limit int) (int, error)
}

// Reader reads outside a unit of work, from what was committed.
type Reader interface {
	// Token, Authentication, Redirect, Customer, CustomerByReference, Payment, PaymentByTicket, Operation,
	// OperationByTicket, Subscription and Key return ErrNotFound.
	Token(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Token, error)
	Authentication(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID) (pasarela.Authentication, error)
	Redirect(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Redirect, error)
	Customer(ctx context.Context, m pasarela.MerchantID, id pasarela.CustomerID) (pasarela.Customer, error)
	// CustomerByReference finds none for "", and none that is deleted.
	CustomerByReference(ctx context.Context, m pasarela.MerchantID, reference string) (pasarela.Customer, error)
	Payment(ctx context.Context, m pasarela.MerchantID, id pasarela.PaymentID) (pasarela.Payment, error)
	PaymentByTicket(ctx context.Context, m pasarela.MerchantID, t pasarela.Ticket) (pasarela.Payment, error)
	Operation(ctx context.Context, m pasarela.MerchantID, id pasarela.OperationID) (pasarela.Operation, error)
	OperationByTicket(ctx context.Context, m pasarela.MerchantID, t pasarela.Ticket) (pasarela.Operation, error)
	Subscription(ctx context.Context, m pasarela.MerchantID, id pasarela.SubscriptionID) (pasarela.Subscription, error)
	Key(ctx context.Context, m pasarela.MerchantID, name string) (Key, error)

	// Due lists payments whose DueAt is set and at or before now, earliest first, then by id, at most limit.
	Due(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) ([]pasarela.PaymentID, error)
	// DueSubscriptions is the same for subscriptions that are pending or verifying.
	DueSubscriptions(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) ([]pasarela.SubscriptionID, error)
	// BillableSubscriptions is the same for active ones.
	BillableSubscriptions(ctx context.Context, m pasarela.MerchantID, now time.Time, limit int) ([]pasarela.SubscriptionID, error)

	// Periods lists those of a subscription by date, those above after, at most limit.
	Periods(ctx context.Context, m pasarela.MerchantID, s pasarela.SubscriptionID, after pasarela.Date, limit int) ([]pasarela.Period, error)
	// SubscriptionPayments lists those of a subscription by ticket, the highest first: those below a ticket, or all for "",
	// at most limit.
	SubscriptionPayments(ctx context.Context, m pasarela.MerchantID, s pasarela.SubscriptionID, below pasarela.Ticket, limit int) ([]pasarela.Payment, error)
	// SubscriptionTicket is the ticket of the nth of that list, counted from 1: what is before it is not read. It returns
	// ErrNotFound where there are fewer.
	SubscriptionTicket(ctx context.Context, m pasarela.MerchantID, s pasarela.SubscriptionID, n int) (pasarela.Ticket, error)
	// CountSubscriptionPayments counts them, up to most.
	CountSubscriptionPayments(ctx context.Context, m pasarela.MerchantID, s pasarela.SubscriptionID, most int) (int, error)
	// Billing counts how far a merchant's charges are that begin on a day.
	Billing(ctx context.Context, m pasarela.MerchantID, begins pasarela.Date, now time.Time) (BillingCounts, error)

	// Events lists by place, those above after, at most limit; after is 0 or the place of an event that was returned. An
	// event whose place is below that of one it has returned is never added afterwards, and of two units that read or
	// changed the same row the events stand in the order in which the units were committed. Places begin at 1 and have no
	// gaps.
	Events(ctx context.Context, m pasarela.MerchantID, after int64, limit int) ([]pasarela.Event, error)
	// Deliveries lists by id, those above after that fit, at most limit.
	Deliveries(ctx context.Context, m pasarela.MerchantID, fit DeliveryFilter, after pasarela.DeliveryID, limit int) ([]pasarela.Delivery, error)
	// DeliveryAttempts lists the log of a delivery by number.
	DeliveryAttempts(ctx context.Context, m pasarela.MerchantID, id pasarela.DeliveryID) ([]pasarela.DeliveryAttempt, error)

	// Customers lists those that are not deleted, latest creation first, then highest id; those after the first offset of
	// them, at most limit. What it passes over it has to count, so it takes the longer the higher offset is.
	Customers(ctx context.Context, m pasarela.MerchantID, offset, limit int) ([]pasarela.Customer, error)

	// Payments lists by ticket, those above after, at most limit.
	Payments(ctx context.Context, m pasarela.MerchantID, after pasarela.Ticket, limit int) ([]pasarela.Payment, error)
	// PaymentBalances adds up the postings of each of the given payments; one without any has no balances.
	PaymentBalances(ctx context.Context, m pasarela.MerchantID, ids []pasarela.PaymentID) (map[pasarela.PaymentID]ledger.Balances, error)
	// Balances adds up the merchant's postings by currency: the last roll-up plus the tail after it.
	Balances(ctx context.Context, m pasarela.MerchantID) (map[pasarela.Currency]ledger.Balances, error)
	// RollUp folds postings with ids up to and including upTo into the merchant's rolled-up figures. What was
	// folded before is not folded again, and a posting that comes after its id was passed counts all the same.
	RollUp(ctx context.Context, m pasarela.MerchantID, upTo pasarela.PostingID) error
	// PendingPayments counts payments in a pending state.
	PendingPayments(ctx context.Context, m pasarela.MerchantID) (int, error)
}

// Merchants is the directory.
type Merchants interface {
	// InsertMerchant returns ErrDuplicate where the id or a credential exists.
	InsertMerchant(ctx context.Context, r MerchantRecord) error
	// MerchantByCredential returns ErrNotFound.
	MerchantByCredential(ctx context.Context, c Credential) (MerchantRecord, error)
	// Merchant returns ErrNotFound.
	Merchant(ctx context.Context, m pasarela.MerchantID) (MerchantRecord, error)
	// MerchantIDs lists all, in order, above after, at most limit.
	MerchantIDs(ctx context.Context, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error)
	// PutMerchant replaces profile and secrets. It returns ErrDuplicate when those that stand are not old's, or where
	// there is no such merchant.
	PutMerchant(ctx context.Context, old, renewed MerchantRecord) error
	// MerchantsDue lists, in order, above after, at most limit, the merchants that have a payment due at or before now, or
	// a subscription that is pending or verifying and due: two index probes for each merchant, whatever its size.
	MerchantsDue(ctx context.Context, now time.Time, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error)
	// MerchantsBilling is the same for active subscriptions.
	MerchantsBilling(ctx context.Context, now time.Time, after pasarela.MerchantID, limit int) ([]pasarela.MerchantID, error)
	// DueEndpoints lists, by merchant and URL, above after, at most limit, the endpoints to which a pending delivery is due
	// at or before now: few index probes for each merchant and endpoint, however many deliveries wait.
	DueEndpoints(ctx context.Context, now time.Time, after Endpoint, limit int) ([]Endpoint, error)
}

// Keysets keeps the vault's keysets.
type Keysets interface {
	// Keyset returns ErrNotFound.
	Keyset(ctx context.Context, name string) (pasarela.Keyset, error)
	// PutKeyset inserts version 1, or replaces the version before k.Version. It returns ErrDuplicate when
	// another version stands there, or none.
	PutKeyset(ctx context.Context, k pasarela.Keyset) error
}

// BINFiles keeps the table of card ranges that an operator loaded. It belongs to the installation.
type BINFiles interface {
	// BINFile returns ErrNotFound where none was loaded.
	BINFile(ctx context.Context) (pasarela.BINFile, error)
	// BINFileVersion is the version of the file that stands, or 0.
	BINFileVersion(ctx context.Context) (int, error)
	// PutBINFile inserts version 1, or replaces the version before f.Version. It returns ErrDuplicate when
	// another version stands there, or none.
	PutBINFile(ctx context.Context, f pasarela.BINFile) error
}

// SealedKind says where a sealed value lies.
type SealedKind string

// The places.
const (
	SealedTokenCard        SealedKind = "token_card"
	SealedTokenCVV         SealedKind = "token_cvv"
	SealedPaymentCard      SealedKind = "payment_card"
	SealedSubscriptionCard SealedKind = "subscription_card"
	SealedMerchantSecrets  SealedKind = "merchant_secrets"
)

// SealedKinds lists them in the order in which a rotation goes through them.
var SealedKinds = []SealedKind{SealedTokenCard, SealedTokenCVV, SealedPaymentCard, SealedSubscriptionCard, SealedMerchantSecrets}

// SealedRow is one sealed value and the row it lies in.
type SealedRow struct {
	Row    string
	Sealed pasarela.Sealed
}

// Vaulted walks over what is sealed, for the rotation of keys.
type Vaulted interface {
	// SealedRows lists by row, those above after that hold something, at most limit.
	SealedRows(ctx context.Context, m pasarela.MerchantID, k SealedKind, after string, limit int) ([]SealedRow, error)
	// Reseal replaces old by renewed in a row, unless the row holds something else by now; it says whether
	// it did.
	Reseal(ctx context.Context, m pasarela.MerchantID, k SealedKind, row string, old, renewed []byte) (bool, error)
}

// Resetter is what a sandbox can do to its own database: delete every row of every merchant. What belongs to the
// installation stays: keysets, and the BIN file that an operator loaded.
type Resetter interface {
	Reset(ctx context.Context) error
}
