package journal

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPriorities: lines to the journal have a priority and no time; lines to anything else have a time and no priority.
func TestPriorities(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	var at syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &at); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", at.Dev, at.Ino))
	level := new(slog.LevelVar)
	logger := slog.New(Handler(f, level)).With("output", "x").WithGroup("g")
	logger.Debug("not wanted")
	logger.Info("a", "time", 1)
	logger.Warn("b\nc")
	logger.Error("d")
	level.Set(slog.LevelDebug)
	logger.Debug("e")
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	want := "<6>level=INFO msg=a output=x g.time=1\n<4>level=WARN msg=\"b\\nc\" output=x\n<3>level=ERROR msg=d output=x\n<7>level=DEBUG msg=e output=x\n"
	if string(text) != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	var b bytes.Buffer
	slog.New(Handler(&b, level)).Info("a")
	if !strings.HasPrefix(b.String(), "time=") {
		t.Errorf("not the journal: %s", b.String())
	}
	t.Setenv("JOURNAL_STREAM", "1:1")
	if isJournal(f) {
		t.Error("another file counts as the journal")
	}
}
