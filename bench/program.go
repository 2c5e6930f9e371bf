package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bounds on the processes of a run.
const (
	startWithin = 30 * time.Second
	stopWithin  = 10 * time.Second
)

// program is a running process of ours that said where it listens.
type program struct {
	command *exec.Cmd
	address string
	ended   chan struct{} // closed when it has ended
	errors  tail
}

// listens is how each of them says so.
var listens = regexp.MustCompile(`listens on (?:http://)?([^\s;]+:\d+)`)

// start runs the program and waits until it says where it listens.
func start(ctx context.Context, path string, args ...string) (*program, error) {
	p := &program{command: exec.CommandContext(ctx, path, args...), ended: make(chan struct{})}
	p.command.Stderr = &p.errors
	p.command.Cancel = func() error { return p.command.Process.Signal(syscall.SIGTERM) }
	p.command.WaitDelay = stopWithin
	out, in := io.Pipe()
	p.command.Stdout = in
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	go func() {
		_ = p.command.Wait() // it is told to end; whether it did earlier shows in what is asked of it
		in.Close()
		close(p.ended)
	}()
	address := make(chan string, 1)
	go findAddress(out, address)
	select {
	case p.address = <-address:
	case <-time.After(startWithin):
	case <-ctx.Done():
	}
	if p.address == "" {
		return nil, errors.Join(fmt.Errorf("%s %s did not say where it listens: %s", path, args[0], p.errors.String()), p.stop())
	}
	return p, nil
}

// findAddress reads the output to its end, and sends the first address, or "" at the end.
func findAddress(out io.Reader, address chan<- string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := listens.FindStringSubmatch(lines.Text()); found != nil {
			address <- found[1]
			break
		}
	}
	_, _ = io.Copy(io.Discard, out) // so that the program never waits for its reader
	close(address)
}

func (p *program) pid() int { return p.command.Process.Pid }

// stop asks the program to end, and ends it where it does not.
func (p *program) stop() error {
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopWithin):
	}
	err := p.command.Process.Kill()
	<-p.ended
	return errors.Join(fmt.Errorf("%s did not end within %s and was killed", strings.Join(p.command.Args, " "), stopWithin), err)
}

// healthy waits until the gateway can take payments.
func (p *program) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	health := get("/healthz")
	for {
		if c, err := dial(ctx, p.address); err == nil {
			status, _, err := c.do(health.bytes)
			c.close()
			if err == nil && status == 200 {
				return nil
			}
		}
		if pause(ctx, time.Millisecond) != nil {
			return fmt.Errorf("gateway was not ready within %s: %s", startWithin, p.errors.String())
		}
	}
}

// tailSize is how much of what a program complains of is kept.
const tailSize = 4 << 10

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if extra := len(t.text) - tailSize; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
