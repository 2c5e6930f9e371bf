// Package acquirer sends card messages to an acquirer over ISO 8583 and says how each ended.
//
// A Client keeps one link up: it dials, signs on (0800), echoes while nothing else is heard, and dials
// again with growing pauses when the link breaks. Any number of messages are under way at once; an answer
// belongs to the message with its trace number, its retrieval reference number and its type, and to no
// other. What it can't tell, it does not guess:
//
//	approved, declined   the acquirer said so
//	not_sent             no byte of the message was handed to the connection
//	unknown              everything else: no answer in time, or the link broke
//
// An approval that comes after its message was given up is handed to who asked for it with OnLate.
//
// Card numbers are opened here, written into field 2 and forgotten; the traffic log gets them masked.
// The layout of the messages is in iso, the other bank in simulator.
package acquirer
