package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"pasarela"
)

// faultsFile holds what waits, but for refused connections.
const faultsFile = "faults.json"

// faults is the queue, first in first used. It outlives the process, but for refused connections: a gateway that
// cannot connect cannot start, and could not be told to forget them.
type faults struct {
	path string

	mu    sync.Mutex
	queue []Fault // guarded by mu
}

// open reads what an earlier process left waiting in dir.
func (q *faults) open(dir string) error {
	q.path = filepath.Join(dir, faultsFile)
	raw, err := os.ReadFile(q.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &q.queue)
	}
	if err != nil {
		return fmt.Errorf("faults in %s can't be read; delete the file to begin without them: %w", q.path, err)
	}
	return nil
}

// replace puts queue in place of what waits, once it is in the file. q.mu is held.
func (q *faults) replace(queue []Fault) error {
	if lasts := lasting(queue); !slices.Equal(lasts, lasting(q.queue)) {
		if err := q.save(lasts); err != nil {
			return fmt.Errorf("faults can't be written: %w", err)
		}
	}
	q.queue = queue
	return nil
}

// lasting is what of a queue outlives the process.
func lasting(queue []Fault) []Fault {
	return slices.DeleteFunc(slices.Clone(queue), func(f Fault) bool { return f.Kind == FaultRefuseConnection })
}

func (q *faults) save(lasts []Fault) error {
	text, err := json.Marshal(lasts)
	if err != nil {
		return err
	}
	written := q.path + ".new"
	if err := os.WriteFile(written, text, 0o600); err != nil {
		return err
	}
	return os.Rename(written, q.path)
}

func (q *faults) add(f Fault) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.replace(append(slices.Clone(q.queue), f))
}

func (q *faults) list() []Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]Fault{}, q.queue...)
}

func (q *faults) clear() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.replace(nil)
}

// take uses up one of the first fault that fits a message which arrived. Its Kind is "" where none fits. Where
// the file cannot be written, the fault hits all the same and stays in the queue.
func (q *faults) take(op pasarela.Message) (Fault, error) {
	return q.use(func(f Fault) bool { return f.Kind != FaultRefuseConnection && f.fits(op) })
}

// refuse uses up one refusal: of one that fits op, or of any where op is "".
func (q *faults) refuse(op pasarela.Message) bool {
	f, _ := q.use(func(f Fault) bool { // in no file, so nothing can fail
		return f.Kind == FaultRefuseConnection && (op == "" || f.fits(op))
	})
	return f.Kind != ""
}

// refusing says whether connections are to be refused.
func (q *faults) refusing() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(q.queue, func(f Fault) bool { return f.Kind == FaultRefuseConnection })
}

func (q *faults) use(wanted func(Fault) bool) (Fault, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.queue, wanted)
	if i < 0 {
		return Fault{}, nil
	}
	used := q.queue[i]
	left := slices.Clone(q.queue)
	if left[i].Count--; left[i].Count == 0 {
		left = slices.Delete(left, i, i+1)
	}
	return used, q.replace(left)
}
