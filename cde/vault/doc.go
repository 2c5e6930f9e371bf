// Package vault takes cards in and gives out ciphertext that the rest of the gateway may hold, and back.
//
// It stores nothing but its keysets, through an interface. There are four, each sealed by the key-encryption
// key (KEK):
//
//	card     AES-256-GCM   card numbers
//	cvv      AES-256-GCM   CVVs, which live as long as their token at most
//	secret   AES-256-GCM   merchants' credentials
//	prf      HMAC-SHA256   fingerprints of cards and digests by which things are looked up
//
// What is sealed is bound to its purpose, its merchant and the record it was made for: moved to another row, it
// does not open. Errors say what to do and hold neither card data nor texts of the cryptographic library.
//
// # Rotation
//
// Rotate adds a new primary key to the three AEAD keysets. Old ciphertext goes on opening. To be rid of the old
// keys, in this order:
//
//  1. Rotate, on one node.
//  2. Wait until every node has called Refresh, which each does at a fixed interval. Until then a node that
//     has not seen the new key goes on sealing under the old one.
//  3. Note Generation. Walk over everything sealed and replace what is Stale by its Rewrap.
//  4. Retire the generation noted. It refuses when keys changed during the walk.
//
// Each step can be repeated, and be taken up by another process after a crash. A node that meets ciphertext of
// a key it has not seen reads the keysets again by itself.
//
// The prf keyset is never rotated: fingerprints and digests lie in the store as keys of look-ups, and another
// key would find none of them.
package vault
