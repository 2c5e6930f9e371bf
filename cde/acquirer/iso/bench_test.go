package iso_test

import (
	"testing"

	"pasarela/cde/acquirer/iso"
)

func BenchmarkPack(b *testing.B) {
	m := full(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Pack(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnpack(b *testing.B) {
	packed := pack(b, iso.Message{MTI: "0210", ProcessingCode: "000000", Amount: "000000001000", SentAt: "0504120000",
		STAN: "000001", Acquirer: "000001", RRN: "612412345678", ApprovalCode: "123456", ResponseCode: "00",
		Terminal: "PASARELA", Merchant: "000123456789012", Currency: "840",
		Reference: "0f5e2a52-6a1c-4b7e-9a54-6d1b7f0c9a11"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := iso.Unpack(packed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	packed := pack(b, full(b))
	var scratch []byte
	b.ReportAllocs()
	for b.Loop() {
		scratch = iso.AppendRedacted(scratch, packed)
	}
}
