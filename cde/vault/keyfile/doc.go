// Package keyfile keeps one 256-bit key in a file that only its owner can read.
//
// The file holds the key in base64 (RFC 4648, standard alphabet, padded) and a line feed. A file that group or
// others can read is refused: whoever could read it may have done so.
package keyfile
