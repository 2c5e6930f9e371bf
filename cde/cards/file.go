package cards

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"pasarela"
	"pasarela/cde/internal/pan"
	"pasarela/cde/vault/keyfile"
)

const (
	cardsFile = "test-cards.sealed"
	keyFile   = "test-cards.key"
	sealedFor = "pasarela test cards, format 1" // authenticated with the content
)

// storedCard is a TestCard inside the sealed file.
type storedCard struct {
	Number    string
	Profile   pasarela.CardProfile
	Behaviour Behaviour
}

// sealedFile keeps cards in a file that holds no number in clear.
type sealedFile struct {
	path string
	aead cipher.AEAD
}

// Open is a table of the published cards and of those that were added before in the folder dir, which is made
// where it is missing. A file that cannot be opened with the key beside it is an error, not an empty table.
func Open(dir string) (*Table, error) {
	key, err := keyfile.Read(filepath.Join(dir, keyFile), true)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "test cards")
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "test cards")
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "test cards")
	}
	t := Reference()
	t.file = &sealedFile{path: filepath.Join(dir, cardsFile), aead: aead}
	stored, err := t.file.read()
	if err != nil {
		return nil, err
	}
	all := maps.Clone(*t.cards.Load())
	for _, s := range stored {
		n, err := pan.Parse(s.Number)
		if err != nil {
			return nil, pasarela.Wrap(pasarela.CodeInternal, err, "file of test cards")
		}
		all[s.Number] = TestCard{Number: n, Profile: s.Profile, Behaviour: s.Behaviour}
	}
	t.cards.Store(&all)
	return t, nil
}

// read lists what was added. A file that was never written holds nothing.
func (f *sealedFile) read() ([]storedCard, error) {
	sealed, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "read test cards")
	}
	plain, err := f.aead.Open(nil, nil, sealed, []byte(sealedFor))
	if err != nil {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "test cards in %s do not open with the key beside them: bring back the file %s they were written with, or delete both", f.path, keyFile)
	}
	defer clear(plain)
	var list []storedCard
	if json.Unmarshal(plain, &list) != nil { // its text could quote the content
		return nil, pasarela.Errorf(pasarela.CodeInternal, "test cards in %s were written by another version: delete the file", f.path)
	}
	return list, nil
}

func (f *sealedFile) write(list []storedCard) error {
	plain, err := json.Marshal(list)
	if err != nil {
		return pasarela.Errorf(pasarela.CodeInternal, "test cards cannot be encoded")
	}
	defer clear(plain)
	if err := keyfile.Replace(f.path, f.aead.Seal(nil, nil, plain, []byte(sealedFor))); err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "write test cards")
	}
	return nil
}
