package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
)

const (
	clearNumber = "5451951574925480"
	clearCVV    = "7391"

	shop  = pasarela.MerchantID("20000000000000000001")
	other = pasarela.MerchantID("20000000000000000002")
)

// memory keeps keysets as the store promises to, and counts the readings.
type memory struct {
	mu    sync.Mutex
	sets  map[string]pasarela.Keyset
	reads int
	fail  error // of every call, when set
}

func (k *memory) Keyset(_ context.Context, name string) (pasarela.Keyset, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads++
	set, ok := k.sets[name]
	switch {
	case k.fail != nil:
		return pasarela.Keyset{}, k.fail
	case !ok:
		return pasarela.Keyset{}, pasarela.Errorf(pasarela.CodeNotFound, "not found")
	}
	return set, nil
}

func (k *memory) PutKeyset(_ context.Context, set pasarela.Keyset) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return k.fail
	}
	if k.sets[set.Name].Version != set.Version-1 {
		return pasarela.Errorf(pasarela.CodeWrongState, "exists already")
	}
	k.sets[set.Name] = set
	return nil
}

func newMemory() *memory { return &memory{sets: map[string]pasarela.Keyset{}} }

func newKEK(t testing.TB) KEK {
	t.Helper()
	kek, err := FileKEK(filepath.Join(t.TempDir(), "kek.key"), true)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

func openVault(t testing.TB, k Keysets, kek KEK) *Vault {
	t.Helper()
	v, err := Open(t.Context(), Config{Keysets: k, KEK: kek, Cards: cards.Reference()})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newVault(t testing.TB) *Vault { return openVault(t, newMemory(), newKEK(t)) }

func newCard(t testing.TB, number string) Card {
	t.Helper()
	n, err := ParseNumber(number)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCVV(clearCVV)
	if err != nil {
		t.Fatal(err)
	}
	return Card{Number: n, CVV: c, Holder: "Ana Pérez", Expiry: "3008"}
}

func mustSeal(t testing.TB, v *Vault, record string) Sealing {
	t.Helper()
	s, err := v.Seal(shop, record, newCard(t, clearNumber))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checkOpens(t testing.TB, v *Vault, s Sealing) {
	t.Helper()
	if n, err := v.OpenCard(shop, s.Card); err != nil || pan.Digits(n) != clearNumber {
		t.Errorf("the card opens as %v %v", n, err)
	}
	if c, err := v.OpenCVV(shop, s.CVV); err != nil || pan.CVVDigits(c) != clearCVV {
		t.Errorf("the cvv opens as %v %v", c, err)
	}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	s := mustSeal(t, v, "token/1")
	checkOpens(t, v, s)
	want := pasarela.CardFacts{BIN: "545195", LastFour: "5480", Length: 16, Brand: pasarela.BrandMastercard, Type: pasarela.CardCredit,
		Bank: "BANCO DE LA PRODUCCION S.A. (PRODUBANCO)", Country: "EC", Holder: "Ana Pérez", Expiry: "3008"}
	if s.Facts != want || s.Card.Record != "token/1" || s.CVV.Record != "token/1" || !s.Profile.KnownTestNumber {
		t.Errorf("got %+v", s)
	}
	if bytes.Contains(s.Card.Bytes, []byte("5749")) || len(s.Card.Bytes) < 40 {
		t.Error("the card is not sealed")
	}
	if again := mustSeal(t, v, "token/1"); bytes.Equal(again.Card.Bytes, s.Card.Bytes) {
		t.Error("sealing twice gives the same bytes, which shows that two cards are the same")
	}
	c := newCard(t, clearNumber)
	c.CVV, c.Holder = CVV{}, "Ana 4111 1111 1111 1111"
	bare, err := v.Seal(shop, "token/2", c)
	if err != nil || !bare.CVV.Empty() || bare.Facts.Holder != "Ana 4111 11** **** 1111" {
		t.Errorf("got %+v %v", bare, err)
	}
	c.Wipe()
	if !c.Number.IsZero() {
		t.Error("a wiped card has a number")
	}
}

// Rule: a fingerprint finds the same card at the same merchant, and links nothing across merchants.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	v := openVault(t, k, kek)
	first := mustSeal(t, v, "token/1").Fingerprint
	if err := v.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := mustSeal(t, openVault(t, k, kek), "token/2").Fingerprint; again != first || len(first) != 32 {
		t.Errorf("%q and %q", first, again)
	}
	elsewhere, err := v.Seal(other, "token/1", newCard(t, clearNumber))
	if err != nil || elsewhere.Fingerprint == first {
		t.Errorf("the same at another merchant: %v", err)
	}
	another, err := v.Seal(shop, "token/1", newCard(t, "4111111111111111"))
	if err != nil || another.Fingerprint == first {
		t.Errorf("the same for another card: %v", err)
	}
}

// Rule: what is sealed opens for its own merchant, record and purpose only.
func TestSealedValuesAreBound(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	s := mustSeal(t, v, "token/1")
	flipped := bytes.Clone(s.Card.Bytes)
	flipped[len(flipped)-1] ^= 1
	secret, err := v.SealSecret(shop, "merchant", []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() error{
		"another merchant": func() error { _, err := v.OpenCard(other, s.Card); return err },
		"another record": func() error {
			_, err := v.OpenCard(shop, pasarela.Sealed{Record: "token/2", Bytes: s.Card.Bytes})
			return err
		},
		"a shifted border": func() error {
			_, err := v.OpenCard(shop+"t", pasarela.Sealed{Record: "oken/1", Bytes: s.Card.Bytes})
			return err
		},
		"altered bytes": func() error {
			_, err := v.OpenCard(shop, pasarela.Sealed{Record: "token/1", Bytes: flipped})
			return err
		},
		"another purpose": func() error { _, err := v.OpenCVV(shop, s.Card); return err },
		"a secret":        func() error { _, err := v.OpenCard(shop, secret); return err },
		"nothing":         func() error { _, err := v.OpenCVV(shop, pasarela.Sealed{Record: "token/1"}); return err },
		"rubbish": func() error {
			_, err := v.OpenCard(shop, pasarela.Sealed{Record: "token/1", Bytes: []byte("x")})
			return err
		},
	} {
		err := open()
		if err == nil || pasarela.CodeOf(err) != pasarela.CodeInternal || strings.Contains(err.Error(), "cipher") {
			t.Errorf("%s gave %v", name, err)
		}
	}
}

func TestSecretsAndDigests(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	v := openVault(t, k, kek)
	s, err := v.SealSecret(shop, "merchant", []byte("private key"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := openVault(t, k, kek).OpenSecret(shop, s); err != nil || string(plain) != "private key" {
		t.Errorf("opens as %q %v", plain, err)
	}
	d := v.Digest("credential", []byte("ab"), []byte("c"))
	if len(d) != 32 || !bytes.Equal(d, openVault(t, k, kek).Digest("credential", []byte("ab"), []byte("c"))) {
		t.Error("a digest is not the same everywhere")
	}
	for name, else_ := range map[string][]byte{
		"another cut":     v.Digest("credential", []byte("a"), []byte("bc")),
		"one part":        v.Digest("credential", []byte("abc")),
		"another purpose": v.Digest("body", []byte("ab"), []byte("c")),
		"another key":     newVault(t).Digest("credential", []byte("ab"), []byte("c")),
	} {
		if bytes.Equal(d, else_) {
			t.Errorf("the same digest for %s", name)
		}
	}
}

// Rule: a card is refused for a reason of its own, in words without its number.
func TestCheck(t *testing.T) {
	t.Parallel()
	table := cards.Reference()
	closed := newCard(t, "4000123456789010")
	err := table.Add(cards.TestCard{Number: closed.Number, Profile: pasarela.CardProfile{NotEnabled: true, KnownTestNumber: true, SkipLuhn: true}})
	if err != nil {
		t.Fatal(err)
	}
	sandbox, err := Open(t.Context(), Config{Keysets: newMemory(), KEK: newKEK(t), Cards: table, TestNumbersOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	production, err := Open(t.Context(), Config{Keysets: newMemory(), KEK: newKEK(t)})
	if err != nil {
		t.Fatal(err)
	}
	const valid, wrongDigit = "4929420573595709", "4574441215190330"
	for _, c := range []struct {
		name   string
		v      *Vault
		number string
		expiry string
		want   pasarela.Code
	}{
		{"test card", sandbox, clearNumber, "3012", ""},
		{"not a test card", sandbox, valid, "3012", pasarela.CodeCardRejected},
		{"refused on sight", sandbox, "4574441215190335", "3012", pasarela.CodeCardRejected},
		{"range closed", sandbox, "4000123456789010", "3012", pasarela.CodeCardNotEnabled},
		{"wrong check digit that is published", sandbox, "4000000000000002", "3012", ""},
		{"real card", production, valid, "3012", ""},
		{"wrong check digit", production, wrongDigit, "3012", pasarela.CodeCardRejected},
		{"month 13", production, valid, "3013", pasarela.CodeInvalid},
		{"month 00", production, valid, "3000", pasarela.CodeInvalid},
		{"no expiry", production, valid, "", pasarela.CodeInvalid},
		{"five characters", production, valid, "30/12", pasarela.CodeInvalid},
		{"letters", production, valid, "3o12", pasarela.CodeInvalid},
	} {
		card := newCard(t, c.number)
		card.Expiry = c.expiry
		_, err := c.v.Seal(shop, "token/1", card)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s gave %v", c.name, err)
			}
			continue
		}
		var typed *pasarela.Error
		if !errors.As(err, &typed) || typed.Code != c.want || strings.Contains(err.Error(), c.number) || strings.ContainsAny(err.Error(), "456789") {
			t.Errorf("%s gave %v", c.name, err)
		}
	}
	if _, err := production.Check(Card{Expiry: "3012"}); pasarela.CodeOf(err) != pasarela.CodeInvalid || err == nil {
		t.Errorf("no number gave %v", err)
	}
}

// Rule: nodes that start at once on an empty store end up with one set of keys.
func TestConcurrentFirstStart(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	nodes := make([]*Vault, 8)
	var all sync.WaitGroup
	for i := range nodes {
		all.Go(func() { nodes[i] = openVault(t, k, kek) })
	}
	all.Wait()
	want := nodes[0].Digest("x")
	for i, sealing := range nodes {
		s := mustSeal(t, sealing, "token/1")
		for _, opening := range nodes {
			checkOpens(t, opening, s)
		}
		if !bytes.Equal(sealing.Digest("x"), want) {
			t.Errorf("node %d has another prf key", i)
		}
	}
	if len(k.sets) != 4 {
		t.Errorf("%d keysets", len(k.sets))
	}
}

// Rule: the store cannot read, swap or turn back keysets, and its errors stop the start.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	openVault(t, k, kek)
	broken := errors.New("disk on fire")
	swapped := newMemory()
	for name, set := range k.sets {
		swapped.sets[name] = set
	}
	set := swapped.sets["cvv"]
	set.Name = "card"
	swapped.sets["card"] = set
	for name, c := range map[string]Config{
		"another key":       {Keysets: k, KEK: newKEK(t)},
		"swapped keysets":   {Keysets: swapped, KEK: kek},
		"a failing store":   {Keysets: &memory{fail: broken}, KEK: kek},
		"no key":            {Keysets: k},
		"no store":          {KEK: kek},
		"no cards to allow": {Keysets: k, KEK: kek, TestNumbersOnly: true},
	} {
		_, err := Open(t.Context(), c)
		if pasarela.CodeOf(err) != pasarela.CodeInternal || err == nil {
			t.Errorf("%s gave %v", name, err)
		}
		if name == "a failing store" && !errors.Is(err, broken) {
			t.Errorf("the cause is lost: %v", err)
		}
	}
}

// Rule: a sealing prints without card data.
func TestPrintingShowsNoCardData(t *testing.T) {
	t.Parallel()
	v, c := newVault(t), newCard(t, clearNumber)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		for _, out := range []string{fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c), fmt.Sprintf(verb, mustSeal(t, v, "token/1"))} {
			for _, secret := range []string{"51574925", clearCVV, "53 49 53 55 52", fmt.Sprintf("%x", "574925")} {
				if strings.Contains(out, secret) {
					t.Errorf("%s shows %q", verb, secret)
				}
			}
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	v, c := newVault(b), newCard(b, clearNumber)
	for b.Loop() {
		if _, err := v.Seal(shop, "token/0123456789abcdef", c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenCard(b *testing.B) {
	v := newVault(b)
	s := mustSeal(b, v, "token/0123456789abcdef")
	for b.Loop() {
		if _, err := v.OpenCard(shop, s.Card); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	v, body := newVault(b), bytes.Repeat([]byte("x"), 500)
	for b.Loop() {
		v.Digest("body", body)
	}
}

// A CVV that comes without its card is sealed for its record alone; of none nothing is sealed.
func TestACVVIsSealedByItself(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	s, err := v.SealCVV(shop, "payment/1", newCard(t, clearNumber).CVV)
	if err != nil || s.Record != "payment/1" || bytes.Contains(s.Bytes, []byte(clearCVV)) {
		t.Fatalf("sealed as %+v, %v", s, err)
	}
	if cvv, err := v.OpenCVV(shop, s); err != nil || pan.CVVDigits(cvv) != clearCVV {
		t.Errorf("it opens as %v, %v", cvv, err)
	}
	s.Record = "payment/2"
	if _, err := v.OpenCVV(shop, s); err == nil {
		t.Error("it opens for another payment")
	}
	if s, err := v.SealCVV(shop, "payment/1", CVV{}); err != nil || !s.Empty() {
		t.Errorf("of no CVV %d bytes were sealed, %v", len(s.Bytes), err)
	}
}

// A network token's cryptogram is sealed with the CVV, comes back with it, and stands nowhere in clear.
func TestCryptogramIsSealedWithTheCVV(t *testing.T) {
	t.Parallel()
	const cryptogram = "AgAAAAAAAIR8CQrXcIhbQAAAAAA="
	v := newVault(t)
	for _, withCVV := range []bool{true, false} {
		c := newCard(t, clearNumber)
		c.Cryptogram = cryptogram
		if !withCVV {
			c.CVV = CVV{}
		}
		s, err := v.Seal(shop, "token/1", c)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(s.CVV.Bytes, []byte(cryptogram[:8])) || bytes.Contains(s.Card.Bytes, []byte(cryptogram[:8])) {
			t.Error("the cryptogram stands in clear")
		}
		cvv, err := v.OpenCVV(shop, s.CVV)
		if err != nil || cvv.IsZero() == withCVV || (withCVV && pan.CVVDigits(cvv) != clearCVV) {
			t.Errorf("with a CVV %t: it opens as %v, %v", withCVV, cvv, err)
		}
		if got, err := v.OpenCryptogram(shop, s.CVV); err != nil || got != cryptogram {
			t.Errorf("with a CVV %t: the cryptogram opens as %q, %v", withCVV, got, err)
		}
	}
	if got, err := v.OpenCryptogram(shop, mustSeal(t, v, "token/2").CVV); err != nil || got != "" {
		t.Errorf("a card without a cryptogram has %q, %v", got, err)
	}
}
