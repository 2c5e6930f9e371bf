package pasarela

import (
	"encoding/base32"
	"encoding/hex"
	"io"
	"strconv"
	"sync"
	"time"
)

// Identifiers. Each is a type of its own so that one cannot be passed for another.
type (
	// MerchantID is the 20-digit number that names a merchant in answers; it leads every key in the store.
	MerchantID string
	// TokenID is what a merchant charges: 32 characters for a single-use token, 48 hex for a lasting one.
	TokenID string
	// PaymentID is the transaction reference, a UUID version 4.
	PaymentID string
	// OperationID is the transaction reference of a capture, void or refund.
	OperationID string
	// SubscriptionID is a decimal string of 16 digits: microseconds since 1970.
	SubscriptionID string
	// CustomerID is a UUID version 4.
	CustomerID string
	// Ticket is the 18-digit number that merchants capture, void and refund by. Tickets of one process rise.
	Ticket string
	// PostingID orders the postings of a merchant. IDs of one process rise.
	PostingID string
)

// Clock tells the time. The sandbox has one that can be moved.
type Clock interface{ Now() time.Time }

// SystemClock is the time of the machine, UTC, truncated to microseconds.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// IDs makes every identifier of a process from one source of randomness. It is safe for concurrent use.
//
// Identifiers that are inserted by the thousand begin with the time, so that their index grows at its end.
type IDs struct {
	mu     sync.Mutex
	random io.Reader // guarded by mu
	last   int64     // last number handed out by rising; guarded by mu
}

// NewIDs returns a generator over random: crypto/rand.Reader, or a seeded stream in a simulation.
func NewIDs(random io.Reader) *IDs { return &IDs{random: random} }

// lowerBase32 keeps the order of the bytes it encodes, which crockford and hex alphabets share.
var lowerBase32 = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Token is a single-use card token: 32 letters and digits, 100 bits of them random.
func (g *IDs) Token(now time.Time) TokenID {
	var b [20]byte
	putMicros(b[:], now)
	g.fill(b[7:])
	return TokenID(lowerBase32.EncodeToString(b[:]))
}

// LastingToken is a reusable token: 48 lower-case hexadecimal characters, 136 bits of them random.
func (g *IDs) LastingToken(now time.Time) TokenID {
	var b [24]byte
	putMicros(b[:], now)
	g.fill(b[7:])
	return TokenID(hex.EncodeToString(b[:]))
}

// Payment is a UUID version 4.
func (g *IDs) Payment() PaymentID { return PaymentID(g.uuid()) }

// Authentication is a UUID version 4.
func (g *IDs) Authentication() AuthenticationID { return AuthenticationID(g.uuid()) }

// Operation is a UUID version 4.
func (g *IDs) Operation() OperationID { return OperationID(g.uuid()) }

// Customer is a UUID version 4.
func (g *IDs) Customer() CustomerID { return CustomerID(g.uuid()) }

// Ticket is an 18-digit number that rises with time.
func (g *IDs) Ticket(now time.Time) Ticket {
	return Ticket(strconv.FormatInt(g.rising(now, 1), 10))
}

// Posting is an 18-digit number that rises with time.
func (g *IDs) Posting(now time.Time) PostingID {
	return PostingID(strconv.FormatInt(g.rising(now, 1), 10))
}

// Event is an 18-digit number that rises with time.
func (g *IDs) Event(now time.Time) EventID {
	return EventID(strconv.FormatInt(g.rising(now, 1), 10))
}

// Delivery is an 18-digit number that rises with time.
func (g *IDs) Delivery(now time.Time) DeliveryID {
	return DeliveryID(strconv.FormatInt(g.rising(now, 1), 10))
}

// Subscription is a 16-digit number, microseconds since 1970.
func (g *IDs) Subscription(now time.Time) SubscriptionID {
	return SubscriptionID(strconv.FormatInt(g.rising(now, 100)/100, 10))
}

// Merchant is a 20-digit number beginning with 20000000.
func (g *IDs) Merchant() MerchantID {
	return MerchantID("20000000" + g.digits(12))
}

// Credential is 32 lower-case hexadecimal characters, all random.
func (g *IDs) Credential() string {
	var b [16]byte
	g.fill(b[:])
	return hex.EncodeToString(b[:])
}

// Secret is 32 random bytes.
func (g *IDs) Secret() []byte {
	b := make([]byte, 32)
	g.fill(b)
	return b
}

// AuthenticityToken is 40 lower-case hexadecimal characters, all random.
func (g *IDs) AuthenticityToken() string {
	var b [20]byte
	g.fill(b[:])
	return hex.EncodeToString(b[:])
}

func (g *IDs) uuid() string {
	var b [16]byte
	g.fill(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// rising is microseconds times one hundred plus two random digits, and at least step above the one before.
// The random digits keep two nodes apart; the store refuses the duplicate that may still happen.
func (g *IDs) rising(now time.Time, step int64) int64 {
	var b [1]byte
	g.mu.Lock()
	defer g.mu.Unlock()
	g.read(b[:])
	g.last = max(g.last+step, now.UnixMicro()*100+int64(b[0])%100)
	return g.last
}

func (g *IDs) digits(n int) string {
	b := make([]byte, n)
	g.fill(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}

func (g *IDs) fill(b []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.read(b)
}

// read never fails: crypto/rand does not return errors, and a simulation's stream has no end.
func (g *IDs) read(b []byte) {
	if _, err := io.ReadFull(g.random, b); err != nil {
		panic("pasarela: source of randomness failed: " + err.Error())
	}
}

// putMicros writes the microseconds since 1970 into the first seven bytes, most significant first.
func putMicros(b []byte, now time.Time) {
	us := uint64(now.UnixMicro())
	for i := range 7 {
		b[i] = byte(us >> (8 * (6 - i)))
	}
}
