package webhook_test

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
)

// resolverTo asks a name server that has one address for every name, or says that there is no such name where ip is nil.
func resolverTo(t *testing.T, ip net.IP) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		question := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(answerDNS(question[:n], ip), from) // a lost answer is asked for again
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// answerDNS answers a question of one name (RFC 1035).
func answerDNS(question []byte, ip net.IP) []byte {
	const typeA, noSuchName = 1, 3
	end := 12
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5 // the root, type, class
	answer := append([]byte{}, question[:end]...)
	binary.BigEndian.PutUint16(answer[2:], 0x8180)
	clear(answer[6:12]) // neither answers nor more
	switch {
	case ip == nil:
		answer[3] |= noSuchName
	case binary.BigEndian.Uint16(question[end-4:]) == typeA:
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, ip.To4()...)
	}
	return answer
}
