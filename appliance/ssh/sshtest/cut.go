package sshtest

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Moment is when a link is cut.
type Moment string

// A command whose link is cut Before it begins is not run; After it ended its answer is lost.
const (
	Before Moment = "before"
	After  Moment = "after"
)

// cut waits for one command, counted from when it was set.
type cut struct {
	mu      sync.Mutex
	in      int // so many commands from now; 0: no cut is wanted
	moment  Moment
	waiting map[int64]bool // commands that run and whose end is the moment
}

// CutAt cuts the link once, at the nth command from now. Zero takes it back.
func (s *Server) CutAt(n int, moment Moment) {
	s.cut.mu.Lock()
	defer s.cut.mu.Unlock()
	s.cut.in, s.cut.moment = n, moment
}

// CutPending tells whether the cut that CutAt asked for has not come yet.
func (s *Server) CutPending() bool {
	s.cut.mu.Lock()
	defer s.cut.mu.Unlock()
	return s.cut.in > 0
}

// begins counts a command; true means that the link is to be cut before it is run.
func (c *cut) begins(id int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in == 0 {
		return false
	}
	if c.in--; c.in > 0 {
		return false
	}
	if c.moment == Before {
		return true
	}
	if c.waiting == nil {
		c.waiting = map[int64]bool{}
	}
	c.waiting[id] = true
	return false
}

// ended is true when the link is to be cut before the answer goes out.
func (c *cut) ended(id int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer delete(c.waiting, id)
	return c.waiting[id]
}

// wrapped is a command in base64: in one word, or in several behind the shell's name.
var wrapped = regexp.MustCompile(`echo ([A-Za-z0-9+/=]+) \| base64 -d|base64 -d\)".*' sh ([A-Za-z0-9+/= ]+)$`)

// Commands are the command lines that came so far, unwrapped where base64 hid them from the login shell.
func (s *Server) Commands() []string {
	s.mu.Lock()
	commands := slices.Clone(s.commands)
	s.mu.Unlock()
	for i, command := range commands {
		if found := wrapped.FindStringSubmatch(command); found != nil {
			if script, err := base64.StdEncoding.DecodeString(found[1] + strings.ReplaceAll(found[2], " ", "")); err == nil {
				commands[i] = string(script)
			}
		}
	}
	return commands
}
