package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// authority signs certificates for one test.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	own  *x509.Certificate
	pool *x509.CertPool
	file string // PEM
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{t: t, pool: x509.NewCertPool()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.key = a.newKey()
	der := a.sign(template, template, a.key)
	a.own = must(x509.ParseCertificate(der))(t)
	a.pool.AddCert(a.own)
	a.file = a.write("CERTIFICATE", der)
	return a
}

// must returns what a call returned that has to succeed.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (a authority) newKey() *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(a.t)
}

func (a authority) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	return must(x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key))(a.t)
}

func (a authority) write(kind string, der []byte) (path string) {
	path = filepath.Join(a.t.TempDir(), "test.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// issue makes a certificate for a host, or for a client, and returns the files of it and of its key.
func (a authority) issue(host string) (certificate, key string) {
	a.t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	private := a.newKey()
	der := must(x509.MarshalPKCS8PrivateKey(private))(a.t)
	return a.write("CERTIFICATE", a.sign(template, a.own, private)), a.write("PRIVATE KEY", der)
}

// tlsBank is a bank that is reached over TLS only. refused gets what ended a handshake.
type tlsBank struct {
	bank
	refused chan error
}

// overTLS puts TLS before a bank: with a certificate for host, and asking for one of a client where clients
// is set.
func (b bank) overTLS(a authority, host string, clients *x509.CertPool) tlsBank {
	a.t.Helper()
	own := must(tls.LoadX509KeyPair(a.issue(host)))(a.t)
	config := &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: clients}
	if clients != nil {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	l := must(tls.Listen("tcp", "127.0.0.1:0", config))(a.t)
	a.t.Cleanup(func() { _ = l.Close() }) // nothing is left to lose
	t := tlsBank{bank: b, refused: make(chan error, 1)}
	t.address = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			go t.serve(c.(*tls.Conn), b.address)
		}
	}()
	return t
}

func (b tlsBank) serve(near *tls.Conn, address string) {
	defer near.Close()
	if err := near.Handshake(); err != nil {
		select {
		case b.refused <- err:
		default: // one is enough
		}
		return
	}
	far, err := net.Dial("tcp", address)
	if err != nil {
		return // the gateway sees its connection closed
	}
	go func() {
		defer near.Close()
		_, _ = io.Copy(near, far) // either end may go away
	}()
	defer far.Close()
	_, _ = io.Copy(far, near)
}

// With --acquirer-ca the way to the acquirer is TLS, with a certificate of this node's own where one is asked
// for, and payments take it.
func TestAcquirerOverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	certificate, key := a.issue("gateway")
	for name, c := range map[string]struct {
		clients *x509.CertPool
		flags   []string
	}{
		"one side proves itself":      {nil, []string{"--acquirer-ca", a.file}},
		"both sides prove themselves": {a.pool, []string{"--acquirer-ca", a.file, "--acquirer-certificate", certificate, "--acquirer-key", key}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			plain := newBank(t)
			w.serve(plain.overTLS(a, "127.0.0.1", c.clients).bank, c.flags...)
			token := w.call("POST", "/card/v1/tokens", shop{world: w, currency: "PEN"}.tokenBody(unlisted, "5"), "Public-Merchant-Id", "ana-public")
			sale := shop{w, "PEN", "ana-public", "ana-private"}.spend(charges, token.must(t, http.StatusCreated).member("token"), "5").must(t, http.StatusCreated)
			books := plain.call(t, "GET", "issuer/authorizations", nil).must(t, http.StatusOK)
			if !strings.Contains(string(books.body), sale.member("transactionReference")) {
				t.Errorf("the issuer's books are %s", books.body)
			}
		})
	}
}

// An acquirer that does not prove who it is gets no message, and neither does a gateway that does not: the
// handshake ends, and the gateway says that it cannot take payments.
func TestAcquirerThatDoesNotProveItself(t *testing.T) {
	t.Parallel()
	right, wrong := newAuthority(t), newAuthority(t)
	certificate, key := wrong.issue("gateway")
	for name, c := range map[string]struct {
		host    string
		clients *x509.CertPool
		flags   []string
	}{
		"another authority":             {"127.0.0.1", nil, []string{"--acquirer-ca", wrong.file}},
		"another name":                  {"acquirer.example", nil, []string{"--acquirer-ca", right.file}},
		"gateway without a certificate": {"127.0.0.1", right.pool, []string{"--acquirer-ca", right.file}},
		"gateway with a certificate of another authority": {"127.0.0.1", right.pool,
			[]string{"--acquirer-ca", right.file, "--acquirer-certificate", certificate, "--acquirer-key", key}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			bank := newBank(t).overTLS(right, c.host, c.clients)
			place := append(w.place, "--key-encryption-key", "env:PASARELA_TEST_KEK")
			run(t, append([]string{"migrate"}, place...)...).must(t)
			w.base = "http://" + deaf(t)
			p := launch(t, []string{kek}, slices.Concat([]string{"serve", "--behind-proxy", "--public-url", "https://pay.example", "--listen", strings.TrimPrefix(w.base, "http://"),
				"--acquirer", bank.address}, c.flags, place)...)
			select {
			case <-bank.refused:
			case <-p.ended:
				t.Fatalf("serve ended with %d:\n%s", p.code, p.err)
			case <-time.After(patience):
				t.Fatal("no handshake was refused")
			}
			until(t, "readyz 503", func() bool {
				a, err := w.try("GET", "/readyz", nil)
				return err == nil && a.status == http.StatusServiceUnavailable
			})
		})
	}
}

// serve does not send card numbers in clear to another machine unless it is told that something else protects
// them. What it says next shows that it got past this question.
func TestServeRefusesAnAcquirerInClear(t *testing.T) {
	t.Parallel()
	const refused, taken = "give --acquirer-ca for TLS", "--key-encryption-key is required"
	for _, c := range []struct {
		address, flag, says string
	}{
		{"10.0.0.5:8583", "", refused},
		{"acquirer.example:8583", "", refused},
		{"[2001:db8::5]:8583", "", refused},
		{"127.0.0.1.example.com:8583", "", refused},
		{"0.0.0.0:8583", "", refused},
		{":8583", "", refused},
		{"127.0.0.1", "", refused}, // no port: cannot be read
		{"10.0.0.5:8583", "--acquirer-plaintext", taken},
		{"10.0.0.5:8583", "--acquirer-ca=authority.pem", taken},
		{"127.0.0.1:8583", "", taken},
		{"127.8.8.8:8583", "", taken},
		{"[::1]:8583", "", taken},
		{"localhost:8583", "", taken},
	} {
		t.Run(c.address+c.flag, func(t *testing.T) {
			t.Parallel()
			args := []string{"serve", "--behind-proxy", "--public-url", "https://pay.example", "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "data"), "--acquirer", c.address}
			if c.flag != "" {
				args = append(args, c.flag)
			}
			if r := run(t, args...); r.code != 2 || !strings.Contains(r.err, c.says) {
				t.Errorf("exit status %d, said %q, want %q", r.code, r.err, c.says)
			}
		})
	}
}

// What is said of TLS has to make sense before anything is sent.
func TestTLSToTheAcquirerIsCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	certificate, key := a.issue("gateway")
	empty := a.write("NOTHING", nil)
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"certificate without authority": {[]string{"--acquirer-certificate", certificate, "--acquirer-key", key}, "need --acquirer-ca"},
		"no such file":                  {[]string{"--acquirer-ca", empty + ".not"}, "--acquirer-ca"},
		"no certificate in the file":    {[]string{"--acquirer-ca", empty}, "holds no PEM certificate"},
		"certificate without key":       {[]string{"--acquirer-ca", a.file, "--acquirer-certificate", certificate}, "--acquirer-key"},
		"key of another certificate":    {[]string{"--acquirer-ca", a.file, "--acquirer-certificate", a.file, "--acquirer-key", key}, "--acquirer-key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			r := run(t, slices.Concat([]string{"dev", "--listen", "127.0.0.1:0", "--data", data, "--acquirer", deaf(t)}, c.flags)...)
			if r.code != 2 || !strings.Contains(r.err, c.says) {
				t.Errorf("exit status %d, said %q, want %q", r.code, r.err, c.says)
			}
		})
	}
}
