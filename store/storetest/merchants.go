package storetest

import (
	"errors"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var merchantScenarios = []scenario{
	on("a merchant is found by its id and by each credential", merchantFound),
	on("a merchant's id and credentials serve once, and a refusal leaves nothing", merchantDuplicate),
	on("merchants are listed in order, page by page", merchantsListed),
	on("merchants with something due are listed in order, page by page", merchantsDueListed),
	on("merchants with something to charge are listed in order, page by page", merchantsBillingListed),
	on("a merchant is replaced unless it changed meanwhile", merchantReplaced),
	on("of many who replace a merchant one wins", merchantReplacedOnce),
	on("a keyset goes from version to version", keysetVersions),
	on("a reset deletes what merchants have and leaves keysets and the BIN file", resetDeletes),
}

func insertMerchants(t *testing.T, s store.Store, records ...store.MerchantRecord) {
	t.Helper()
	for _, r := range records {
		if err := s.InsertMerchant(t.Context(), r); err != nil {
			t.Fatalf("insert merchant: %v", err)
		}
	}
}

func merchantFound(t *testing.T, s store.Store) {
	full, bare := sampleMerchant(shop), store.MerchantRecord{ID: other}
	insertMerchants(t, s, full, bare)
	same(t, "merchant", found(s.Merchant(t.Context(), shop))(t), full)
	same(t, "bare merchant", found(s.Merchant(t.Context(), other))(t), bare)
	for _, c := range full.Credentials {
		same(t, "merchant by "+c.Kind, found(s.MerchantByCredential(t.Context(), c))(t), full)
	}
	absent(s.MerchantByCredential(t.Context(), store.Credential{Kind: "kushki_public", Hash: full.Credentials[0].Hash}))(t, "hash of another kind")
	absent(s.Merchant(t.Context(), "never"))(t, "unknown merchant")
}

func merchantDuplicate(t *testing.T, s store.Store) {
	insertMerchants(t, s, sampleMerchant(shop))
	taken := sampleMerchant(other)
	taken.Credentials[1] = sampleMerchant(shop).Credentials[1]
	for _, r := range []store.MerchantRecord{{ID: shop}, taken} {
		if err := s.InsertMerchant(t.Context(), r); !errors.Is(err, store.ErrDuplicate) {
			t.Errorf("insert merchant: got %v, want ErrDuplicate", err)
		}
	}
	absent(s.Merchant(t.Context(), other))(t, "refused merchant")
	absent(s.MerchantByCredential(t.Context(), taken.Credentials[0]))(t, "refused merchant's credential")
}

func merchantsDueListed(t *testing.T, s store.Store) {
	for i, id := range []pasarela.MerchantID{"1", "2", "3", "4"} {
		insertMerchants(t, s, store.MerchantRecord{ID: id})
		p := samplePayment("p")
		p.Merchant, p.DueAt = id, later(time.Duration(i-2)*time.Minute)
		insertPayments(t, s, p)
	}
	insertMerchants(t, s, store.MerchantRecord{ID: "5"})
	waiting, active := sampleSubscription("s"), chargeable("s", noon)
	waiting.Merchant, waiting.DueAt, active.Merchant = "4", noon, "5"
	insertSubscriptions(t, s, waiting, active)
	same(t, "due", found(s.MerchantsDue(t.Context(), noon, "", 10))(t), []pasarela.MerchantID{"1", "2", "3", "4"})
	same(t, "due, limited", found(s.MerchantsDue(t.Context(), noon, "", 2))(t), []pasarela.MerchantID{"1", "2"})
	same(t, "due, next page", found(s.MerchantsDue(t.Context(), noon, "2", 2))(t), []pasarela.MerchantID{"3", "4"})
	same(t, "due earlier", found(s.MerchantsDue(t.Context(), later(-90*time.Second), "", 10))(t), []pasarela.MerchantID{"1"})
	same(t, "due never", len(found(s.MerchantsDue(t.Context(), later(-time.Hour), "", 10))(t)), 0)
}

func merchantsBillingListed(t *testing.T, s store.Store) {
	for i, id := range []pasarela.MerchantID{"1", "2", "3", "4"} {
		insertMerchants(t, s, store.MerchantRecord{ID: id})
		sub := chargeable("s", later(time.Duration(i-2)*time.Minute))
		sub.Merchant = id
		insertSubscriptions(t, s, sub)
	}
	insertMerchants(t, s, store.MerchantRecord{ID: "5"})
	waiting := sampleSubscription("s")
	waiting.Merchant, waiting.DueAt = "5", noon
	insertSubscriptions(t, s, waiting)
	same(t, "billing", found(s.MerchantsBilling(t.Context(), noon, "", 10))(t), []pasarela.MerchantID{"1", "2", "3"})
	same(t, "billing, limited", found(s.MerchantsBilling(t.Context(), noon, "", 2))(t), []pasarela.MerchantID{"1", "2"})
	same(t, "billing, next page", found(s.MerchantsBilling(t.Context(), noon, "2", 2))(t), []pasarela.MerchantID{"3"})
	same(t, "billing never", len(found(s.MerchantsBilling(t.Context(), later(-time.Hour), "", 10))(t)), 0)
}

func merchantReplaced(t *testing.T, s store.Store) {
	old, bare := sampleMerchant(shop), store.MerchantRecord{ID: other}
	insertMerchants(t, s, old, bare)
	renewed := store.MerchantRecord{
		Profile: []byte(`{"name":"New"}`), Secrets: pasarela.Sealed{Record: "merchant/new", Bytes: []byte{4, 0}},
		// none of these is stored:
		ID: "never", Credentials: []store.Credential{{Kind: "monri", Hash: "new"}}, CreatedAt: later(time.Hour),
	}
	otherProfile, otherSecrets := old, old
	otherProfile.Profile, otherSecrets.Secrets.Bytes = []byte(`{}`), nil
	for i, stale := range []store.MerchantRecord{otherProfile, otherSecrets, {ID: shop}, {ID: "never"}} {
		if err := s.PutMerchant(t.Context(), stale, renewed); !errors.Is(err, store.ErrDuplicate) {
			t.Errorf("stale merchant %d: got %v, want ErrDuplicate", i, err)
		}
	}
	same(t, "merchant", found(s.Merchant(t.Context(), shop))(t), old)
	for _, r := range []store.MerchantRecord{old, bare} {
		if err := s.PutMerchant(t.Context(), r, renewed); err != nil {
			t.Errorf("put merchant: %v", err)
		}
		r.Profile, r.Secrets = renewed.Profile, renewed.Secrets
		same(t, "merchant", found(s.Merchant(t.Context(), r.ID))(t), r)
	}
	same(t, "merchant by credential", found(s.MerchantByCredential(t.Context(), old.Credentials[0]))(t).Profile, renewed.Profile)
}

func merchantReplacedOnce(t *testing.T, s store.Store) {
	insertMerchants(t, s, sampleMerchant(shop))
	oneWins(t, together(func(i int) error {
		renewed := sampleMerchant(shop)
		renewed.Profile = []byte{byte(i + 1)}
		return s.PutMerchant(t.Context(), sampleMerchant(shop), renewed)
	}), pasarela.CodeWrongState)
}

func merchantsListed(t *testing.T, s store.Store) {
	for _, id := range []pasarela.MerchantID{"3", "1", "2"} {
		insertMerchants(t, s, store.MerchantRecord{ID: id})
	}
	same(t, "first page", found(s.MerchantIDs(t.Context(), "", 2))(t), []pasarela.MerchantID{"1", "2"})
	same(t, "second page", found(s.MerchantIDs(t.Context(), "2", 2))(t), []pasarela.MerchantID{"3"})
	same(t, "third page", len(found(s.MerchantIDs(t.Context(), "3", 2))(t)), 0)
}

func keysetVersions(t *testing.T, s store.Store) {
	absent(s.Keyset(t.Context(), "cards"))(t, "unknown keyset")
	for _, step := range []struct {
		version int
		want    error
	}{{2, store.ErrDuplicate}, {1, nil}, {1, store.ErrDuplicate}, {3, store.ErrDuplicate}, {2, nil}, {2, store.ErrDuplicate}, {3, nil}} {
		err := s.PutKeyset(t.Context(), pasarela.Keyset{Name: "cards", Version: step.version, Sealed: []byte{byte(step.version)}})
		if !errors.Is(err, step.want) {
			t.Fatalf("version %d: got %v, want %v", step.version, err, step.want)
		}
	}
	same(t, "keyset", found(s.Keyset(t.Context(), "cards"))(t), pasarela.Keyset{Name: "cards", Version: 3, Sealed: []byte{3}})
	oneWins(t, together(func(i int) error {
		return s.PutKeyset(t.Context(), pasarela.Keyset{Name: "cards", Version: 4, Sealed: []byte{byte(i + 1)}})
	}), pasarela.CodeWrongState)
}

func resetDeletes(t *testing.T, s store.Store) {
	resetter, ok := s.(store.Resetter)
	if !ok {
		t.Fatal("the store is no store.Resetter")
	}
	insertMerchants(t, s, sampleMerchant(shop))
	if err := s.PutKeyset(t.Context(), pasarela.Keyset{Name: "cards", Version: 1, Sealed: []byte{1}}); err != nil {
		t.Fatal(err)
	}
	putBINFile(t, s, sampleBINFile(1))
	for range 2 { // what was deleted can be there again
		update(t, s, shop, writeAll)
		same(t, "place", found(s.Events(t.Context(), shop, 0, 10))(t)[0].Place, int64(1))
		post(t, s, samplePosting("2", "p", 1))
		rollUp(t, s, "1")
		if err := resetter.Reset(t.Context()); err != nil {
			t.Fatalf("reset: %v", err)
		}
		nothingWritten(t, s)
		absent(s.Merchant(t.Context(), shop))(t, "merchant")
		absent(s.MerchantByCredential(t.Context(), sampleMerchant(shop).Credentials[0]))(t, "credential")
	}
	same(t, "keyset", found(s.Keyset(t.Context(), "cards"))(t).Version, 1)
	same(t, "BIN file", found(s.BINFile(t.Context()))(t), sampleBINFile(1))
}
