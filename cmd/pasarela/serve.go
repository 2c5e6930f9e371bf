package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"

	"pasarela/telemetry"
)

type serveCommand struct {
	keyed
	process
	network
	TLSCertificate string `help:"PEM file with the certificate chain." type:"path" env:"PASARELA_TLS_CERTIFICATE"`
	TLSKey         string `help:"PEM file with its private key." type:"path" env:"PASARELA_TLS_KEY"`
	BehindProxy    bool   `help:"TLS ends at a proxy in front; without it a certificate is required." env:"PASARELA_BEHIND_PROXY"`
	Sandbox        bool   `help:"Serve the sandbox controls, and take known test cards only." env:"PASARELA_SANDBOX"`
}

// Run implements the command.
func (c *serveCommand) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	log, queue := telemetry.NewLog(os.Stderr, c.LogLevel)
	defer queue.Close()
	l, err := listen("--listen", c.Listen)
	if err != nil {
		return err
	}
	c.Listen = l.Addr().String()
	scheme := "http://"
	if c.TLSCertificate != "" {
		scheme = "https://"
	}
	if err := c.address(scheme + c.Listen); err != nil {
		return errors.Join(err, l.Close())
	}
	n, err := openNode(ctx, settings{keyed: c.keyed, process: c.process, network: c.network,
		sandbox: c.Sandbox, testCards: c.Sandbox}, log)
	if err != nil {
		return errors.Join(unlessAsked(ctx, err), l.Close())
	}
	return n.run(ctx, l, c.TLSCertificate, c.TLSKey)
}

// check refuses what would put cards at risk.
func (c *serveCommand) check() error {
	switch {
	case c.Acquirer == "":
		return errors.New("--acquirer is required: HOST:PORT of an ISO 8583 endpoint")
	case c.AcquirerCA == "" && !c.AcquirerPlaintext && !loopback(c.Acquirer):
		return errors.New("the way to the acquirer carries card numbers: give --acquirer-ca for TLS, or say --acquirer-plaintext where a tunnel protects it")
	case c.KEK == "":
		return errors.New("--key-encryption-key is required: file:PATH, env:NAME or hcvault://HOST/KEY")
	case c.DirectoryServer != "" && c.PublicURL == "":
		return errors.New("--directory-server needs --public-url: issuers send cardholders back there")
	case c.DirectoryServer != "" && !overTLS(c.DirectoryServer) && !c.Sandbox:
		return errors.New("messages to the directory server carry card numbers: give --directory-server an https:// address")
	case (c.TLSCertificate == "") != (c.TLSKey == ""):
		return errors.New("--tls-certificate and --tls-key belong together")
	case c.TLSCertificate == "" && !c.BehindProxy:
		return errors.New("give --tls-certificate and --tls-key, or say --behind-proxy where a proxy ends TLS")
	case c.BehindProxy && c.PublicURL == "":
		return errors.New("--behind-proxy needs --public-url: the proxy's address, such as https://pay.example.com, to which buyers' browsers are led")
	case c.PublicURL == "" && anywhere(c.Listen):
		return fmt.Errorf("--listen %s is no address that buyers' browsers can be led to: give --public-url, such as https://pay.example.com", c.Listen)
	}
	return c.place.check()
}

// anywhere says whether an address to listen on stands for all of this machine's.
func anywhere(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	ip, notIP := netip.ParseAddr(host)
	return err == nil && (host == "" || notIP == nil && ip.Unmap().IsUnspecified())
}

// overTLS says whether an address is an https one, in whatever case it was written.
func overTLS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https"
}

// unlessAsked passes over an error of a start that was broken off because the process was asked to end.
func unlessAsked(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
