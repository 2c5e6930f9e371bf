package browser_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// gateway is a gateway that runs.
type gateway struct {
	base string // its origin
	process
}

// startDev starts a sandbox in a folder of its own.
func startDev(data string) (*gateway, error) {
	g := &gateway{}
	if err := g.launch("dev", "--listen", "127.0.0.1:0", "--data", data); err != nil {
		return nil, err
	}
	rest, err := g.says("listens on ")
	if err != nil {
		return nil, err
	}
	g.base, _, _ = strings.Cut(rest, " ")
	return g, g.ready()
}

// startServe starts a gateway that is no sandbox, behind what ends TLS in front of it. It has to know its address
// before it listens there, and somebody else may be quicker: then it is another one.
func startServe(flags ...string) (*gateway, error) {
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		address := l.Addr().String()
		g := &gateway{base: "http://" + address}
		if err := l.Close(); err != nil {
			return nil, err
		}
		if err := g.launch(append([]string{"serve", "--listen", address, "--public-url", g.base, "--behind-proxy"}, flags...)...); err != nil {
			return nil, err
		}
		err = g.ready()
		if err == nil || !strings.Contains(g.output(), "address already in use") {
			return g, err
		}
	}
}

// ready waits until payments are taken.
func (g *gateway) ready() error {
	return g.within(func() error {
		a, err := request("GET", g.base+"/readyz", nil)
		if err == nil && a.status != http.StatusOK {
			err = fmt.Errorf("readyz answers %d %s", a.status, a.body)
		}
		return err
	})
}

// within tries until there is no error, no patience, or no process any more; ended may be nil.
func within(ended <-chan struct{}, try func() error) error {
	deadline := time.Now().Add(patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ended:
			return try() // once more: it may have ended between the two
		case <-again.C:
		}
	}
}

// within waits for something that the process does. Its error has what was printed.
func (p *process) within(try func() error) error {
	err := within(p.ended, try)
	if err != nil {
		err = fmt.Errorf("%s: %w; it printed:\n%s", strings.Join(p.cmd.Args, " "), err, p.output())
	}
	return err
}

// process is the program, running.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu   sync.Mutex
	said bytes.Buffer // all that it printed; guarded by mu
}

// Write implements io.Writer for what the process prints.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// The variable that holds the key-encryption key of gateways that are no sandbox.
const (
	kek        = "BROWSER_TEST_KEK"
	kekSetting = kek + "=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// launch starts the program, whatever the environment says of PASARELA_.
func (p *process) launch(args ...string) error {
	p.cmd, p.ended = exec.Command(program, args...), make(chan struct{})
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = p, p, []string{kekSetting}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PASARELA_") && !strings.HasPrefix(v, "OTEL_") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.ended)
	}()
	return nil
}

// says waits until a text was printed and returns what follows on its line.
func (p *process) says(text string) (rest string, err error) {
	err = p.within(func() error {
		_, after, found := strings.Cut(p.output(), text)
		line, _, whole := strings.Cut(after, "\n")
		if !found || !whole {
			return fmt.Errorf("it does not say %q", text)
		}
		rest = line
		return nil
	})
	return rest, err
}

// stop asks the process to end, and waits.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("%s has not ended after %s", p.cmd.Args[1], patience), p.cmd.Process.Kill())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with %d:\n%s", p.cmd.Args[1], code, p.output())
	}
	return nil
}

// answer is what an HTTP request was answered.
type answer struct {
	status int
	body   []byte
}

var client = &http.Client{Timeout: patience}

// request makes a request of a shop's server. headers are names and values in turn.
func request(method, url string, body any, headers ...string) (answer, error) {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
	}
	r, err := http.NewRequest(method, url, bytes.NewReader(sent))
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
	defer func() { _ = got.Body.Close() }()
	read, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, read}, err
}

// call is request for what must be answered so.
func (g *gateway) call(t testing.TB, status int, method, path string, body any, headers ...string) object {
	t.Helper()
	a, err := request(method, g.base+path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	if a.status != status {
		t.Fatalf("%s %s answered %d %s, want %d", method, path, a.status, a.body, status)
	}
	var o object
	if err := json.Unmarshal(a.body, &o); err != nil {
		t.Fatalf("%s %s answered %s: %v", method, path, a.body, err)
	}
	return o
}

// object is a JSON object.
type object map[string]any

// text is a text member, reached by the names of those around it.
func (o object) text(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, name := range path {
		members, _ := v.(map[string]any)
		v = members[name]
	}
	return v
}
