package vault

import (
	"context"
	"crypto/x509"
	"net/url"
	"os"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"pasarela"
	"pasarela/cde/vault/keyfile"
)

// KEK is the key-encryption key, which seals the keysets. It is used when a node starts and when keys are
// rotated, never for a card. Tink's AEADWithContext for a cloud's key service is one.
type KEK interface {
	EncryptWithContext(ctx context.Context, plain, associated []byte) ([]byte, error)
	DecryptWithContext(ctx context.Context, sealed, associated []byte) ([]byte, error)
}

// localKEK is a key in this process's memory.
type localKEK struct{ aead *subtle.AESGCM }

func (k localKEK) EncryptWithContext(_ context.Context, plain, associated []byte) ([]byte, error) {
	return k.aead.Encrypt(plain, associated)
}

func (k localKEK) DecryptWithContext(_ context.Context, sealed, associated []byte) ([]byte, error) {
	return k.aead.Decrypt(sealed, associated)
}

func newLocalKEK(key []byte) (KEK, error) {
	defer clear(key)
	a, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "key-encryption key is not one of %d bytes", keyfile.Size)
	}
	return localKEK{a}, nil
}

// FileKEK is the key in the file at path: 32 bytes in base64, readable by its owner only. With create it is
// made where there is none, as a laptop wants it; production gives false.
func FileKEK(path string, create bool) (KEK, error) {
	key, err := keyfile.Read(path, create)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "key-encryption key")
	}
	return newLocalKEK(key)
}

// EnvKEK is the key in an environment variable: 32 bytes in base64.
func EnvKEK(variable string) (KEK, error) {
	text, ok := os.LookupEnv(variable)
	if !ok {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "key-encryption key: environment variable %s is not set", variable)
	}
	key, err := keyfile.Decode(text)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "key-encryption key in environment variable "+variable)
	}
	return newLocalKEK(key)
}

// ParseKEK is the key that spec names:
//
//	file:PATH                          FileKEK, which must exist
//	env:NAME                           EnvKEK
//	hcvault://HOST:PORT/MOUNT/keys/KEY HashiCorpVaultKEK, with the token in VAULT_TOKEN and, where the
//	                                   server's certificate has an authority of its own, its file in VAULT_CACERT
func ParseKEK(spec string) (KEK, error) {
	scheme, rest, _ := strings.Cut(spec, ":")
	switch {
	case scheme == "file" && rest != "":
		return FileKEK(rest, false)
	case scheme == "env" && rest != "":
		return EnvKEK(rest)
	case scheme == "hcvault":
		return parseHashiCorp(spec)
	}
	// The text is not shown: somebody may have put the key itself there.
	return nil, pasarela.Errorf(pasarela.CodeInternal,
		"key-encryption key must be given as file:PATH, env:NAME or hcvault://HOST:PORT/MOUNT/keys/KEY")
}

func parseHashiCorp(spec string) (KEK, error) {
	u, err := url.Parse(spec)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || !strings.Contains(u.Path, "/keys/") {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "key-encryption key must be given as hcvault://HOST:PORT/MOUNT/keys/KEY")
	}
	token := os.Getenv("VAULT_TOKEN")
	if token == "" {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "key-encryption key: VAULT_TOKEN must hold a token of HashiCorp Vault")
	}
	var roots *x509.CertPool
	if path := os.Getenv("VAULT_CACERT"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, pasarela.Wrap(pasarela.CodeInternal, err, "VAULT_CACERT")
		}
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(text) {
			return nil, pasarela.Errorf(pasarela.CodeInternal, "VAULT_CACERT: %s holds no certificate in PEM", path)
		}
	}
	return HashiCorpVaultKEK(u.Host, token, strings.TrimPrefix(u.Path, "/"), roots)
}
