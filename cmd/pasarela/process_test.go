package main_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests, on a machine that has other things to do as well.
const patience = 60 * time.Second

// process is the program, running.
type process struct {
	t        testing.TB
	cmd      *exec.Cmd
	out, err *spool
	ended    chan struct{}
	code     int // valid once ended is closed
}

// launch starts the program with the environment's PASARELA_ and OTEL_ variables replaced by env. What is
// still running when the test ends is killed.
func launch(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program, args...), out: newSpool(), err: newSpool(), ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = environment(env), p.out, p.err
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit status is in ProcessState
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s ended with %d and said\n%s", args[0], p.code, tail(polls.ReplaceAllString(p.err.String(), ""), 4000))
		}
	})
	return p
}

// polls are the log lines of asking whether a gateway is ready.
var polls = regexp.MustCompile(`(?m)^.*"route":"/(healthz|readyz)".*\n`)

func environment(more []string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PASARELA_") && !strings.HasPrefix(v, "OTEL_") {
			env = append(env, v)
		}
	}
	return append(env, more...)
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// kill ends the process as a power cut would, as far as the process can tell.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only where it has ended already
	<-p.ended
}

// stop asks the process to end and returns its exit status.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return p.wait()
}

// wait returns the exit status.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("the process has not ended after %s:\n%s", patience, tail(p.err.String(), 4000))
	}
	return p.code
}

// says waits until the process has printed text.
func (p *process) says(s *spool, text string) {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		more := s.more()
		if strings.Contains(s.String(), text) {
			return
		}
		select {
		case <-more:
		case <-p.ended:
			if !strings.Contains(s.String(), text) {
				p.t.Fatalf("the process ended with %d before it said %q:\n%s%s", p.code, text, p.out, p.err)
			}
			return
		case <-deadline:
			p.t.Fatalf("the process has not said %q after %s:\n%s%s", text, patience, p.out, p.err)
		}
	}
}

// ran is a command that has ended.
type ran struct {
	code     int
	out, err string
}

// run runs the program to its end.
func run(t testing.TB, args ...string) ran { t.Helper(); return runWith(t, nil, "", args...) }

func runWith(t testing.TB, env []string, stdin string, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = environment(env), strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("pasarela %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must fails the test unless the command ended well.
func (r ran) must(t testing.TB) ran {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("exit status %d\n%s%s", r.code, r.out, r.err)
	}
	return r
}

// spool keeps all that is written to it and wakes those who wait for more.
type spool struct {
	mu     sync.Mutex
	text   []byte        // guarded by mu
	signal chan struct{} // closed at the next write; guarded by mu
}

func newSpool() *spool { return &spool{signal: make(chan struct{})} }

func (s *spool) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, b...)
	close(s.signal)
	s.signal = make(chan struct{})
	return len(b), nil
}

func (s *spool) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text)
}

func (s *spool) more() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signal
}
