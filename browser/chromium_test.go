package browser_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// openBrowser starts Chromium with nothing of its own to ask anyone, and with no host but this machine.
func openBrowser(dir string) (ctx context.Context, closed func() error, err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.WSURLReadTimeout(patience),
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true), chromedp.Flag("no-pings", true),
		chromedp.Flag("accept-lang", "en-US"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(allocator) // ended by Cancel below, which waits
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("chromium does not start; scripts/test-needs installs it: %w", err)
	}
	return ctx, func() error { defer stop(); return chromedp.Cancel(ctx) }, nil
}

// tab is one page of the browser, with a profile of its own.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu     sync.Mutex
	worlds []world                      // in which scripts run, oldest first; guarded by mu
	asked  map[network.RequestID]string // document that made a request; guarded by mu
	ours   map[string]bool              // origins whose pages are held to complain of nothing; guarded by mu
	faults []string                     // of those pages; guarded by mu
	barred []string                     // what the browser says of frames that it did not fill; guarded by mu
}

// world is where the scripts of one frame's page run.
type world struct {
	id     runtime.ExecutionContextID
	unique string
	origin string
}

// phone is the viewport of every tab, in CSS pixels.
const phoneWidth, phoneHeight = 375, 740

// newTab opens a tab and closes it with the test. Pages of the gateways given are held to complain of nothing.
func newTab(t testing.TB, ours ...string) *tab {
	t.Helper()
	if err := lookAtSources(); err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, asked: map[network.RequestID]string{}, ours: map[string]bool{}}
	for _, origin := range ours {
		b.ours[origin] = true
	}
	ctx, cancel := chromedp.NewContext(window, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	b.ctx = ctx
	t.Cleanup(func() {
		b.mu.Lock()
		faults := slices.Clone(b.faults)
		b.mu.Unlock()
		for _, f := range faults {
			t.Error(f)
		}
		if t.Failed() {
			b.photograph()
		}
		cancel()
	})
	if err := chromedp.Do(b.ctx); err != nil { // opens the tab, which lives as long as this context
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(phoneWidth, phoneHeight))
	command(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // whichever tab is in front
	return b
}

// hold holds the pages of one more origin to complain of nothing.
func (b *tab) hold(origin string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ours[origin] = true
}

// disableScripts makes it the tab of somebody who has JavaScript turned off.
func (b *tab) disableScripts() {
	b.t.Helper()
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// speak makes it the tab of somebody who reads a language.
func (b *tab) speak(language string) {
	b.t.Helper()
	command(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
}

// do carries out actions that need no wait.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// command has the tab carry out a command of its protocol.
func command[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, c, params); err != nil {
		b.t.Fatal(err)
	}
}

// open goes to an address. What comes of it is waited for by whoever needs it.
func (b *tab) open(address string) {
	b.t.Helper()
	command(b, page.Navigate, page.NavigateParams{URL: address})
}

// hear is called with all that happens in the tab, in order.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExecutionContextCreated:
		var about struct{ IsDefault bool }
		if err := json.Unmarshal(e.Context.AuxData, &about); err == nil && about.IsDefault {
			b.worlds = append(b.worlds, world{e.Context.ID, e.Context.UniqueID, e.Context.Origin})
		}
	case *runtime.EventExecutionContextDestroyed:
		b.worlds = slices.DeleteFunc(b.worlds, func(w world) bool { return w.unique == e.ExecutionContextUniqueID })
	case *runtime.EventExecutionContextsCleared:
		b.worlds = nil
	case *network.EventRequestWillBeSent:
		b.asks(e)
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 && e.Type != network.ResourceTypeDocument && b.ours[origin(b.asked[e.RequestID])] {
			b.fault("%s asked for %s, which answers %d", plain(b.asked[e.RequestID]), plain(e.Response.URL), e.Response.Status)
		}
	case *runtime.EventConsoleAPICalled:
		if at := b.originOf(e.ExecutionContextID); b.ours[at] && e.Type == runtime.ConsoleAPICalledTypeError {
			b.fault("a page of %s wrote an error to the console: %s", at, text(e.Args))
		}
	case *runtime.EventExceptionThrown:
		if at := b.originOf(e.ExceptionDetails.ExecutionContextID); b.ours[at] {
			b.fault("a script of %s failed: %s", at, text([]*runtime.RemoteObject{e.ExceptionDetails.Exception}))
		}
	case *log.EventEntryAdded:
		switch m := e.Entry; {
		case strings.Contains(m.Text, "frame-ancestors"):
			b.barred = append(b.barred, m.Text)
		case strings.Contains(m.Text, "Blocked autofocusing"): // in a frame of another's page, which keeps the focus
		case m.Level == log.EntryLevelError && m.Source != log.EntrySourceNetwork && b.ours[origin(m.URL)]:
			b.fault("%s: the browser says %s", plain(m.URL), m.Text)
		}
	}
}

// fault runs under mu.
func (b *tab) fault(format string, about ...any) {
	b.faults = append(b.faults, fmt.Sprintf(format, about...))
}

// asks runs under mu. A page of ours may ask for its own, and lead to other pages.
func (b *tab) asks(e *network.EventRequestWillBeSent) {
	b.asked[e.RequestID] = e.DocumentURL
	if e.Type == network.ResourceTypeDocument {
		return
	}
	if from := origin(e.DocumentURL); b.ours[from] && origin(e.Request.URL) != from {
		b.fault("%s asked another host: %s", plain(e.DocumentURL), plain(e.Request.URL))
	}
}

// originOf runs under mu.
func (b *tab) originOf(id runtime.ExecutionContextID) string {
	for _, w := range b.worlds {
		if w.id == id {
			return w.origin
		}
	}
	return ""
}

func text(args []*runtime.RemoteObject) string {
	var all []string
	for _, a := range args {
		if a == nil {
			continue // a script may throw nothing at all
		}
		all = append(all, string(a.Value)+a.Description)
	}
	return strings.Join(all, " ")
}

// plain is an address without its query, which is long.
func plain(address string) string { before, _, _ := strings.Cut(address, "?"); return before }

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// in is the newest page of an origin that the tab shows, in a frame or as a whole.
func (b *tab) in(origin string) (runtime.ExecutionContextID, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range slices.Backward(b.worlds) {
		if w.origin == origin {
			return w.id, true
		}
	}
	return 0, false
}

// ask evaluates an expression in the newest page of an origin. It waits for promises.
func ask[T any](b *tab, origin, expression string) (T, error) {
	id, ok := b.in(origin)
	if !ok {
		return *new(T), fmt.Errorf("no page of %s is shown", origin)
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise,
		func(p *runtime.EvaluateParams) { p.ContextID = id }))
}

// must is ask where it has to have an answer.
func must[T any](b *tab, origin, expression string) T {
	b.t.Helper()
	v, err := ask[T](b, origin, expression)
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await waits until an expression holds in a page of an origin.
func (b *tab) await(origin, expression string) {
	b.t.Helper()
	b.until(expression, func() error {
		yes, err := ask[bool](b, origin, "!!("+expression+")") // fails on a page that is just going away
		if err == nil && !yes {
			err = fmt.Errorf("not so in a page of %s", origin)
		}
		return err
	})
}

// until tries until there is no error.
func (b *tab) until(what string, try func() error) {
	b.t.Helper()
	if err := within(nil, try); err != nil {
		b.t.Fatalf("%s: not after %s: %v", what, patience, err)
	}
}

// fill types into the field of a selector.
func (b *tab) fill(origin, selector, keys string) {
	b.t.Helper()
	b.focus(origin, selector)
	b.do(chromedp.KeyEvent(keys))
}

// press presses the button, or follows the link, of a selector, by the keyboard.
func (b *tab) press(origin, selector string) {
	b.t.Helper()
	b.focus(origin, selector)
	b.do(chromedp.KeyEvent("\r"))
}

// turn is press where the next page is of the same origin: it waits for that one.
func (b *tab) turn(origin, selector string) {
	b.t.Helper()
	must[chromedp.Void](b, origin, "void (window.turned = true)")
	b.press(origin, selector)
	b.await(origin, "!window.turned && document.readyState === 'complete'")
}

// awaitBarred waits until the browser says that it did not fill a frame, and forgets it.
func (b *tab) awaitBarred() {
	b.t.Helper()
	b.until("the browser refuses to fill a frame", func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.barred) == 0 {
			return errors.New("it has not said so")
		}
		b.barred = nil
		return nil
	})
}

// focus waits for what a selector names and focuses it.
func (b *tab) focus(origin, selector string) {
	b.t.Helper()
	it := fmt.Sprintf("document.querySelector(%q)", selector)
	b.await(origin, "document.readyState === 'complete' && "+it+"?.getClientRects().length")
	b.await(origin, "("+it+".focus(), document.hasFocus() && document.activeElement === "+it+")")
}

// photograph leaves a picture of the tab for whoever has to find out why a test failed.
func (b *tab) photograph() {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("no picture of the tab: %v", err)
		return
	}
	f, err := os.CreateTemp("", "pasarela-"+strings.ReplaceAll(b.t.Name(), "/", "-")+"-*.png")
	if err == nil {
		_, err = f.Write(picture)
	}
	if err != nil {
		b.t.Logf("no picture of the tab: %v", err)
		return
	}
	_ = f.Close() // written, as far as it matters here
	b.t.Logf("%s shows the tab", f.Name())
}
