package server

import "runtime/debug"

// The limits of MEMORY_LIMIT, in bytes. Their limit is the stack's setting api.memory.
const (
	minMemory = 128 << 20
	maxMemory = 256 << 30
)

const (
	// connectionMemory is more than one connection takes, in bytes: 18 KiB when it is
	// idle, 92 KiB when it has a body of 64 KiB under way (BenchmarkCrowd).
	connectionMemory = 96 << 10
	// ownMemory is what the program takes without connections, and room for garbage.
	ownMemory = 64 << 20
	// maxConnections is far more than one process has work for.
	maxConnections = 16_384
)

// connections is how many connections fit into the pod's memory.
func (s Serve) connections() int {
	return min(int((s.MemoryLimit-ownMemory)/connectionMemory), maxConnections)
}

// collect makes Go collect garbage as often as it takes near five eighths of the pod's
// memory: the kernel ends a pod that takes all of it.
func (s Serve) collect() { debug.SetMemoryLimit(s.MemoryLimit / 8 * 5) }
