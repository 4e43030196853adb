// Package conformance holds the collector's decoder against other people's: whatever real exporters sent, and what is written by hand
// after the documents, is decoded by the collector and by tshark and compared record by record; nfdump is asked too where it reads the
// format. There is nothing but tests in it. Where they differ, differences_test.go and docs/conformance.md say who is right.
package conformance
