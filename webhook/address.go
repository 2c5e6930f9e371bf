package webhook

import (
	"errors"
	"net/netip"
	"syscall"
)

// errForbidden refuses an address that a merchant has no business with.
var errForbidden = errors.New("address is not a public one")

// onlyPublic is a net.Dialer's Control. It is called with the very address that is about to be dialled, after the name
// was resolved, so a name that resolves to something else a moment later gains nothing.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !public(to.Addr()) {
		return errForbidden
	}
	return nil
}

// closed are ranges that are not on the internet, or on it for no merchant's server (IANA's special-purpose registries).
var closed = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carriers' NAT; clouds keep services there
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local; clouds' metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // relays of 6to4
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
	"2001::/23",       // protocol assignments: Teredo, benchmarks, ORCHID
	"2001:db8::/32",   // documentation
	"3fff::/20",       // documentation
)

var (
	globalUnicast = netip.MustParsePrefix("2000::/3") // all that IPv6 has given out; loopback, ULA and the like lie outside
	nat64         = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour     = netip.MustParsePrefix("2002::/16")
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// public says whether an address is one of the internet's. An IPv6 address that stands for an IPv4 one is judged by that.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if a.Zone() != "" {
		return false
	}
	if a.Is6() {
		bytes := a.As16()
		switch {
		case nat64.Contains(a):
			return public(netip.AddrFrom4([4]byte(bytes[12:16])))
		case sixToFour.Contains(a):
			return public(netip.AddrFrom4([4]byte(bytes[2:6])))
		case !globalUnicast.Contains(a):
			return false
		}
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}
