package acctest

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Limits are what a process may have at most.
type Limits struct {
	OpenFiles    uint64
	LockedMemory uint64 // bytes, without privileges
	MemoryMaps   uint64 // vm.max_map_count
}

// ElasticsearchLimits are what a node's bootstrap checks ask for: as many files whatever the settings are; as many memory maps unless
// node.store.allow_mmap is false; all of its memory locked where bootstrap.memory_lock is true.
var ElasticsearchLimits = Limits{OpenFiles: 65535, LockedMemory: math.MaxUint64, MemoryMaps: 262144}

// MachineLimits are what a process on a container host may have at most, whose kernel is this machine's: no unit can give its service more.
func MachineLimits() (Limits, error) {
	maps, err := kernelNumber("/proc/sys/vm/max_map_count")
	if err != nil {
		return Limits{}, fmt.Errorf("limits: %w", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var capabilities [2]unix.CapUserData
	if err := unix.Capget(&header, &capabilities[0]); err != nil {
		return Limits{}, fmt.Errorf("limits: capabilities: %w", err)
	}
	if capabilities[0].Effective&(1<<unix.CAP_SYS_RESOURCE) != 0 {
		files, err := kernelNumber("/proc/sys/fs/nr_open")
		return Limits{OpenFiles: files, LockedMemory: math.MaxUint64, MemoryMaps: maps}, err
	}
	var files, memory unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return Limits{}, fmt.Errorf("limits: open files: %w", err)
	}
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &memory); err != nil {
		return Limits{}, fmt.Errorf("limits: locked memory: %w", err)
	}
	return Limits{OpenFiles: files.Max, LockedMemory: memory.Max, MemoryMaps: maps}, nil
}

func kernelNumber(file string) (uint64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return n, nil
}
