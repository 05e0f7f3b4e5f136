// Package lifetime tests the whole lifetime of the stacks dev and prod as they are committed,
// with Pulumi's real engine and state and with the cloud in memory: a destroy and another first
// update, creations that break in the middle, and the program of an older version before
// today's. It has tests only.
package lifetime
