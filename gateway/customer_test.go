package gateway_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"

	"pasarela"
	"pasarela/gateway"
)

// remembered is an answer to a customer that is remembered under a key.
func remembered(name, digest string) gateway.CustomerAnswer {
	return gateway.CustomerAnswer{
		Remember: gateway.Remember{Name: name, Digest: []byte(digest), OnlySuccess: true},
		Answer: func(c pasarela.Customer) gateway.Answer {
			return gateway.Answer{Status: 200, Body: []byte(string(c.ID) + " " + c.Name), Success: true}
		},
	}
}

// Of many calls that create a customer under one key one does, and the others are answered what it was answered.
func TestACustomerIsCreatedOnceUnderAKey(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		var mu sync.Mutex
		answers := map[string]int{}
		var calls sync.WaitGroup
		for range 8 {
			calls.Go(func() {
				c, err := r.gateway.CreateCustomer(t.Context(), r.merchant, pasarela.CustomerDetails{Reference: "u-42", Name: "Ana"}, remembered("k", "body"))
				answer := string(c.ID) + " " + c.Name
				if before, ok := errors.AsType[*gateway.Replay](err); ok {
					answer = string(before.Body)
				} else if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				answers[answer]++
			})
		}
		calls.Wait()
		if len(answers) != 1 {
			t.Errorf("answered %v", answers)
		}
		if all, err := r.gateway.Customers(t.Context(), r.merchant.ID, 0, 10); err != nil || len(all) != 1 {
			t.Errorf("%d customers and error %v", len(all), err)
		}
	})
}

// A change is made once under its key, also when others change the customer in between, and what was refused left nothing:
// neither a change nor a key.
func TestACustomerIsChangedOnceUnderAKey(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		create := func(reference string) pasarela.Customer {
			c, err := r.gateway.CreateCustomer(t.Context(), r.merchant, pasarela.CustomerDetails{Reference: reference}, gateway.CustomerAnswer{})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		change := func(id pasarela.CustomerID, reference string, a gateway.CustomerAnswer) error {
			_, err := r.gateway.ChangeCustomer(t.Context(), r.merchant, id, func(d pasarela.CustomerDetails) pasarela.CustomerDetails {
				d.Reference, d.Name = reference, d.Name+"x"
				return d
			}, a)
			return err
		}
		first, second := create("1"), create("2")
		for _, c := range []struct {
			id        pasarela.CustomerID
			reference string
			answer    gateway.CustomerAnswer
			want      pasarela.Code // "" for a change, "replay" for a repetition
		}{
			{first.ID, "1", remembered("k", "body"), ""},
			{first.ID, "1", gateway.CustomerAnswer{}, ""},
			{first.ID, "1", remembered("k", "body"), "replay"},
			{first.ID, "1", remembered("k", "another body"), pasarela.CodeKeyReused},
			{second.ID, "1", remembered("l", "body"), pasarela.CodeWrongState},
			{second.ID, "2", remembered("l", "another body"), ""},
			{"nobody", "3", gateway.CustomerAnswer{}, pasarela.CodeNotFound},
		} {
			err := change(c.id, c.reference, c.answer)
			var got pasarela.Code
			if _, replayed := errors.AsType[*gateway.Replay](err); replayed {
				got = "replay"
			} else if err != nil {
				got = pasarela.CodeOf(err)
			}
			if got != c.want || (got == pasarela.CodeWrongState) != errors.Is(err, gateway.ErrCustomerExists) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		for _, c := range []struct {
			id   pasarela.CustomerID
			name string
		}{{first.ID, "xx"}, {second.ID, "x"}} {
			if got, err := r.gateway.Customer(t.Context(), r.merchant.ID, c.id); err != nil || got.Name != c.name {
				t.Errorf("got %+v and error %v, want the name %s", got, err, c.name)
			}
		}
	})
}

// Changes of one customer that come together are all made, one after the other, and a deletion ends them.
func TestChangesOfACustomerComeOneAfterTheOther(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		c, err := r.gateway.CreateCustomer(t.Context(), r.merchant, pasarela.CustomerDetails{Name: "0"}, gateway.CustomerAnswer{})
		if err != nil {
			t.Fatal(err)
		}
		count := func(d pasarela.CustomerDetails) pasarela.CustomerDetails {
			n, err := strconv.Atoi(d.Name)
			if err != nil {
				t.Error(err)
			}
			d.Name = strconv.Itoa(n + 1)
			return d
		}
		var calls sync.WaitGroup
		for range 8 {
			calls.Go(func() {
				if _, err := r.gateway.ChangeCustomer(t.Context(), r.merchant, c.ID, count, gateway.CustomerAnswer{}); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		gone, err := r.gateway.DeleteCustomer(t.Context(), r.merchant, c.ID)
		if err != nil || gone.Name != "8" || !gone.IsDeleted() {
			t.Errorf("got %+v and error %v, want eight changes and a deletion", gone, err)
		}
		if _, err := r.gateway.ChangeCustomer(t.Context(), r.merchant, c.ID, count, gateway.CustomerAnswer{}); pasarela.CodeOf(err) != pasarela.CodeNotFound {
			t.Errorf("changed after its end: %v", err)
		}
	})
}
