// Package data declares layer 6 of the platform: the keys that encrypt
// everything at rest, the key that signs license tokens, the database, the
// cache, the secrets and the registry of the API's images.
package data
