// The module's first tests are being written.
