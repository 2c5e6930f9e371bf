package acquirer_test

import (
	"testing"
	"time"

	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/iso"
)

// The recorder keeps the newest messages under the numbers they were given.
func TestRecorderKeepsTheNewest(t *testing.T) {
	t.Parallel()
	r := acquirer.NewRecorder(3)
	record := func(stan string) {
		packed, err := (&iso.Message{MTI: "0800", STAN: stan}).Pack()
		if err != nil {
			t.Fatal(err)
		}
		r.Record(acquirer.Traffic{At: time.Unix(0, 0), Direction: acquirer.Sent, Frame: packed})
	}
	want := func(after, first int64, stans ...string) {
		t.Helper()
		got := r.Messages(after)
		if len(got) != len(stans) {
			t.Fatalf("after %d there are %+v, want %v", after, got, stans)
		}
		for i, m := range got {
			if m.Seq != first+int64(i) || m.Fields["11"] != stans[i] {
				t.Fatalf("message %d is %+v, want %s", i, m, stans[i])
			}
		}
	}
	want(0, 0)
	for _, stan := range []string{"000001", "000002", "000003", "000004"} {
		record(stan)
	}
	want(0, 2, "000002", "000003", "000004")
	want(3, 4, "000004")
	want(4, 0)
	want(99, 0)
	r.Forget()
	want(0, 0)
	record("000005")
	want(0, 5, "000005")
}
