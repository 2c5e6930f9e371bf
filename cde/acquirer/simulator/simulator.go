package simulator

import (
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/iso"
	"pasarela/cde/cards"
)

// keyFile holds the key of the accounts' fingerprints.
const keyFile = "issuer.key"

// defaultGatewayTimeout is how long the gateway waits for an answer unless told otherwise.
const defaultGatewayTimeout = 25 * time.Second

// Config is what a Simulator needs. Dir and Clock are required.
type Config struct {
	Dir   string       // exists; holds the books, the key and the queue of faults
	Cards *cards.Table // nil: every number is good for everything
	Clock pasarela.Clock
	Log   *slog.Logger // default: none
	// GatewayTimeout is after how long an answer is late for the gateway; default 25 s.
	GatewayTimeout time.Duration
	// Standalone says that no gateway in this process calls ConsumeRefusal, so that each refused connection
	// uses up one of a refuse_connection fault.
	Standalone bool
	// Rand makes approval codes and garbage; default seeded from the system.
	Rand rand.Source
}

// Simulator is an issuer with an ISO 8583 endpoint. It is safe for concurrent use.
type Simulator struct {
	cfg         Config
	key         []byte
	journal     *journal
	faults      faults
	undecodable atomic.Int64
	peers       *peers
	closed      chan struct{}
	closing     sync.Once

	mu     sync.Mutex
	books  *books     // guarded by mu
	random *rand.Rand // guarded by mu
}

// Open reads the books in cfg.Dir, or begins them, and the faults that wait there. One simulator at a time may have them open.
func Open(cfg Config) (*Simulator, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.GatewayTimeout <= 0 {
		cfg.GatewayTimeout = defaultGatewayTimeout
	}
	if cfg.Rand == nil {
		var seed [32]byte
		_, _ = cryptorand.Read(seed[:]) // never fails, says its documentation
		cfg.Rand = rand.NewChaCha8(seed)
	}
	key, err := openKey(cfg.Dir)
	if err != nil {
		return nil, err
	}
	b := newBooks()
	j, err := openJournal(cfg.Dir, b)
	if err != nil {
		return nil, err
	}
	s := &Simulator{cfg: cfg, key: key, journal: j, books: b, random: rand.New(cfg.Rand),
		peers: newPeers(), closed: make(chan struct{})}
	if err := s.faults.open(cfg.Dir); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return s, nil
}

// openKey reads the fingerprint key, or makes one.
func openKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, keyFile)
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, 32)
		_, _ = cryptorand.Read(key) // never fails, says its documentation
		err = os.WriteFile(path, key, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("issuer's key: %w", err)
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("issuer's key %s has %d bytes in place of 32: restore it from a copy, "+
			"or move it and %s away to start anew", path, len(key), booksFile)
	}
	return key, nil
}

// Close ends all connections and returns when nothing of the simulator runs any more.
func (s *Simulator) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.closed)
		s.peers.endAll(net.Conn.Close)
		s.peers.running.Wait()
		err = s.journal.close()
	})
	return err
}

// book decides a request, or finds how it was decided before, and queues what changed for the file. The
// number is what the journal has to be flushed to before the answer may leave.
func (s *Simulator) book(q request, card cards.Behaviour, f Fault) (reply, int64) {
	now := s.cfg.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, ok := s.books.find(q.reference).answered(q.op, q.rrn, q.stan); ok {
		return before, s.journal.last()
	}
	r := reply{op: q.op, rrn: q.rrn, responseCode: f.ResponseCode}
	if f.Kind != FaultDecline {
		r.responseCode = s.books.decide(q, card, now)
	}
	if approves(r.responseCode) {
		r.approvalCode = iso.Pad(1+s.random.Int64N(999_999), 6)
	} else if reverses(q.op) || undecided(r.responseCode) {
		return r, s.journal.last()
	}
	e := entry{At: now, Op: q.op, Reference: q.reference, RRN: q.rrn, STAN: q.stan, OriginalRRN: q.originalRRN,
		Account: q.account, MaskedPAN: q.number.String(), AmountMinor: q.amount.Minor, Currency: q.amount.Currency,
		ResponseCode: r.responseCode, ApprovalCode: r.approvalCode}
	s.books.apply(e)
	return r, s.journal.add(e)
}

// Authorizations lists what the issuer approved, oldest first: those after a seq, at most limit of them
// where limit is above zero.
func (s *Simulator) Authorizations(after int64, limit int) []Authorization {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.list(after, limit)
}

// Tamper makes the books disagree with the gateway's: it forgets the authorization with that retrieval
// reference number, or gives it another amount. It returns CodeInvalid, CodeNotFound, or the disk's error.
func (s *Simulator) Tamper(rrn string, forget bool, amountMinor *int64) error {
	if forget == (amountMinor != nil) {
		return pasarela.Errorf(pasarela.CodeInvalid, "say either forget or amount_minor")
	}
	number, err := s.tamper(rrn, amountMinor)
	if err != nil {
		return err
	}
	return s.journal.flush(number)
}

func (s *Simulator) tamper(rrn string, amountMinor *int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.books.byRRN(rrn)
	if a == nil {
		return 0, pasarela.Errorf(pasarela.CodeNotFound, "the issuer has no authorization with this rrn")
	}
	e := entry{At: s.cfg.Clock.Now(), Op: opForget, Reference: a.Reference, RRN: rrn}
	if amountMinor != nil {
		amount, err := pasarela.NewMoney(*amountMinor, a.Currency)
		if err != nil {
			return 0, err
		}
		e.Op, e.AmountMinor = opAmend, amount.Minor
	}
	s.books.apply(e)
	return s.journal.add(e), nil
}

// Reset empties the books and the queue of faults. Connections stay.
func (s *Simulator) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.journal.reset(); err != nil {
		return err
	}
	s.books = newBooks()
	return s.faults.clear()
}

// AddFault queues a fault. A refuse_connection closes the connections there are before AddFault returns. It
// returns CodeInvalid with a text for whoever asked, and CodeInternal where the queue cannot be written.
func (s *Simulator) AddFault(f Fault) error {
	f, err := f.check()
	if err != nil {
		return err
	}
	if err := s.faults.add(f); err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "fault was not queued")
	}
	if f.Kind == FaultRefuseConnection {
		s.dismiss()
	}
	return nil
}

// Faults lists what is left of the queue.
func (s *Simulator) Faults() []Fault { return s.faults.list() }

// ClearFaults empties the queue. It fails where the queue's file cannot be written; then it stands as it was.
func (s *Simulator) ClearFaults() error { return s.faults.clear() }

// ConsumeRefusal uses up one refuse_connection that fits: the gateway in this process could not send op.
func (s *Simulator) ConsumeRefusal(op pasarela.Message) { s.faults.refuse(op) }

// Undecodable is how many messages could not be read since Open.
func (s *Simulator) Undecodable() int64 { return s.undecodable.Load() }

// undecided says whether a response code is of an issuer that could not look. It does not remember such an answer:
// a repeated message is decided anew.
func undecided(responseCode string) bool {
	switch responseCode {
	case "06", "19", "68", "91", "92", "96":
		return true
	default:
		return false
	}
}

// reverses says whether op takes something back.
func reverses(op pasarela.Message) bool {
	switch op {
	case pasarela.MessageVoid, pasarela.MessageRelease, pasarela.MessageReverse, pasarela.MessageReverseCapture,
		pasarela.MessageReduce, pasarela.MessageReverseReauthorize:
		return true
	default:
		return false
	}
}
