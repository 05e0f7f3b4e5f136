// Package pluginpreview previews a stack with the real provider plugins and
// without Google: they check and plan as they will in production, with
// credentials that are none, and whatever they ask of Google ends at a door on
// this machine. The door answers the few look-ups of what has to exist, and
// refuses and remembers everything else.
//
// Where the machine allows it, all of this runs in a network namespace that has
// nothing but loopback (network_namespaces(7)), so that what does not ask for
// the door gets nowhere.
package pluginpreview
