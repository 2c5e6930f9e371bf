package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Asked to end, dev answers what is under way, takes nothing more, and exits 0.
func TestPaymentUnderWayOutlivesTheRequestToEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		mx := w.start().shop("MX")
		token := mx.token(approves, "10")
		w.fault(map[string]any{"kind": "late_response", "on": "authorization", "delay_ms": 700})
		answered := make(chan answer, 1)
		go func() {
			a, err := mx.try("POST", charges, map[string]any{"token": token, "amount": mx.amount("10")}, "Private-Merchant-Id", mx.private)
			if err != nil {
				t.Error(err)
			}
			answered <- a
		}()
		until(t, "the charge is with the issuer", func() bool { return len(w.issuer()) == 1 })
		w.stop()
		if a := <-answered; a.status != http.StatusCreated {
			t.Errorf("the charge under way was answered %d %s", a.status, a.body)
		}
		w.balanced()
	})
}

// Asked to end before it could start, because its acquirer is not there, dev ends all the same.
func TestRequestToEndBreaksOffAStart(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "dev", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--acquirer", deaf(t))
	p.says(p.err, "acquirer can't be reached")
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(); code != 0 {
		t.Errorf("exit status %d\n%s", code, p.err)
	}
}

// serve with a certificate speaks TLS, and nothing else on that port.
func TestServeTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	certificate, key, pool := newCertificate(t)
	address := deaf(t)
	place := append([]string{"--key-encryption-key", "env:PASARELA_TEST_KEK"}, w.place...)
	w.process = launch(t, []string{kek}, append([]string{"serve", "--listen", address, "--acquirer", newBank(t).address,
		"--tls-certificate", certificate, "--tls-key", key}, place...)...)
	w.base, w.client.Transport = "https://"+address, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	w.awaitHealth()
	a, err := request(t.Context(), http.DefaultClient, "GET", "http://"+address+"/healthz", nil)
	if err == nil && (a.status == http.StatusOK || !strings.Contains(string(a.body), "HTTPS")) {
		t.Errorf("without TLS it is answered %d %s", a.status, a.body)
	}
	w.stop()
}

// newCertificate makes a certificate for 127.0.0.1, signed by itself.
func newCertificate(t *testing.T) (certificate, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key, pool = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(public)
	for path, content := range map[string][]byte{certificate: public, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key, pool
}
