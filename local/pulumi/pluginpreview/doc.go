// Package pluginpreview previews a stack with the real provider plugins and
// without Google: they check and plan as they will in production, with false
// credentials, and their calls to Google end at a proxy on this machine. The proxy
// answers the few look-ups of resources that have to exist, and refuses and lists
// all other calls.
//
// Where the machine allows it, all of this runs in a network namespace that has
// nothing but loopback (network_namespaces(7)), so that a call that bypasses the
// proxy reaches nothing.
package pluginpreview
