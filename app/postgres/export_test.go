package postgres

// RequiredVersion is the oldest schema that the program works with.
const RequiredVersion = requiredVersion
