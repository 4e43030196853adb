package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/lockfile"
)

// place is a directory that the spool's path led to at some time. While segments in it are not settled it is held open: when it is moved away,
// they are sent all the same.
type place struct {
	files
	root     *os.Root
	info     fs.FileInfo // which directory it is
	lock     *os.File
	segments int
}

// openPlace takes the directory that the path leads to now, for this process alone.
func (s *Spool) openPlace() (_ *place, err error) {
	root, err := os.OpenRoot(s.options.Directory)
	if err != nil {
		return nil, err
	}
	p := &place{files: disk{root}, root: root}
	if s.options.over != nil {
		p.files = s.options.over(p.files)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.info, err = root.Stat("."); err != nil {
		return nil, err
	}
	if p.lock, err = root.OpenFile(lockfile.Name, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("unable to lock the spool: %w", err)
	}
	if err := lockfile.Take(p.lock); err != nil {
		return nil, fmt.Errorf("unable to lock the spool in %s: %w", s.options.Directory, err)
	}
	return p, nil
}

func (p *place) is(info fs.FileInfo) bool { return os.SameFile(p.info, info) }

// close lets go of the directory.
func (p *place) close() error {
	var errs []error
	if p.lock != nil {
		errs = append(errs, p.lock.Close())
	}
	return errors.Join(append(errs, p.root.Close())...)
}

// here is the place that the path leads to now. Where it leads to another directory than before, because that was moved, removed or mounted
// over, what is in the new one is found as at a start, and what waits in the one of before is sent from there.
func (s *Spool) here() (*place, error) {
	info, err := os.Stat(s.options.Directory)
	if err != nil {
		return nil, err
	}
	if s.place.is(info) {
		return s.place, nil
	}
	before := s.place
	if i := slices.IndexFunc(s.places, func(p *place) bool { return p.is(info) }); i >= 0 {
		s.place = s.places[i]
	} else {
		next, err := s.openPlace()
		if err != nil {
			return nil, err
		}
		s.sealLast() // before others follow it
		s.place, s.places = next, append(slices.Clone(s.places), next)
		if err := s.load(next); err != nil {
			s.place = before
			s.leave(next)
			return nil, fmt.Errorf("unable to read the spool in %s: %w", s.options.Directory, err)
		}
	}
	s.logger.Warn("the spool's directory is another one than before; what waits in that is sent from there", "directory", s.options.Directory)
	s.leave(before)
	return s.place, nil
}

// leave lets go of a place that is of no use any more.
func (s *Spool) leave(p *place) {
	if p == s.place || p.segments > 0 {
		return
	}
	s.places = slices.DeleteFunc(slices.Clone(s.places), func(o *place) bool { return o == p })
	if err := p.close(); err != nil {
		s.say("leave", "unable to close a directory of the spool", err)
	}
}

// Uses tells whether a path leads to this spool, perhaps because its directory was moved there. It does not wait for the spool's disk.
func (s *Spool) Uses(directory string) bool {
	now := s.published()
	if directory == now.directory {
		return true
	}
	info, err := os.Stat(directory)
	return err == nil && slices.ContainsFunc(now.places, func(p *place) bool { return p.is(info) })
}
