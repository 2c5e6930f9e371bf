package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"syscall"
)

// trouble says in a few words why an attempt got no answer. The words are all ours: what a receiver sent, or a secret in
// its address, does not get into a log by way of an error.
func trouble(err error) string {
	switch {
	case errors.Is(err, errForbidden):
		return "the host's address is not public: loopback, private and reserved ones are not dialled"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "the attempt was broken off: the gateway stopped"
	case isA[*net.DNSError](err):
		return "the host's name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the host cannot be reached"
	case isA[*tls.CertificateVerificationError](err), isA[x509.HostnameError](err), isA[x509.UnknownAuthorityError](err):
		return "TLS: the certificate is not valid for this host"
	case isA[tls.RecordHeaderError](err), isA[tls.AlertError](err):
		return "TLS: no handshake; is this an http:// address?"
	default:
		return "the connection broke, or what came over it was no HTTP answer"
	}
}

func isA[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}
