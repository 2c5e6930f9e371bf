package simulator

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"pasarela"
	"pasarela/cde/cards"
)

// The routes, below the base URL.
const (
	DirectoryPath = "/simulator/3ds/ds" // where a 3DS Server posts its messages
	challengePath = "/simulator/3ds/acs/challenge"
)

// resultTimeout is how long a 3DS Server may take to receive a result.
const resultTimeout = 10 * time.Second

// Config is what a Simulator works with.
type Config struct {
	Cards   *cards.Table
	Clock   pasarela.Clock
	Log     *slog.Logger  // nil discards
	BaseURL func() string // as browsers see the simulator, without a final slash
	Rand    io.Reader     // nil is crypto/rand
	HTTP    *http.Client  // by which results go to 3DS Servers; nil is a plain one
}

// Simulator is a directory server and an issuer. It is safe for concurrent use.
type Simulator struct {
	cfg        Config
	http       *http.Client
	random     *random
	ids        *pasarela.IDs
	ranges     ranges
	challenges challenges
}

// New returns a simulator without challenges under way.
func New(c Config) *Simulator {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	source := &random{from: c.Rand}
	client := http.Client{}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.Timeout = resultTimeout
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Simulator{cfg: c, random: source, ids: pasarela.NewIDs(source), http: &client}
}

// Mount adds the routes. The pages need the assets of package pages on the same mux.
func (s *Simulator) Mount(mux *http.ServeMux) {
	mux.HandleFunc("POST "+DirectoryPath, s.directory)
	mux.HandleFunc("GET "+challengePath, s.openByLink)
	mux.HandleFunc("POST "+challengePath, s.openOrAnswer)
}

func (s *Simulator) id() string { return string(s.ids.Authentication()) }

// random is a source that many may read.
type random struct {
	mu   sync.Mutex
	from io.Reader // guarded by mu
}

func (r *random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return io.ReadFull(r.from, p)
}
