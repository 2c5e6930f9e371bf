package simulator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"pasarela"
)

// booksFile has one line of JSON for each entry, and is only ever appended to.
const booksFile = "issuer-books.jsonl"

// journal is the file of the books. Entries are collected in order and written by whoever needs his first, for
// all that have gathered; after that they outlive the process, which no buffer of its own stands between.
type journal struct {
	mu      sync.Mutex
	waiting []byte // lines to write; guarded by mu
	added   int64  // entries so far; guarded by mu

	writing sync.Mutex // held while writing; taken before mu
	file    *os.File
	spare   []byte // guarded by writing
	written int64  // entries in the file; guarded by writing
	size    int64  // bytes in the file; guarded by writing
	failed  error  // first error; nothing is written after it; guarded by writing
}

// openJournal opens the file in dir, replays it into b and cuts off a torn last line.
func openJournal(dir string, b *books) (*journal, error) {
	f, err := os.OpenFile(filepath.Join(dir, booksFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("issuer's books: %w", err)
	}
	size, err := replay(f, b)
	if err == nil {
		err = f.Truncate(size)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("issuer's books %s: %w", f.Name(), err), f.Close())
	}
	return &journal{file: f, size: size}, nil
}

// replay applies every whole line and returns how many bytes those are.
func replay(r io.Reader, b *books) (size int64, err error) {
	lines := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return size, fmt.Errorf("line %d can't be read: restore the file from a copy, or move it away to start anew", n)
		}
		if !b.accepts(e) {
			return size, fmt.Errorf("line %d does not follow from those before it: restore the file from a copy", n)
		}
		b.apply(e)
		size += int64(len(line))
	}
}

// accepts says whether an entry read from a file finds what it changes.
func (b *books) accepts(e entry) bool {
	d := b.find(e.Reference)
	if e.ResponseCode != "" && !approves(e.ResponseCode) {
		return true
	}
	switch e.Op {
	case opForget, opAmend:
		return d.auth != nil
	case pasarela.MessageCapture, pasarela.MessageRefund, pasarela.MessageReauthorize:
		return d.auth != nil && e.ResponseCode != ""
	default:
		return e.ResponseCode != ""
	}
}

// add queues an entry and returns its number for flush. Entries are added in the order of their booking.
func (j *journal) add(e entry) int64 {
	// An entry has strings, integers and a time only, so it can't fail to encode.
	line, _ := json.Marshal(e)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = append(append(j.waiting, line...), '\n')
	j.added++
	return j.added
}

// last is the number of the newest entry. Whoever repeats an answer waits for it too: the answer's entry may
// not be in the file yet.
func (j *journal) last() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.added
}

// flush returns once the entry is in the file.
func (j *journal) flush(number int64) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.written >= number || j.failed != nil {
		return j.failed
	}
	j.mu.Lock()
	lines, added := j.waiting, j.added
	j.waiting = j.spare[:0]
	j.mu.Unlock()
	n, err := j.file.Write(lines)
	j.spare = lines
	if err != nil {
		j.failed = fmt.Errorf("issuer's books can't be written: %w", err)
		if n > 0 { // what is left of a line would be taken for the beginning of the next
			j.failed = errors.Join(j.failed, j.file.Truncate(j.size))
		}
		return j.failed
	}
	j.written, j.size = added, j.size+int64(n)
	return nil
}

// reset empties the file.
func (j *journal) reset() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.file.Truncate(0); err != nil {
		return fmt.Errorf("issuer's books can't be emptied: %w", err)
	}
	j.waiting, j.written, j.size, j.failed = j.waiting[:0], j.added, 0, nil
	return nil
}

func (j *journal) close() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	return j.file.Close()
}

// ReadBooks lists what the books in dir say, oldest first, whether or not a simulator runs on them. A dir
// without books is an error that wraps fs.ErrNotExist.
func ReadBooks(dir string) ([]Authorization, error) {
	content, err := os.ReadFile(filepath.Join(dir, booksFile))
	if err != nil {
		return nil, fmt.Errorf("issuer's books: %w", err)
	}
	b := newBooks()
	if _, err := replay(bytes.NewReader(content), b); err != nil {
		return nil, fmt.Errorf("issuer's books in %s: %w", dir, err)
	}
	return b.list(0, 0), nil
}
