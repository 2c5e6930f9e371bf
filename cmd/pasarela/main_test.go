package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pasarela/store/postgres/pgtest"
)

// program is the binary that the tests run: built as users build it, once for all of them.
var program string

// alive is the pipe that ends with this process; unless it is kept it ends with the next garbage collection.
var alive io.Closer

func TestMain(m *testing.M) {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	pgtest.Main(m)
}

// build makes the program in a temporary folder. A shell that reads a pipe of ours removes the folder when
// this process ends, in whatever way it does.
func build() error {
	dir, err := os.MkdirTemp("", "pasarela-program")
	if err != nil {
		return err
	}
	remover := exec.Command("sh", "-c", `cat >/dev/null; rm -rf "$1"`, "sh", dir)
	if alive, err = remover.StdinPipe(); err != nil {
		return err
	}
	if err := remover.Start(); err != nil {
		return err
	}
	program = filepath.Join(dir, "pasarela")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
