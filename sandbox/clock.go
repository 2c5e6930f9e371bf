package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"pasarela"
)

// Clock runs at normal speed from wherever it was put, and goes on from where it stood when its folder is
// opened again. It never goes back.
type Clock struct {
	path     string
	database string // kind of the database whose time this is

	saving  sync.Mutex // held while the file is written, so that an earlier time never replaces a later
	mu      sync.Mutex
	base    time.Time // what the clock said at started; guarded by mu
	started time.Time // of the machine, monotonic; guarded by mu
	stop    chan struct{}
	stopped sync.WaitGroup
}

// While it runs, the clock's file is ahead of it: whoever opens the folder after a kill starts there, a
// moment late but never early.
const (
	clockAhead = 2 * time.Second
	clockWrite = time.Second
)

type clockFile struct {
	Now      time.Time `json:"now"`
	Database string    `json:"database,omitempty"`
}

// OpenClock opens the clock of a folder for a sandbox on a database of a kind, such as "sqlite". A new folder starts at
// start, or now where start is zero.
func OpenClock(dir, database string, start time.Time) (*Clock, error) {
	c, found, err := readClock(dir)
	if err != nil {
		return nil, err
	}
	if !found && !start.IsZero() {
		c.base = start
	}
	c.database = database
	if err := c.save(clockAhead); err != nil {
		return nil, err
	}
	c.stopped.Go(c.keep)
	return c, nil
}

// ClockBeside is the clock of a folder for a command beside the sandbox that runs on it, at most two seconds ahead of the
// sandbox's own. found is false where the folder has none, or that of a sandbox on another kind of database, which has
// nothing to do with this one.
func ClockBeside(dir, database string) (c *Clock, found bool, err error) {
	c, found, err = readClock(dir)
	if err != nil || !found || (c.database != "" && c.database != database) {
		return nil, false, err
	}
	return c, true, nil
}

// readClock is a clock that goes on from where that of the folder stood, or from the present where it has none. It
// writes nothing.
func readClock(dir string) (c *Clock, found bool, err error) {
	now := time.Now()
	c = &Clock{path: filepath.Join(dir, "clock.json"), base: now, started: now, stop: make(chan struct{})}
	raw, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("sandbox clock: %w", err)
	}
	var f clockFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, false, fmt.Errorf("sandbox clock: %s cannot be read; delete it to start at the present: %w", c.path, err)
	}
	c.base, c.database = f.Now, f.Database
	return c, true, nil
}

// Now implements pasarela.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	return c.base.Add(time.Since(c.started)).UTC().Truncate(time.Microsecond)
}

// maxAdvance bounds one jump: a century.
const maxAdvance = 100 * 365 * 24 * time.Hour

// Advance moves the clock forward and returns what it says then.
func (c *Clock) Advance(d time.Duration) (time.Time, error) {
	if d < 0 || d > maxAdvance {
		return time.Time{}, pasarela.Errorf(pasarela.CodeInvalid, "seconds: send 0 or more, at most a century; the clock does not go back")
	}
	c.mu.Lock()
	c.base = c.base.Add(d)
	now := c.now()
	c.mu.Unlock()
	return now, c.save(clockAhead)
}

// Reset puts the clock to the present of the machine, even when that is back.
func (c *Clock) Reset() error {
	c.mu.Lock()
	c.base, c.started = time.Now(), time.Now()
	c.mu.Unlock()
	return c.save(clockAhead)
}

// Close stops the clock's file where the clock stands.
func (c *Clock) Close() error {
	close(c.stop)
	c.stopped.Wait()
	return c.save(0)
}

func (c *Clock) keep() {
	t := time.NewTicker(clockWrite)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			_ = c.save(clockAhead) // a full disk stops the file, not the clock; Close reports it
		case <-c.stop:
			return
		}
	}
}

func (c *Clock) save(ahead time.Duration) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	raw, err := json.Marshal(clockFile{Now: c.Now().Add(ahead), Database: c.database})
	if err == nil {
		err = replaceFile(c.path, raw)
	}
	if err != nil {
		return fmt.Errorf("sandbox clock: %w", err)
	}
	return nil
}
