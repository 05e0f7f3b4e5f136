// Package app is the licence service itself: tenants, licences, leases, and the
// rules that keep a floating licence from ever being oversold.
//
// Two stores share the work. Seats (Redis) holds the live leases and decides, atomically
// and by one clock, who has a seat. Ledger (PostgreSQL) is the source of truth: it holds
// every lease that was granted and has not ended yet. The order of writes keeps this
// promise: a seat is pending until the ledger has recorded the new lease and, in the same
// transaction, ended every lease whose seat was reclaimed before it; only then a client
// gets it. So the ledger's open leases of a licence never outnumber its seats, and live
// seats can be rebuilt from it at any moment.
//
// The package imports no adapter. Each adapter is in a folder named after its technology
// and implements one of the interfaces Ledger, Seats and Signer.
package app
