package elasticsearch

import "fmt"

const (
	mib = 1 << 20
	gib = 1 << 30
	// MaxHeap is where Elastic's guide ends: above about 31 GiB, on some systems somewhat earlier, the JVM no longer fits references to objects into 32
	// bits, and a larger heap holds less than this one.
	MaxHeap = 30 * gib
	// heapStep keeps the result when the kernel of an update takes some kilobytes more: another heap is a restart.
	heapStep = 256 * mib
)

// Heap is the heap of an Elasticsearch on a host with this much memory, in octets: half of it, or a third beside other programs, and never more than
// MaxHeap. The rest is for the file cache, which Elasticsearch is as fast as. In the JVM's notation: 12g or 3584m.
func Heap(memory int64, shared bool) (string, error) {
	share, name := int64(2), "half"
	if shared {
		share, name = 3, "third"
	}
	switch {
	case memory <= 0:
		return "", fmt.Errorf("%d octets of memory are none", memory)
	case memory < 64*mib:
		return "", fmt.Errorf("%d octets are no machine's memory: it is given in octets, 16 GiB are 17179869184", memory)
	case memory/share < heapStep:
		return "", fmt.Errorf("a %s of %d MiB of memory is too little for Elasticsearch, which needs a heap of at least %d MiB", name, memory/mib, heapStep/mib)
	}
	heap := min(memory/share/heapStep*heapStep, MaxHeap)
	if heap%gib == 0 {
		return fmt.Sprintf("%dg", heap/gib), nil
	}
	return fmt.Sprintf("%dm", heap/mib), nil
}
