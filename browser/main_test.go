package browser_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait of these tests, on a machine that has other things to do as well.
const patience = 60 * time.Second

// What all tests share, once TestMain has begun.
var (
	program string          // path of the built gateway
	bundle  []byte          // script of the shop's page
	window  context.Context // chromedp's, of the browser that runs
	dev     *gateway        // a sandbox
)

func TestMain(m *testing.M) {
	code, err := play(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func play(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "pasarela-browser-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program = filepath.Join(dir, "pasarela")
	if out, err := exec.Command("go", "build", "-o", program, "pasarela/cmd/pasarela").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	if bundle, err = bundleShop(); err != nil {
		return 0, err
	}
	var closeBrowser func() error
	if window, closeBrowser, err = openBrowser(dir); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeBrowser()) }()
	if dev, err = startDev(filepath.Join(dir, "dev")); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, dev.stop()) }()
	return m.Run(), nil
}

// lookAtSources opens every folder of the module, for go test to notice what a cached result no longer holds for: the
// program is no package that this one imports. What TestMain opens does not count, so tests do it, the first of them.
var lookAtSources = sync.OnceValue(func() error {
	return filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return fs.SkipDir
		}
		return err
	})
})

const shopFolder = "testdata/shop"

// bundleShop makes one script of the shop's page and of the packages it uses.
func bundleShop() ([]byte, error) {
	cmd := exec.Command("node_modules/.bin/esbuild", "shop.js", "--bundle", "--log-level=warning")
	cmd.Dir, cmd.Stderr = shopFolder, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the shop's page can't be bundled; run scripts/test-needs, which installs what it needs: %w", err)
	}
	return out, nil
}
