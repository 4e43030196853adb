// Package lockfile keeps a directory for one process, by a file in it.
package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
)

// Name is what the file is called.
const Name = "lock"

// Take locks an open file until it is closed, and writes this process's id into it. The error says who has it.
func Take(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return user(f)
		}
		return err
	}
	// Only a message tells it: a full disk is no reason not to use what is there.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return nil
}

// user says who has the lock. This process opens a directory once: that it has it still is a write that hangs.
func user(f io.ReaderAt) error {
	text, _ := io.ReadAll(io.NewSectionReader(f, 0, 32))
	switch pid, err := strconv.Atoi(string(bytes.TrimSpace(text))); {
	case err != nil:
		return errors.New("another process uses it")
	case pid == os.Getpid():
		return errors.New("an output of before has not let go of it, as its disk does not answer: it is free once that does, or restart the service")
	default:
		return fmt.Errorf("another process uses it: %d", pid)
	}
}
