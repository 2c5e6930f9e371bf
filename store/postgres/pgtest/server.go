package pgtest

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a server may take. Recovery after a crash is the longest.
const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
)

// Start runs a server whose files are in dir, which is made where it is missing and used again where it
// holds a cluster. The server listens on a socket in a temporary folder of its own and trusts everybody who
// reaches it. It syncs to disk as a real one does. stop ends it and waits.
func Start(dir string) (databaseURL string, stop func(), err error) {
	bin, err := binaries()
	if err != nil {
		return "", nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return "", nil, err
	}
	socket, err := os.MkdirTemp("", "pg")
	if err != nil {
		return "", nil, fmt.Errorf("pgtest: %w", err)
	}
	if err = prepare(bin, dir, socket, owner); err == nil {
		stop, err = run(bin, dir, socket, owner)
	}
	if err != nil {
		_ = os.RemoveAll(socket) // the first error is the one that counts
		return "", nil, err
	}
	q := url.Values{"host": {socket}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///postgres?" + q.Encode(), stop, nil
}

// binaries finds the folder of initdb and postgres: the newest where several are installed.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("pgtest: PostgreSQL is not installed: install the package postgresql, or name a server in %s", Environment)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for a folder that is no number
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// unprivileged is the account to run as, because PostgreSQL refuses to run as root; nil for one's own.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("pgtest: PostgreSQL does not run as root and there is no user postgres: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("pgtest: user postgres: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("pgtest: user postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func prepare(bin, dir, socket string, owner *syscall.Credential) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	if owner != nil {
		if err := give(owner, dir, socket); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "PG_VERSION")); err == nil {
		return nil
	}
	cmd := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", dir, "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	become(cmd, owner)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return nil
}

// give makes the server's account the owner of its folders, and lets it through the temporary ones around
// them.
func give(owner *syscall.Credential, dir, socket string) error {
	for _, d := range []string{dir, socket} {
		if err := os.Chown(d, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("pgtest: %w", err)
		}
	}
	temporary := filepath.Clean(os.TempDir()) + string(filepath.Separator)
	for d := filepath.Dir(dir); strings.HasPrefix(d, temporary); d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err == nil {
			err = os.Chmod(d, info.Mode()|0o011)
		}
		if err != nil {
			return fmt.Errorf("pgtest: %w", err)
		}
	}
	return nil
}

func become(cmd *exec.Cmd, owner *syscall.Credential) {
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
}

// run starts the server and returns once it takes connections.
func run(bin, dir, socket string, owner *syscall.Credential) (stop func(), err error) {
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", dir, "-k", socket, "-c", "listen_addresses=", "-c", "max_connections=300")
	become(cmd, owner)
	dieWithParent(cmd.SysProcAttr)
	output, err := cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	started, ended := make(chan error, 1), make(chan struct{})
	ready := make(chan string, 1)
	go func() { // the kernel ties the server's life to the thread that started it, so that has to stay
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			go watch(output, ready)
			_, _ = cmd.Process.Wait() // its end is all there is to know; why, it says in its output
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	stop = sync.OnceFunc(func() { end(cmd, ended, socket) })
	select {
	case complaint := <-ready:
		if complaint != "" {
			stop()
			return nil, fmt.Errorf("pgtest: server did not start:\n%s", complaint)
		}
	case <-time.After(startTimeout):
		stop()
		return nil, fmt.Errorf("pgtest: server was not ready after %s", startTimeout)
	}
	return stop, nil
}

// watch reads what the server says to its end. It reports "" once the server takes connections, or all of
// it where it ends before.
func watch(output io.Reader, ready chan<- string) {
	var said strings.Builder
	lines := bufio.NewScanner(output)
	reported := false
	for lines.Scan() {
		if reported {
			continue
		}
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "ready to accept connections") {
			reported = true
			ready <- ""
		}
	}
	if !reported {
		ready <- said.String() + "(no more output)"
	}
}

// end asks for a fast shutdown, and insists when it takes too long.
func end(cmd *exec.Cmd, ended <-chan struct{}, socket string) {
	_ = cmd.Process.Signal(syscall.SIGINT) // fails only where it has ended already
	select {
	case <-ended:
	case <-time.After(stopTimeout):
		_ = cmd.Process.Kill()
		<-ended
	}
	_ = os.RemoveAll(socket) // a temporary folder that nobody misses
}
