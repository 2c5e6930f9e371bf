package kushki

import (
	"strings"

	"github.com/go-json-experiment/json"

	"pasarela"
)

// secure3D is what the merchant's own 3-D Secure server said. Some examples nest it in itself.
type secure3D struct {
	Cavv                 string    `json:"cavv"`
	Xid                  string    `json:"xid"`
	Eci                  string    `json:"eci"`
	SpecificationVersion string    `json:"specificationVersion"`
	Ucaf                 string    `json:"ucaf"`
	CollectionIndicator  string    `json:"collectionIndicator"`
	DirectoryServer      string    `json:"directoryServerTransactionID"`
	AcceptRisk           flag      `json:"acceptRisk"`
	Nested               *secure3D `json:"threeDomainSecure"`
}

// inner is what is meant where it is nested.
func (s *secure3D) inner() *secure3D {
	for s.Nested != nil {
		s = s.Nested
	}
	return s
}

// The lengths of the members, in characters.
const (
	cavvLength   = 28
	maxUcaf      = 32
	maxDirectory = 36
	versionChars = 5
)

// check looks at the form of what was sent. Whether a brand's members are there is for the scheme's rules to say.
func (s secure3D) check() error {
	in := s.inner()
	if err := oneOf("eci", in.Eci, "00", "01", "02", "05", "06", "07"); err != nil { // also where it is missing
		return err
	}
	if err := oneOf("collectionIndicator", in.CollectionIndicator, "", "0", "1", "2"); err != nil {
		return err
	}
	switch v := in.SpecificationVersion; {
	case !base64Of(in.Cavv, cavvLength), !base64Of(in.Xid, cavvLength), !base64Of(in.Ucaf, maxUcaf):
		return pasarela.Errorf(pasarela.CodeInvalid, "threeDomainSecure: send cavv and xid as 28 characters of base64, ucaf as at most 32")
	case v != "" && (len(v) != versionChars || (v[0] != '1' && v[0] != '2') || v[1] != '.' || v[3] != '.' || !digits(v[2:3]+v[4:])):
		return pasarela.Errorf(pasarela.CodeInvalid, "specificationVersion: send 2.0.0 or 2.2.0")
	case in.DirectoryServer != "" && !reference(in.DirectoryServer, 1, maxDirectory):
		return pasarela.Errorf(pasarela.CodeInvalid, "directoryServerTransactionID: send a UUID")
	}
	return nil
}

// base64Of says whether s is empty, or at most so many characters of either alphabet of base64.
func base64Of(s string, most int) bool {
	return len(s) <= most && strings.Trim(strings.TrimRight(s, "="), base64Alphabet) == ""
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"

// own is the result as the schemes' rules judge it; nil where none was sent. ECI says which scheme it is of. What
// could be used again does not stay with the order.
func (o *order) own() (*pasarela.OwnSecure, error) {
	if o.Secure.IsZero() {
		return nil, nil
	}
	var s secure3D
	if err := json.Unmarshal(o.Secure.raw, &s); err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "threeDomainSecure cannot be read again")
	}
	in := s.inner()
	kept, err := json.Marshal(struct {
		ECI     string `json:"eci"`
		Version string `json:"specificationVersion,omitzero"`
		Server  string `json:"directoryServerTransactionID,omitzero"`
		Risk    bool   `json:"acceptRisk,omitzero"`
	}{in.Eci, in.SpecificationVersion, in.DirectoryServer, bool(in.AcceptRisk)})
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "threeDomainSecure cannot be encoded")
	}
	o.Secure.raw = kept
	proof := pasarela.OwnSecure{AcceptRisk: bool(in.AcceptRisk), Secure: pasarela.Secure{ECI: in.Eci, Value: in.Cavv, XID: in.Xid,
		Version: in.SpecificationVersion, DirectoryServerID: in.DirectoryServer, CollectionIndicator: in.CollectionIndicator}}
	if in.Eci < "05" { // Mastercard's
		proof.Value = in.Ucaf
	}
	return &proof, nil
}

// networkToken is what a wallet says of a scheme's token.
type networkToken struct {
	DeviceType          string `json:"deviceType"`
	RequestorID         string `json:"requestorId"`
	Source              string `json:"source"`
	WalletID            string `json:"walletId"`
	AuthenticationLevel string `json:"authenticationLevel"`
	MVV                 string `json:"mvv"`
}

func (n networkToken) check() error {
	if n.MVV != "" && (len(n.MVV) != 10 || !digits(n.MVV)) {
		return pasarela.Errorf(pasarela.CodeInvalid, "mvv: send ten digits")
	}
	return nil
}
