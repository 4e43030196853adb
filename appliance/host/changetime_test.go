package host

import (
	"os"
	"syscall"
	"testing"
	"time"
)

func changeTime(t *testing.T, name string) time.Time {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal("no stat")
	}
	return time.Unix(stat.Ctim.Unix())
}
