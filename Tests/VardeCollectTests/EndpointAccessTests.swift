import Foundation
import Testing
import VardeModel

@testable import VardeCollect

/// What of a configuration goes into a request's headers.
@Suite struct EndpointAccessTests {
    @Test func `Names, passwords and headers come from the configuration or from files, which are read at each use`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("access-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ text: String) throws -> ConfiguredText {
            let file = folder.appendingPathComponent(name)
            try text.write(to: file, atomically: true, encoding: .utf8)
            return .file(file.path)
        }
        var access = EndpointAccess()
        access.credentials = .basic(user: try write("user", "u\n"), password: "pw")
        access.headers = [.init("X-Tenant", "a"), .init("X-Tenant", try write("tenant", "  b \n"))]
        var headers = try access.ownHeaders()
        #expect(headers.filter { $0.name == "X-Tenant" }.map(\.value) == ["a", "b"])
        #expect(headers.first { $0.name == "Authorization" }?.value == "Basic dTpwdw==")
        _ = try write("user", "other")
        headers = try access.ownHeaders()
        #expect(headers.first { $0.name == "Authorization" }?.value == "Basic " + Base64.text(Array("other:pw".utf8)))
        access.credentials = .scheme("Bearer", credentials: .file(folder.path + "/nothing"))
        #expect(throws: ScrapeFault.self) { try access.ownHeaders() }
    }
}
