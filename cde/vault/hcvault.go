package vault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"strings"

	"github.com/tink-crypto/tink-go-hcvault/v2/integration/hcvault"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/tink"

	"pasarela"
)

// HashiCorpVaultKEK is a key of HashiCorp Vault's transit engine, which never leaves it. address is HOST:PORT,
// with https:// before it or not; there is no plain HTTP. keyName is KEY under the mount "transit", or
// MOUNT/keys/KEY. The key must be of a type that encrypts, made with derived=false. roots are the authorities
// that may have signed the server's certificate; nil stands for the system's.
//
// Nothing is asked of the server yet: that happens when a keyset is sealed or opened.
func HashiCorpVaultKEK(address, token, keyName string, roots *x509.CertPool) (KEK, error) {
	host := strings.TrimSuffix(strings.TrimPrefix(address, "https://"), "/")
	if host == "" || strings.Contains(host, "/") {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "address of HashiCorp Vault must be HOST:PORT, spoken to by HTTPS")
	}
	if token == "" {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "HashiCorp Vault needs a token")
	}
	if !strings.Contains(keyName, "/") {
		keyName = "transit/keys/" + keyName
	}
	uri := "hcvault://" + host + "/"
	// Its successor wants a client of HashiCorp's own library, which this part of the tree does not import.
	// What is wrong with it, that Vault ignores associated data, the envelope below makes up for.
	client, err := hcvault.NewClient(uri, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, token)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "HashiCorp Vault")
	}
	remote, err := client.GetAEAD(uri + keyName)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "HashiCorp Vault: key must be named MOUNT/keys/KEY")
	}
	return remoteKEK{aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), remote)}, nil
}

// remoteKEK seals with a key of its own each time, bound to the associated data, and has that key sealed by
// the server.
type remoteKEK struct{ envelope tink.AEAD }

func (k remoteKEK) EncryptWithContext(ctx context.Context, plain, associated []byte) ([]byte, error) {
	return within(ctx, func() ([]byte, error) { return k.envelope.Encrypt(plain, associated) })
}

func (k remoteKEK) DecryptWithContext(ctx context.Context, sealed, associated []byte) ([]byte, error) {
	return within(ctx, func() ([]byte, error) { return k.envelope.Decrypt(sealed, associated) })
}

// within gives up waiting when ctx ends; the client takes no context, so its call ends by itself later.
func within(ctx context.Context, call func() ([]byte, error)) ([]byte, error) {
	type result struct {
		out []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := call()
		done <- result{out, err}
	}()
	select {
	case r := <-done:
		return r.out, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
