package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"pasarela"
)

// Inboxes catch what is sent to them, headers and exact bodies, one file per inbox. They and their behaviour
// outlive a restart.
type Inboxes struct {
	dir string

	mu        sync.Mutex
	behaviour map[string]Behaviour // by inbox; guarded by mu
}

// Caught is one request as it was received. A body that is not UTF-8 is in Bytes, since JSON text cannot hold it.
type Caught struct {
	At      time.Time         `json:"at"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Bytes   []byte            `json:"body_base64,omitempty"`
}

// Behaviour is how an inbox answers its next Count requests; without a Count, all of them.
type Behaviour struct {
	Status  int  `json:"status"`
	Count   *int `json:"count"`
	DelayMS int  `json:"delay_ms"`
}

const (
	maxCaughtBody = 1 << 20
	maxInboxDelay = 10 * time.Minute

	behaviourFile = "behaviour.json" // no inbox's file has this ending
)

var inboxName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// OpenInboxes keeps inboxes in a folder, which it makes.
func OpenInboxes(dir string) (*Inboxes, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("inboxes: %w", err)
	}
	b := &Inboxes{dir: dir, behaviour: map[string]Behaviour{}}
	raw, err := os.ReadFile(filepath.Join(dir, behaviourFile))
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &b.behaviour)
	}
	if err != nil {
		return nil, fmt.Errorf("inboxes: %s cannot be read; delete it to have all inboxes answer 200: %w", filepath.Join(dir, behaviourFile), err)
	}
	return b, nil
}

// keepBehaviour brings the behaviour of all inboxes to disk. b.mu is held.
func (b *Inboxes) keepBehaviour() error {
	raw, err := json.Marshal(b.behaviour)
	if err == nil {
		err = replaceFile(filepath.Join(b.dir, behaviourFile), raw)
	}
	if err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "behaviour of inboxes cannot be kept")
	}
	return nil
}

func (b *Inboxes) path(name string) (string, error) {
	if !inboxName.MatchString(name) {
		return "", pasarela.Errorf(pasarela.CodeInvalid, "inbox name: send 1 to 64 letters, digits, - or _")
	}
	return filepath.Join(b.dir, name+".jsonl"), nil
}

// Catch stores a request and returns the status to answer and how long to wait before.
func (b *Inboxes) Catch(name string, r *http.Request, at time.Time) (status int, delay time.Duration, err error) {
	path, err := b.path(name)
	if err != nil {
		return 0, 0, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCaughtBody+1))
	if err != nil || len(body) > maxCaughtBody {
		return 0, 0, pasarela.Errorf(pasarela.CodeInvalid, "body cannot be read, or is over 1 MB")
	}
	headers := map[string]string{"Host": r.Host}
	for name, values := range r.Header {
		headers[name] = strings.Join(values, ", ")
	}
	caught := Caught{At: at, Method: r.Method, Path: r.URL.Path, Headers: headers}
	if utf8.Valid(body) {
		caught.Body = string(body)
	} else {
		caught.Bytes = body
	}
	line, err := json.Marshal(caught)
	if err != nil {
		return 0, 0, pasarela.Wrap(pasarela.CodeInternal, err, "request cannot be kept")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := appendLine(path, line); err != nil {
		return 0, 0, err
	}
	return b.answer(name)
}

// answer uses up one of an inbox's behaviours. b.mu is held.
func (b *Inboxes) answer(name string) (status int, delay time.Duration, err error) {
	set, ok := b.behaviour[name]
	if !ok {
		return http.StatusOK, 0, nil
	}
	if set.Count != nil {
		left := *set.Count - 1
		set.Count = &left
		b.behaviour[name] = set
		if left <= 0 {
			delete(b.behaviour, name)
		}
		err = b.keepBehaviour()
	}
	return set.Status, time.Duration(set.DelayMS) * time.Millisecond, err
}

func appendLine(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "inbox cannot be opened")
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "inbox cannot be written")
	}
	return nil
}

// Read lists what an inbox caught, oldest first. A line torn by a kill is left out.
func (b *Inboxes) Read(name string) ([]Caught, error) {
	path, err := b.path(name)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	caught := []Caught{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return caught, nil
	}
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "inbox cannot be read")
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return caught, nil
		}
		if err != nil {
			return nil, pasarela.Wrap(pasarela.CodeInternal, err, "inbox cannot be read")
		}
		var c Caught
		if json.Unmarshal(line, &c) == nil {
			caught = append(caught, c)
		}
	}
}

// Clear empties an inbox and forgets its behaviour.
func (b *Inboxes) Clear(name string) error {
	path, err := b.path(name)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.behaviour[name]; ok {
		delete(b.behaviour, name)
		if err := b.keepBehaviour(); err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pasarela.Wrap(pasarela.CodeInternal, err, "inbox cannot be emptied")
	}
	return nil
}

// Behave sets how an inbox answers.
func (b *Inboxes) Behave(name string, how Behaviour) error {
	if _, err := b.path(name); err != nil {
		return err
	}
	if how.Status == 0 {
		how.Status = http.StatusOK
	}
	switch {
	case how.Status < 200 || how.Status > 599:
		return pasarela.Errorf(pasarela.CodeInvalid, "status: send 200 to 599")
	case how.Count != nil && *how.Count < 1:
		return pasarela.Errorf(pasarela.CodeInvalid, "count: send 1 or more, or leave it out for all requests")
	case how.DelayMS < 0 || time.Duration(how.DelayMS)*time.Millisecond > maxInboxDelay:
		return pasarela.Errorf(pasarela.CodeInvalid, "delay_ms: send 0 to %d", maxInboxDelay.Milliseconds())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behaviour[name] = how
	return b.keepBehaviour()
}

// Reset removes every inbox.
func (b *Inboxes) Reset() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.behaviour)
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "inboxes cannot be listed")
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(b.dir, e.Name())); err != nil {
			return pasarela.Wrap(pasarela.CodeInternal, err, "inbox cannot be removed")
		}
	}
	return nil
}
