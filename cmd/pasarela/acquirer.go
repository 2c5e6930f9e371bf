package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// dialTimeout bounds one attempt to reach the acquirer, TLS included.
const dialTimeout = 5 * time.Second

// dialer makes connections to the acquirer at address, over TLS where an authority was given.
func (n network) dialer(address string) (func(context.Context) (net.Conn, error), error) {
	plain := net.Dialer{Timeout: dialTimeout}
	if n.AcquirerCA == "" {
		if n.AcquirerCertificate != "" || n.AcquirerKey != "" {
			return nil, errors.New("--acquirer-certificate and --acquirer-key need --acquirer-ca, which turns TLS on")
		}
		return func(ctx context.Context) (net.Conn, error) { return plain.DialContext(ctx, "tcp", address) }, nil
	}
	config, err := n.tls()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return (&tls.Dialer{NetDialer: &plain, Config: config}).DialContext(ctx, "tcp", address)
	}, nil
}

func (n network) tls() (*tls.Config, error) {
	pem, err := os.ReadFile(n.AcquirerCA)
	if err != nil {
		return nil, fmt.Errorf("--acquirer-ca: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--acquirer-ca %s holds no PEM certificate", n.AcquirerCA)
	}
	if n.AcquirerCertificate == "" && n.AcquirerKey == "" {
		return config, nil
	}
	own, err := tls.LoadX509KeyPair(n.AcquirerCertificate, n.AcquirerKey)
	if err != nil {
		return nil, fmt.Errorf("--acquirer-certificate and --acquirer-key: %w", err)
	}
	config.Certificates = []tls.Certificate{own}
	return config, nil
}

// loopback says whether an address is on this machine.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
