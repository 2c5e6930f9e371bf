package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela/store/postgres/pgtest"
)

// noon is where the clock of most worlds starts: far from every limit of a day in all demo countries.
const noon = "2031-03-03T16:00:00Z"

// world is a data folder and the `dev` that runs on it, which can be killed and started again.
type world struct {
	t     testing.TB
	place []string // flags that name the folder and the database, for every command
	data  string
	flags []string // of dev, besides place
	env   []string // of dev

	client *http.Client
	seen   *spool // every answer, where somebody wants to know

	mu      sync.RWMutex
	process *process    // guarded by mu
	base    string      // guarded by mu
	known   credentials // guarded by mu
}

// credentials is demo-credentials.json as design.md prescribes it.
type credentials struct {
	BaseURL string `json:"base_url"`
	Kushki  map[string]struct {
		Currency  string `json:"currency"`
		Public    string `json:"public_merchant_id"`
		Private   string `json:"private_merchant_id"`
		Signature string `json:"webhook_signature"`
	} `json:"kushki"`
	Monri struct {
		Token string `json:"authenticity_token"`
		Key   string `json:"merchant_key"`
	} `json:"monri"`
}

// newWorld is an empty folder. Nothing runs on it yet.
func newWorld(t testing.TB, flags ...string) *world {
	data := filepath.Join(t.TempDir(), "data")
	return &world{t: t, data: data, place: []string{"--data", data}, flags: flags, client: newClient()}
}

// newWorldOnPostgres keeps its payments in a database of its own.
func newWorldOnPostgres(t testing.TB, flags ...string) *world {
	w := newWorld(t, flags...)
	w.place = append(w.place, "--database-url", pgtest.URL(t))
	return w
}

// onBoth plays a scenario on both stores.
func onBoth(t *testing.T, play func(t *testing.T, w *world), flags ...string) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); play(t, newWorld(t, flags...)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); play(t, newWorldOnPostgres(t, flags...)) })
}

func newClient() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
}

// start runs dev until it takes payments.
func (w *world) start() *world {
	w.t.Helper()
	w.launch()
	w.awaitHealth()
	return w
}

// launch runs dev until it says where it listens.
func (w *world) launch() {
	w.t.Helper()
	args := slices.Concat([]string{"dev", "--listen", "127.0.0.1:0", "--start-time", noon}, w.place, w.flags)
	p := launch(w.t, w.env, args...)
	p.says(p.out, "Try a payment")
	_, rest, _ := strings.Cut(p.out.String(), "listens on ")
	base, _, _ := strings.Cut(rest, " ")
	known := w.readCredentials()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.process, w.base, w.known = p, base, known
}

func (w *world) readCredentials() (c credentials) {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.data, "demo-credentials.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) awaitHealth() {
	w.t.Helper()
	p := w.running()
	until(w.t, "healthz", func() bool {
		select {
		case <-p.ended:
			w.t.Fatalf("dev ended with %d:\n%s", p.code, p.err)
		default:
		}
		a, err := w.try("GET", "/healthz", nil)
		return err == nil && a.status == http.StatusOK
	})
}

// until asks again and again until the answer is yes.
func until(t testing.TB, what string, yes func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(patience)
	for !yes() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%s: not after %s", what, patience)
		}
	}
}

func (w *world) running() *process {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.process
}

// kill ends dev without a word.
func (w *world) kill() { w.running().kill() }

// stop ends dev in good order.
func (w *world) stop() {
	w.t.Helper()
	if code := w.running().stop(); code != 0 {
		w.t.Fatalf("dev ended with %d:\n%s", code, w.running().err)
	}
}

// pasarela runs a command of the program on this world's folder and database.
func (w *world) pasarela(args ...string) ran {
	w.t.Helper()
	return w.with("", args...)
}

// with is pasarela with something on its standard input. Of a database on PostgreSQL an operator has to say that it is a
// sandbox's; a folder says it by itself.
func (w *world) with(stdin string, args ...string) ran {
	w.t.Helper()
	var env []string
	if slices.Contains(w.place, "--database-url") {
		env = []string{"PASARELA_SANDBOX=true"}
	}
	return runWith(w.t, env, stdin, append(args, w.place...)...)
}

// answer is what an HTTP request was answered.
type answer struct {
	status int
	body   []byte
}

// try makes a request. body is JSON already, text, or something to be made JSON of; headers are names and
// values in turn.
func (w *world) try(method, path string, body any, headers ...string) (answer, error) {
	w.mu.RLock()
	base := w.base
	w.mu.RUnlock()
	a, err := request(w.t.Context(), w.client, method, base+path, body, headers...)
	if err == nil && w.seen != nil {
		_, _ = w.seen.Write(append(a.body, '\n')) // a spool takes everything
	}
	return a, err
}

func request(ctx context.Context, client *http.Client, method, url string, body any, headers ...string) (answer, error) {
	var sent []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		sent = b
	case string:
		sent = []byte(b)
	default:
		var err error
		if sent, err = json.Marshal(b); err != nil {
			return answer{}, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(sent))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	read, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, read}, err
}

// call is try for requests that must be answered.
func (w *world) call(method, path string, body any, headers ...string) answer {
	w.t.Helper()
	a, err := w.try(method, path, body, headers...)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// must fails the test unless the status is as expected.
func (a answer) must(t testing.TB, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("answered %d %s, want %d", a.status, a.body, status)
	}
	return a
}

// read decodes the answer.
func (a answer) read(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// member is a text member of the answer, "" where it has none of that name.
func (a answer) member(name string) string {
	members := map[string]any{}
	_ = json.Unmarshal(a.body, &members) // an answer that is no object has no members
	text, _ := members[name].(string)
	return text
}
