package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/threeds"
	issuers "pasarela/cde/threeds/simulator"
	"pasarela/dialect/kushki"
	"pasarela/pages"
)

// secure says where cardholders are authenticated, and how browsers reach this gateway.
type secure struct {
	PublicURL string `name:"public-url" help:"Address of this gateway as browsers and the directory server see it. Default: http or https, and the address it listens on." env:"PASARELA_PUBLIC_URL"`
	directory
}

// directory is the way to the directory server.
type directory struct {
	DirectoryServer            string `help:"3-D Secure directory server: the URL that messages are posted to. With the built-in simulator its own; otherwise no card takes part when left out." env:"PASARELA_DIRECTORY_SERVER"`
	DirectoryServerCA          string `name:"directory-server-ca" help:"PEM file with the authorities of the directory server's TLS certificate. Default: those of this machine." type:"path" env:"PASARELA_DIRECTORY_SERVER_CA"`
	DirectoryServerCertificate string `help:"PEM file with this node's certificate for the directory server." type:"path" env:"PASARELA_DIRECTORY_SERVER_CERTIFICATE"`
	DirectoryServerKey         string `help:"PEM file with its private key." type:"path" env:"PASARELA_DIRECTORY_SERVER_KEY"`
}

// address settles the public one.
func (s *secure) address(otherwise string) error {
	if s.PublicURL == "" {
		s.PublicURL = otherwise
	}
	s.PublicURL = strings.TrimSuffix(s.PublicURL, "/")
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return errors.New("--public-url: give scheme and host, such as https://pay.example.com")
	}
	return nil
}

// client is what messages go to the directory server with.
func (s directory) client() (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.DirectoryServerCA != "" {
		pem, err := os.ReadFile(s.DirectoryServerCA)
		if err != nil {
			return nil, fmt.Errorf("--directory-server-ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--directory-server-ca %s holds no PEM certificate", s.DirectoryServerCA)
		}
	}
	if s.DirectoryServerCertificate != "" || s.DirectoryServerKey != "" {
		own, err := tls.LoadX509KeyPair(s.DirectoryServerCertificate, s.DirectoryServerKey)
		if err != nil {
			return nil, fmt.Errorf("--directory-server-certificate and --directory-server-key: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() // it is one unless this program replaced it
	transport.TLSClientConfig = config
	return &http.Client{Transport: transport}, nil
}

// openThreeDS makes the 3-D Secure server: of the directory server that was named, or of the built-in one.
func (n *node) openThreeDS(ctx context.Context) error {
	builtIn := n.DirectoryServer == "" && n.simulator != nil
	if n.DirectoryServer == "" && !builtIn {
		return nil
	}
	conf := threeds.Config{DirectoryServerURL: n.DirectoryServer, PublicURL: n.publicURL, Clock: n.clock, Digest: n.vault.Digest,
		Log: n.log, Observe: n.metrics.ThreeDS, AllowLinks: n.sandbox,
		Results: func(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID, a pasarela.AuthenticationAnswer) error {
			return n.gateway.CompleteAuthentication(ctx, m, id, a)
		}}
	var err error
	if builtIn {
		own := &http.Client{Transport: loop{n.mux}}
		conf.DirectoryServerURL, conf.HTTP = n.PublicURL+issuers.DirectoryPath, own
		issuers.New(issuers.Config{Cards: n.cards, Clock: n.clock, Log: n.log, BaseURL: n.publicURL, HTTP: own}).Mount(n.mux)
	} else if conf.HTTP, err = n.client(); err != nil {
		return err
	}
	if n.threeDS, err = threeds.New(conf); err != nil {
		return fmt.Errorf("--directory-server: %w", err)
	}
	n.mux.Handle("POST "+threeds.ResultsPattern, n.threeDS.Handler())
	if builtIn {
		return n.threeDS.Refresh(ctx)
	}
	return nil
}

func (n *node) publicURL() string { return n.PublicURL }

// How often card ranges are asked for.
const (
	rangesEvery        = time.Hour
	rangesEverySandbox = 3 * time.Second // a simulator elsewhere may have been given cards
	rangesRetry        = 5 * time.Second
)

// keepRanges asks the directory server which cards take part, until ctx ends.
func (n *node) keepRanges(ctx context.Context) {
	if n.threeDS == nil {
		return
	}
	for {
		wait := rangesEvery
		if n.sandbox && n.DirectoryServer != "" {
			wait = rangesEverySandbox
		}
		if err := n.threeDS.Refresh(ctx); err != nil && ctx.Err() == nil {
			wait = rangesRetry
			n.log.LogAttrs(ctx, slog.LevelWarn, "card ranges of 3-D Secure are not refreshed", slog.Any("error", err), slog.String("meanwhile", n.unrefreshed()))
		}
		if pause(ctx, wait) != nil {
			return
		}
	}
}

// unrefreshed is what goes on while the directory server does not tell card ranges.
func (n *node) unrefreshed() string {
	if n.threeDS.RangesKnown() {
		return "those before stay in use"
	}
	return "there are none yet: every card counts as one that takes part, and this node is not ready"
}

// rangesKnown says whether the directory server, where one is configured, has told its card ranges.
func (n *node) rangesKnown() bool { return n.threeDS == nil || n.threeDS.RangesKnown() }

// refreshRanges follows a change of the sandbox's cards.
func (n *node) refreshRanges(ctx context.Context) error {
	if n.threeDS == nil {
		return nil
	}
	return n.threeDS.Refresh(ctx)
}

// kushkiTeller tells Kushki's merchants in the words that the dialect answers them with.
func (n *node) kushkiTeller() kushki.Teller {
	return kushki.Teller{CountryName: cards.CountryName, Digest: n.vault.Digest, Sandbox: n.sandbox}
}

// kushkiDialect leads cardholders to their issuers where there is a 3-D Secure server.
func (n *node) kushkiDialect() *kushki.Handler {
	options := kushki.Options{Log: n.log, Mask: n.vault.MaskBytes, Digest: n.vault.Digest, CountryName: cards.CountryName,
		DescribeBIN: n.cards.DescribeBIN, Profile: n.cards.Profile, PublicURL: n.publicURL, Sandbox: n.sandbox}
	if n.threeDS != nil {
		options.Challenges = n.threeDS
	}
	return kushki.New(n.gateway, options)
}

// loop carries messages between the gateway and the built-in directory server, which share a mux: no connection
// is needed, no place among the requests under way is taken, and it does not matter how the world reaches this node.
type loop struct{ mux http.Handler }

// RoundTrip implements http.RoundTripper.
func (l loop) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := &kept{header: http.Header{}}
	l.mux.ServeHTTP(out, in)
	if out.status == 0 {
		out.status = http.StatusOK
	}
	size := int64(out.body.Len())
	return &http.Response{StatusCode: out.status, Status: http.StatusText(out.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(&out.body), ContentLength: size, Request: r}, nil
}

// kept is an answer that stays in this process.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

func (k *kept) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(b)
}

// mountIssuers serves a directory server and its issuers for a gateway elsewhere.
func mountIssuers(mux *http.ServeMux, c issuers.Config) {
	issuers.New(c).Mount(mux)
	pages.Mount(mux)
}
