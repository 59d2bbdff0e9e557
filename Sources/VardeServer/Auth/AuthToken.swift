/// What a token may do. `admin` includes all others.
package enum Role: String, Sendable, CaseIterable {
    /// Send metrics and logs.
    case write
    /// Query metrics and logs.
    case read
    /// Use pseudonyms in queries, subject requests, the audit log.
    case privacy
    /// Everything, with reload and administration.
    case admin
}

/// A token as the configuration holds it: never the secret, only its hash.
package struct AuthToken: Sendable, Equatable {
    package var name: String
    package var roles: Set<Role>
    /// SHA-256 of the secret, 32 bytes. The secret has 256 random bits, so a fast hash gives nothing away.
    package var hash: [UInt8]

    package init(name: String, roles: Set<Role>, hash: [UInt8]) {
        self.name = name
        self.roles = roles
        self.hash = hash
    }

    package func allows(_ role: Role) -> Bool { roles.contains(role) || roles.contains(.admin) }
}
