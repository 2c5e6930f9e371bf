package pasarela

import (
	"reflect"
	"testing"
	"time"
)

// A customer changes until it is deleted; deleted once more it stays as it was.
func TestCustomerEndsOnce(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	made := Customer{Merchant: "m", ID: "c", CustomerDetails: CustomerDetails{Reference: "u-42"}, CreatedAt: noon, UpdatedAt: noon}
	changed, err := made.Changed(CustomerDetails{Name: "Ana"}, noon.Add(time.Hour))
	want := Customer{Merchant: "m", ID: "c", CustomerDetails: CustomerDetails{Name: "Ana"}, CreatedAt: noon, UpdatedAt: noon.Add(time.Hour)}
	if err != nil || !reflect.DeepEqual(changed, want) {
		t.Fatalf("changed: %+v, %v", changed, err)
	}
	deleted := changed.Deleted(noon.Add(2 * time.Hour))
	want.UpdatedAt, want.DeletedAt = noon.Add(2*time.Hour), noon.Add(2*time.Hour)
	if !reflect.DeepEqual(deleted, want) || changed.IsDeleted() || !deleted.IsDeleted() {
		t.Fatalf("deleted: %+v", deleted)
	}
	if again := deleted.Deleted(noon.Add(3 * time.Hour)); !reflect.DeepEqual(again, deleted) {
		t.Errorf("deleted twice: %+v", again)
	}
	if after, err := deleted.Changed(CustomerDetails{}, noon.Add(3*time.Hour)); CodeOf(err) != CodeNotFound || !reflect.DeepEqual(after, deleted) {
		t.Errorf("changed after its end: %+v, %v", after, err)
	}
}
