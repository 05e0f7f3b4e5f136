// Package app is the licence service itself: tenants, licences, leases, and the
// rules that keep a floating licence from ever being oversold.
//
// Two stores share the work. Seats (Redis) holds what is live now and decides,
// atomically and by one clock, who has a seat. Ledger (PostgreSQL) holds what is
// true for good: every lease that was granted and is not over yet. The order of
// writes keeps this promise: a seat is pending until the ledger has recorded the new
// lease and, in the same transaction, ended every lease whose seat was reclaimed
// before it; only then is it handed to a client. So the ledger's open leases of a
// licence never outnumber its seats, and live seats can be rebuilt from it at any
// moment.
//
// The package imports no adapter; each lives in a folder named for its technology
// and meets the domain at the interfaces Ledger, Seats and Signer.
package app
