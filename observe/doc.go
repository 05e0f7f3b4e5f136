// Package observe declares layer 7 of the platform: where its logs are kept and
// who touched what, what raises an alarm, and whom the alarm reaches.
package observe
