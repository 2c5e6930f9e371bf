package simulator_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
)

const booksFile = "issuer-books.jsonl"

// play makes some of everything happen.
func (r *rig) play() {
	r.t.Helper()
	captured := r.approve(r.request(pasarela.MessageAuthorize))
	r.approve(r.after(captured, pasarela.MessageCapture))
	refunded := r.approve(r.request(pasarela.MessageSale))
	part := r.after(refunded, pasarela.MessageRefund)
	part.Amount.Minor = 300
	r.approve(part)
	r.approve(r.after(r.approve(r.request(pasarela.MessageAuthorize)), pasarela.MessageRelease))
	r.approve(r.after(r.request(pasarela.MessageSale), pasarela.MessageReverse))
	r.want(r.send(r.after(refunded, pasarela.MessageVoid)), pasarela.OutcomeDeclined, "12")
	r.approve(r.request(pasarela.MessageAuthorize))
}

// What was answered is in the file: another process that opens it without a goodbye from the first knows it all.
func TestBooksOutliveTheProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	balance := int64(1500)
	poor := r.addCard("4000000000000010", cards.Behaviour{BalanceMinor: &balance})
	r.play()
	sale := r.request(pasarela.MessageSale)
	sale.Card = poor
	r.approve(sale)
	overtaken := r.request(pasarela.MessageSale)
	r.approve(r.after(overtaken, pasarela.MessageReverse))
	want := r.bank.Authorizations(0, 0)

	next := newRig(t, func(c *simulator.Config) { c.Dir, c.Cards = r.dir, r.cards })
	if got := next.bank.Authorizations(0, 0); !reflect.DeepEqual(got, want) {
		t.Fatalf("after opening again the issuer lists\n%+v\nwant\n%+v", got, want)
	}
	next.want(next.send(sale), pasarela.OutcomeApproved, "00")      // as before, not twice
	next.want(next.send(overtaken), pasarela.OutcomeDeclined, "12") // remembered
	another := next.request(pasarela.MessageSale)                   // the balance is known
	another.Card, another.Amount.Minor, another.Reference = poor, 501, "x-1"
	next.want(next.send(another), pasarela.OutcomeDeclined, "51")
	if got := next.bank.Authorizations(0, 0); len(got) != len(want) {
		t.Fatalf("issuer lists %d, want %d", len(got), len(want))
	}
}

// The books can be read while the simulator runs, and say the same.
func TestReadBooksWhileRunning(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := simulator.ReadBooks(filepath.Join(r.dir, "elsewhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("books that are not there: %v", err)
	}
	r.play()
	got, err := simulator.ReadBooks(r.dir)
	if err != nil || !reflect.DeepEqual(got, r.bank.Authorizations(0, 0)) {
		t.Fatalf("file says %+v (%v), issuer %+v", got, err, r.bank.Authorizations(0, 0))
	}
}

// A kill in the middle of a write leaves a torn line, which was never answered and is cut off.
func TestTornLastLineIsCutOff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.play()
	want := r.bank.Authorizations(0, 0)
	path := filepath.Join(r.dir, booksFile)
	whole := readFile(t, path)
	for _, torn := range [][]byte{whole[:1], whole[:17], whole[:bytes.IndexByte(whole, '\n')]} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, booksFile), append(bytes.Clone(whole), torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := simulator.ReadBooks(dir); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("torn after %d bytes: file says %+v (%v)", len(torn), got, err)
		}
		next := newRig(t, func(c *simulator.Config) { c.Dir = dir })
		sale := next.request(pasarela.MessageSale)
		sale.Reference = "of-the-next-process"
		next.approve(sale)
		if got, err := simulator.ReadBooks(dir); err != nil || len(got) != len(want)+1 {
			t.Fatalf("after going on the file says %+v (%v)", got, err)
		}
	}
}

// A line that can't be read in the middle is not a torn one: the simulator refuses to guess.
func TestDamagedBooksAreRefused(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"no JSON":            "{\"op\":\n",
		"capture of nothing": `{"op":"capture","reference":"a","rrn":"1","response_code":"00"}` + "\n",
		"amended nothing":    `{"op":"amend","reference":"a","rrn":"1"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, booksFile), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := simulator.Open(simulator.Config{Dir: dir, Clock: noon})
			if err == nil || !strings.Contains(err.Error(), "line 1") {
				t.Fatalf("error is %v, want one that names the line", err)
			}
		})
	}
}

// Neither the card's number nor its CVV is in any file, and the key is for its owner only.
func TestFilesHoldNoCardData(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := r.request(pasarela.MessageSale)
	q.CVV = pasarela.Sealed{Bytes: []byte("7391")}
	r.approve(q)
	r.play()
	files, err := filepath.Glob(filepath.Join(r.dir, "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files are %v (%v)", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s has mode %v (%v), want 0600", f, info.Mode(), err)
		}
		content := readFile(t, f)
		if bytes.Contains(content, []byte(goodCard)) || bytes.Contains(content, []byte(`"7391"`)) {
			t.Fatalf("%s holds card data", f)
		}
	}
}

// Tampering shows in the books, in the file too.
func TestTamper(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	forgotten := r.approve(r.request(pasarela.MessageSale))
	amended := r.approve(r.request(pasarela.MessageSale))
	one := int64(1)
	negative := int64(-1)
	if err := r.bank.Tamper(forgotten.Trace.RRN, true, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.bank.Tamper(amended.Trace.RRN, false, &one); err != nil {
		t.Fatal(err)
	}
	for _, bank := range []func() ([]simulator.Authorization, error){
		func() ([]simulator.Authorization, error) { return r.bank.Authorizations(0, 0), nil },
		func() ([]simulator.Authorization, error) { return simulator.ReadBooks(r.dir) },
	} {
		got, err := bank()
		if err != nil || len(got) != 1 || got[0].RRN != amended.Trace.RRN || got[0].AmountMinor != 1 || got[0].CapturedMinor != 1 {
			t.Fatalf("books say %+v (%v)", got, err)
		}
	}
	for name, c := range map[string]struct {
		err  error
		code pasarela.Code
	}{
		"unknown":  {r.bank.Tamper("000000000000", true, nil), pasarela.CodeNotFound},
		"neither":  {r.bank.Tamper(amended.Trace.RRN, false, nil), pasarela.CodeInvalid},
		"both":     {r.bank.Tamper(amended.Trace.RRN, true, &one), pasarela.CodeInvalid},
		"negative": {r.bank.Tamper(amended.Trace.RRN, false, &negative), pasarela.CodeInvalid},
	} {
		if pasarela.CodeOf(c.err) != c.code || c.err == nil {
			t.Errorf("%s: error is %v, want %s", name, c.err, c.code)
		}
	}
}

// Resetting empties books, file and faults, and payments go on.
func TestReset(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.play()
	r.fault(simulator.Fault{Kind: simulator.FaultNoResponse, On: simulator.OnAny})
	if err := r.bank.Reset(); err != nil {
		t.Fatal(err)
	}
	if got, err := simulator.ReadBooks(r.dir); err != nil || len(got) != 0 {
		t.Fatalf("file says %+v (%v)", got, err)
	}
	q := r.approve(r.request(pasarela.MessageSale))
	if a := r.book(q); a.Seq != 1 {
		t.Fatalf("first after a reset has seq %d", a.Seq)
	}
}

// Two thousand payments from 64 callers over one link, answered in no particular order: each gets its own
// answer, and the books agree.
func TestManyPaymentsAtOnce(t *testing.T) {
	t.Parallel()
	const callers, total = 64, 2000
	r := newRig(t)
	var shuffled []pasarela.Sealed
	for i := range 8 {
		number := "400000000000001" + string(rune('0'+i))
		shuffled = append(shuffled, r.addCard(number, cards.Behaviour{Delay: time.Duration(i*3%8) * time.Millisecond}))
	}
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range jobs {
				q := r.request(pasarela.MessageSale)
				q.Card, q.Amount.Minor = shuffled[i%8], int64(i+1)
				q.Facts.Expiry = "3012"
				answer := r.send(q)
				if answer.Outcome != pasarela.OutcomeApproved {
					t.Errorf("payment %d ended as %+v", i, answer)
					continue
				}
				if a := r.book(q); a.ApprovalCode != answer.ApprovalCode || a.AmountMinor != int64(i+1) {
					t.Errorf("payment %d was given another's answer", i)
				}
			}
		})
	}
	for i := range total {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	if n := len(r.bank.Authorizations(0, 0)); n != total {
		t.Fatalf("issuer lists %d, want %d", n, total)
	}
	if len(r.stray) != 0 {
		t.Fatalf("%d answers belonged to nobody", len(r.stray))
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
