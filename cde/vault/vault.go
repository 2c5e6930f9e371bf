package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"sync"

	"github.com/tink-crypto/tink-go/v2/prf"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
)

// Kind says which of the AEAD keysets something is sealed under.
type Kind string

// The kinds. Each is the name of its keyset.
const (
	KindCard   Kind = "card"
	KindCVV    Kind = "cvv"
	KindSecret Kind = "secret"
)

// kinds lists them in the order in which their keysets are made and rotated.
var kinds = []Kind{KindCard, KindCVV, KindSecret}

// Config is what a vault is made of.
type Config struct {
	Keysets         Keysets
	KEK             KEK
	Cards           *cards.Table // test cards; nil outside a sandbox, where every number must pass the Luhn check
	TestNumbersOnly bool         // refuse every number that Cards does not know
}

// Vault seals and opens. It is safe for concurrent use.
type Vault struct {
	keysets  Keysets
	kek      KEK
	cards    *cards.Table
	testOnly bool

	rings map[Kind]*ring // fixed after Open
	prf   *prf.Set

	changing sync.Mutex           // one load, rotation or retirement at a time
	unknown  map[sealedUnder]bool // keys that were looked for in vain since the last Refresh; guarded by changing
}

// Sealing is a card as the store may keep it.
type Sealing struct {
	Card        pasarela.Sealed
	CVV         pasarela.Sealed // empty where there was none
	Facts       pasarela.CardFacts
	Fingerprint string // 32 hexadecimal characters, keyed; equal for the same number at the same merchant
	Profile     pasarela.CardProfile
}

// Open loads the keysets, making those that do not exist yet. Several nodes may do so at once.
func Open(ctx context.Context, c Config) (*Vault, error) {
	switch {
	case c.Keysets == nil || c.KEK == nil:
		return nil, pasarela.Errorf(pasarela.CodeInternal, "vault needs a place for its keysets and a key-encryption key")
	case c.TestNumbersOnly && c.Cards == nil:
		return nil, pasarela.Errorf(pasarela.CodeInternal, "vault is to take test cards only, and was given none")
	}
	v := &Vault{keysets: c.Keysets, kek: c.KEK, cards: c.Cards, testOnly: c.TestNumbersOnly,
		rings: make(map[Kind]*ring, len(kinds)), unknown: make(map[sealedUnder]bool)}
	for _, k := range kinds {
		r := &ring{kind: k}
		keys, err := v.loadOrCreate(ctx, k)
		if err != nil {
			return nil, err
		}
		r.keys.Store(keys)
		v.rings[k] = r
	}
	set, err := v.openPRF(ctx)
	if err != nil {
		return nil, err
	}
	v.prf = set
	return v, nil
}

// Seal checks the card and seals it for one record of one merchant. Its errors are those of Check. Numbers in
// the holder's name are masked. The card stays the caller's, to be wiped.
func (v *Vault) Seal(m pasarela.MerchantID, record string, c Card) (Sealing, error) {
	profile, err := v.Check(c)
	if err != nil {
		return Sealing{}, err
	}
	var buffer [32]byte
	digits := pan.AppendDigits(buffer[:0], c.Number)
	defer clear(buffer[:])
	s := Sealing{Profile: profile, Facts: v.facts(c, profile), Fingerprint: v.fingerprint(m, digits)}
	if s.Card, err = v.seal(KindCard, m, record, digits); err != nil {
		return Sealing{}, err
	}
	if c.CVV.IsZero() && c.Cryptogram == "" {
		return s, nil
	}
	once := make([]byte, 0, 4+1+len(c.Cryptogram)) // never grows: nothing of it is left behind
	defer func() { clear(once[:cap(once)]) }()
	if !c.CVV.IsZero() {
		once = pan.AppendCVVDigits(once, c.CVV)
	}
	if c.Cryptogram != "" {
		once = append(append(once, cryptogramMark), c.Cryptogram...)
	}
	s.CVV, err = v.seal(KindCVV, m, record, once)
	return s, err
}

// SealCVV seals a CVV that came without its card, for one record of one merchant: a stored card's, given anew. Of an empty
// one nothing is sealed. The error has CodeInternal.
func (v *Vault) SealCVV(m pasarela.MerchantID, record string, c CVV) (pasarela.Sealed, error) {
	if c.IsZero() {
		return pasarela.Sealed{}, nil
	}
	var buffer [4]byte
	defer clear(buffer[:])
	return v.seal(KindCVV, m, record, pan.AppendCVVDigits(buffer[:0], c))
}

// cryptogramMark stands between a CVV and a cryptogram that are sealed together; neither can hold it.
const cryptogramMark = ';'

func (v *Vault) facts(c Card, p pasarela.CardProfile) pasarela.CardFacts {
	return pasarela.CardFacts{BIN: pan.BIN(c.Number), LastFour: pan.LastFour(c.Number), Length: c.Number.Length(),
		Brand: p.Brand, Type: p.Type, Bank: p.Bank, Country: p.Country, Holder: v.Mask(c.Holder), Expiry: c.Expiry}
}

// OpenCard is the number that was sealed for the merchant and s.Record. The error has CodeInternal.
func (v *Vault) OpenCard(m pasarela.MerchantID, s pasarela.Sealed) (Number, error) {
	plain, err := v.open(KindCard, m, s)
	if err != nil {
		return Number{}, err
	}
	defer clear(plain)
	return pan.ParseBytes(plain)
}

// OpenCVV is the CVV that was sealed for the merchant and s.Record, the zero value where only a cryptogram was.
// The error has CodeInternal.
func (v *Vault) OpenCVV(m pasarela.MerchantID, s pasarela.Sealed) (CVV, error) {
	plain, err := v.open(KindCVV, m, s)
	if err != nil {
		return CVV{}, err
	}
	defer clear(plain)
	cvv, _, _ := bytes.Cut(plain, []byte{cryptogramMark})
	if len(cvv) == 0 {
		return CVV{}, nil
	}
	return pan.ParseCVVBytes(cvv)
}

// OpenCryptogram is the cryptogram that was sealed with a CVV, or in its place; "" where there was none. The
// error has CodeInternal.
func (v *Vault) OpenCryptogram(m pasarela.MerchantID, s pasarela.Sealed) (string, error) {
	plain, err := v.open(KindCVV, m, s)
	if err != nil {
		return "", err
	}
	defer clear(plain)
	_, cryptogram, _ := bytes.Cut(plain, []byte{cryptogramMark})
	return string(cryptogram), nil
}

// SealSecret seals a merchant's credentials. The error has CodeInternal.
func (v *Vault) SealSecret(m pasarela.MerchantID, record string, plain []byte) (pasarela.Sealed, error) {
	return v.seal(KindSecret, m, record, plain)
}

// OpenSecret is what was sealed for the merchant and s.Record. The error has CodeInternal.
func (v *Vault) OpenSecret(m pasarela.MerchantID, s pasarela.Sealed) ([]byte, error) {
	return v.open(KindSecret, m, s)
}

// Digest is 32 bytes that only this installation can compute from purpose and data, and always the same ones:
// for finding a credential or comparing a body without keeping it. Where data is cut counts.
func (v *Vault) Digest(purpose string, data ...[]byte) []byte {
	input := append(make([]byte, 0, digestInputSize(purpose, data)), prfDigest)
	input = appendPart(input, purpose)
	for _, part := range data {
		input = appendPart(input, part)
	}
	defer clear(input)
	return v.keyed(input)
}

// The first byte of what is put through the PRF keeps its uses apart.
const (
	prfFingerprint = 1
	prfDigest      = 2

	digestBytes      = 32
	fingerprintBytes = 16
)

func digestInputSize(purpose string, data [][]byte) int {
	size := 1 + lengthBytes + len(purpose)
	for _, part := range data {
		size += lengthBytes + len(part)
	}
	return size
}

func (v *Vault) fingerprint(m pasarela.MerchantID, digits []byte) string {
	var buffer [96]byte
	input := appendPart(appendPart(append(buffer[:0], prfFingerprint), m), digits)
	defer clear(input)
	return hex.EncodeToString(v.keyed(input)[:fingerprintBytes])
}

func (v *Vault) keyed(input []byte) []byte {
	out, err := v.prf.ComputePrimaryPRF(input, digestBytes)
	if err != nil { // HMAC-SHA256 has 32 bytes to give, whatever the input
		panic("vault: the keyed digest failed")
	}
	return out
}

const lengthBytes = 4

// appendPart appends the part behind its length, so that no two lists of parts read the same.
func appendPart[T ~string | ~[]byte](dst []byte, part T) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(part))), part...)
}

// binding is what is authenticated with the ciphertext.
func binding(dst []byte, k Kind, m pasarela.MerchantID, record string) []byte {
	return appendPart(appendPart(appendPart(dst, k), m), record)
}
