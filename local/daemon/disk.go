package daemon

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// minFree is how much of the folder's disk has to be free, in bytes: with less, PostgreSQL
// soon refuses to write.
const minFree = 64 << 20

// fullDisk says that the disk of the folder is full, or nothing.
func fullDisk(dir string) string {
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return "" // a folder that is gone ends the daemon
	}
	free := disk.Bavail * uint64(disk.Bsize)
	if free >= minFree {
		return ""
	}
	return fmt.Sprintf("the disk of %s is full (%d MiB are free): stores cannot write, and logs and alerts are lost, until there is room", dir, free>>20)
}
