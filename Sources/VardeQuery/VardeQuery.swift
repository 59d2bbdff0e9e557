// The module's first room is being built.
