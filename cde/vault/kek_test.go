package vault

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pasarela"
	"pasarela/cde/vault/keyfile"
)

// transit answers as HashiCorp Vault's transit engine does, for one key made with derived=false: it ignores
// the context that comes with a request.
type transit struct{ aead cipher.AEAD }

const transitToken = "hvs.only-for-this-test"

func newTransit(t *testing.T) *httptest.Server {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key) //nolint:errcheck // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/transit/encrypt/pasarela", transit{gcm}.encrypt)
	mux.HandleFunc("PUT /v1/transit/decrypt/pasarela", transit{gcm}.decrypt)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Vault-Token") != transitToken {
			answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away is no matter of the test's
}

func (s transit) encrypt(w http.ResponseWriter, r *http.Request) {
	var in struct{ Plaintext []byte }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"errors": []string{err.Error()}})
		return
	}
	sealed := base64.StdEncoding.EncodeToString(s.aead.Seal(nil, nil, in.Plaintext, nil))
	answer(w, http.StatusOK, map[string]any{"data": map[string]any{"ciphertext": "vault:v1:" + sealed}})
}

func (s transit) decrypt(w http.ResponseWriter, r *http.Request) {
	var in struct{ Ciphertext string }
	err := json.NewDecoder(r.Body).Decode(&in)
	sealed, bad := base64.StdEncoding.DecodeString(strings.TrimPrefix(in.Ciphertext, "vault:v1:"))
	if err := errors.Join(err, bad); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"invalid ciphertext"}})
		return
	}
	plain, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"invalid ciphertext: no key"}})
		return
	}
	answer(w, http.StatusOK, map[string]any{"data": map[string]any{"plaintext": plain}})
}

func hashiCorp(t *testing.T, server *httptest.Server, token, key string) KEK {
	t.Helper()
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	kek, err := HashiCorpVaultKEK(server.URL, token, key, roots)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

// Rule: with HashiCorp Vault the keysets are bound to name and version too, although its transit engine
// ignores what is to be authenticated.
func TestHashiCorpVault(t *testing.T) {
	t.Parallel()
	server, k := newTransit(t), newMemory()
	kek := hashiCorp(t, server, transitToken, "pasarela")
	v := openVault(t, k, kek)
	s := mustSeal(t, v, "token/1")
	if err := v.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkOpens(t, openVault(t, k, hashiCorp(t, server, transitToken, "transit/keys/pasarela")), s)

	sealed, err := kek.EncryptWithContext(t.Context(), []byte("plain"), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := kek.DecryptWithContext(t.Context(), sealed, []byte("a")); err != nil || string(plain) != "plain" {
		t.Errorf("opens as %q %v", plain, err)
	}
	if _, err := kek.DecryptWithContext(t.Context(), sealed, []byte("b")); err == nil {
		t.Error("it opens for what it was not sealed for")
	}
}

// Rule: a key service that refuses, is unknown or does not answer stops the start, with a reason and without the token.
func TestHashiCorpVaultRefuses(t *testing.T) {
	t.Parallel()
	server := newTransit(t)
	distrusted, err := HashiCorpVaultKEK(server.URL, transitToken, "pasarela", nil)
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	silent := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(release) })
	for name, kek := range map[string]KEK{
		"wrong token":         hashiCorp(t, server, "hvs.another", "pasarela"),
		"unknown key":         hashiCorp(t, server, transitToken, "nothing"),
		"unknown certificate": distrusted,
	} {
		_, err := Open(t.Context(), Config{Keysets: newMemory(), KEK: kek})
		if err == nil || strings.Contains(err.Error(), "hvs.") {
			t.Errorf("%s gave %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Open(ctx, Config{Keysets: newMemory(), KEK: hashiCorp(t, silent, transitToken, "pasarela")})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a silent server gave %v", err)
	}
	for _, bad := range []struct{ address, token, key string }{{"", "t", "k"}, {"host/path", "t", "k"}, {"host", "", "k"}, {"host", "t", "a/b"}} {
		if _, err := HashiCorpVaultKEK(bad.address, bad.token, bad.key, nil); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// Rule: every way to name a key leads to that key. Sets environment variables, so it does not run in parallel.
func TestParseKEK(t *testing.T) {
	dir := t.TempDir()
	key := bytes.Repeat([]byte{7}, keyfile.Size)
	encoded := base64.StdEncoding.EncodeToString(key)
	path := filepath.Join(dir, "kek.key")
	if err := keyfile.Replace(path, []byte(encoded+"\n")); err != nil {
		t.Fatal(err)
	}
	server := newTransit(t)
	authority := filepath.Join(dir, "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authority, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASARELA_TEST_KEK", encoded)
	t.Setenv("PASARELA_TEST_SHORT", "c2hvcnQ=")
	t.Setenv("VAULT_TOKEN", transitToken)
	t.Setenv("VAULT_CACERT", authority)

	k := newMemory()
	file, err := ParseKEK("file:" + path)
	if err != nil {
		t.Fatal(err)
	}
	s := mustSeal(t, openVault(t, k, file), "token/1")
	env, err := ParseKEK("env:PASARELA_TEST_KEK")
	if err != nil {
		t.Fatal(err)
	}
	checkOpens(t, openVault(t, k, env), s)
	remote, err := ParseKEK("hcvault://" + strings.TrimPrefix(server.URL, "https://") + "/transit/keys/pasarela")
	if err != nil {
		t.Fatal(err)
	}
	openVault(t, newMemory(), remote)

	for _, bad := range []string{"", "file:", "env:", encoded, "file:" + filepath.Join(dir, "none"), "env:PASARELA_TEST_UNSET",
		"env:PASARELA_TEST_SHORT", "hcvault://", "hcvault://user:pass@host/transit/keys/k", "hcvault://host/nonsense", "vault:x"} {
		_, err := ParseKEK(bad)
		if err == nil || pasarela.CodeOf(err) != pasarela.CodeInternal || strings.Contains(err.Error(), encoded) {
			t.Errorf("%q gave %v", bad, err)
		}
	}
	t.Setenv("VAULT_CACERT", path)
	if _, err := ParseKEK("hcvault://host:8200/transit/keys/k"); err == nil {
		t.Error("a file without certificate was taken")
	}
	t.Setenv("VAULT_TOKEN", "")
	if _, err := ParseKEK("hcvault://host:8200/transit/keys/k"); err == nil {
		t.Error("no token was taken")
	}
}

// Rule: a key file is made on request only, and read by its owner only.
func TestFileKEK(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kek.key")
	if _, err := FileKEK(path, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := FileKEK(path, true); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := FileKEK(path, true); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("got %v", err)
	}
}
