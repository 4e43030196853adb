// Package spool keeps batches on disk until they are stored, so that they outlive an outage, a restart and a crash.
//
// Batches are appended to segment files, which are named by a counter, so that no clock matters. Whatever is appended is never changed: after
// a start a new segment is begun. A segment is removed when all its batches are settled.
//
// A segment NNNNNNNNNNNNNNNN.spool, numbers little-endian:
//
//	header   8 octets  "flowspl\n"
//	         4         format version, 1
//	         4         0
//	batches  4         "FSB\n"
//	         4         flags: 1 for a body that is compressed with gzip
//	         4         documents
//	         4         octets of the body before compression
//	         8         when the oldest document was received, Unix nanoseconds
//	         4         octets of the body
//	         4         CRC-32C of the 28 octets before it
//	         4         CRC-32C of the body
//	         …         body
//
// Beside it NNNNNNNNNNNNNNNN.done says which batches are settled: for each the place of its header (8 octets) and the CRC-32C of these 8. What is
// missing or damaged there is sent again, which Elasticsearch refuses by the ids of the documents.
//
// The directory is held open. Where the path leads to another one later, because the first was moved, removed or mounted over, new segments are
// made in that, and those of the first are read where they are.
package spool
