// Package filestamp tells whether files were replaced or written since they were read.
package filestamp

import "os"

// Stamps are what a list of files looked like at one moment: which file it was, how large, when it was written.
type Stamps []os.FileInfo

// Of looks at files. One that is not there, or cannot be looked at, has a stamp as well, which differs from that of any file. Look before the
// content is read: a file that changes meanwhile is then found changed.
func Of(paths ...string) Stamps {
	stamps := make(Stamps, len(paths))
	for i, path := range paths {
		if info, err := os.Stat(path); err == nil {
			stamps[i] = info
		}
	}
	return stamps
}

// Equal tells whether no file changed between two looks at the same list.
func (s Stamps) Equal(o Stamps) bool {
	for i, a := range s {
		b := o[i]
		if a == nil || b == nil {
			if a != nil || b != nil {
				return false
			}
			continue
		}
		if !os.SameFile(a, b) || !a.ModTime().Equal(b.ModTime()) || a.Size() != b.Size() {
			return false
		}
	}
	return true
}
