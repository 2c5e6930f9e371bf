// Package iso is the message layout that the gateway and the acquirer share: ISO 8583:1987 fields in
// ASCII behind a two-byte length, written and read with the moov codec.
//
//	layout.go      the fields, one literal
//	message.go     one message as a value, to bytes and back
//	additional.go  its field 48: 3-D Secure, series, installments
//	frame.go       the length header
//	redact.go      the same bytes without card data, for the traffic log
//
// The codec's own errors quote what they could not read, so none of them leaves this package: what is
// returned instead names the field at most.
package iso
