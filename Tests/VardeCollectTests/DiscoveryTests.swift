import Synchronization
import TestSupport
import Testing
import VardeEgress
import VardeModel

@testable import VardeCollect

/// Nobody to ask.
struct NoAsking: DiscoveryAsking {
    func get(_ url: String, headers: [(String, String)], access: EndpointAccess, timeout: Int64) async throws -> EgressResponse {
        throw EgressError.timeout
    }
    func lines(
        _ url: String, headers: [(String, String)], access: EndpointAccess, longest: Int, timeout: Int64,
        onLine: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Int { throw EgressError.timeout }
    func names(for name: String) -> [String] { [name] }
    func ask(_ message: [UInt8]) async throws -> [UInt8] { throw EgressError.timeout }
}

/// Answers by address, and remembers what was asked.
final class FakeAsking: DiscoveryAsking {
    private let answers: [String: String]
    let asked = Mutex<[(url: String, headers: [(String, String)])]>([])

    init(_ answers: [String: String]) { self.answers = answers }

    func get(_ url: String, headers: [(String, String)], access: EndpointAccess, timeout: Int64) async throws -> EgressResponse {
        let own = try access.ownHeaders().map { ($0.name, $0.value) }
        asked.withLock { $0.append((url, headers + own)) }
        guard let text = answers[url] else { return EgressResponse(status: 404, headers: [], body: []) }
        return EgressResponse(status: 200, headers: [], body: Array(text.utf8))
    }

    func lines(
        _ url: String, headers: [(String, String)], access: EndpointAccess, longest: Int, timeout: Int64,
        onLine: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Int { throw EgressError.timeout }
    func names(for name: String) -> [String] { [name] }
    func ask(_ message: [UInt8]) async throws -> [UInt8] { throw EgressError.timeout }
}

/// Where targets come from, with the labels Prometheus gives them.
@Suite struct DiscoveryTests {
    @Test func `HTTP: groups with their labels and where they were read`() async throws {
        let url = "http://sd/targets"
        let asking = FakeAsking([url: "[{\"targets\":[\"a:1\",\"b:2\"],\"labels\":{\"env\":\"p\"}},{\"targets\":[]}]"])
        var entry = Discovery(.http(url: url), refreshInterval: 60_000)
        entry.access.credentials = .scheme("Bearer", credentials: "t")
        let groups = try await entry.groups(asking)
        #expect(groups.first == TargetGroup(addresses: ["a:1", "b:2"], labels: ["env": "p", "__meta_url": url], source: "\(url):0"))
        #expect(asking.asked.withLock { $0[0].headers.contains { $0 == ("Authorization", "Bearer t") } })
    }

    @Test(arguments: ["{}", "[{\"labels\":{}}]", "[{\"targets\":[1]}]", "[", "[] []"])
    func `HTTP: what is no list of groups is refused`(_ text: String) async {
        await #expect(throws: (any Error).self) {
            try await Discovery(.http(url: "http://sd/"), refreshInterval: 1).groups(FakeAsking(["http://sd/": text]))
        }
    }

    @Test func `An answer other than 200 is named`() async {
        await #expect(throws: DiscoveryFault.self) {
            try await Discovery(.http(url: "http://sd/"), refreshInterval: 1).groups(FakeAsking([:]))
        }
    }

    @Test func `Consul: instances of the services with all tags`() async throws {
        let asking = FakeAsking([
            "http://c:8500/v1/catalog/services?stale": "{\"web\":[\"p\",\"x\"],\"db\":[\"x\"]}",
            "http://c:8500/v1/agent/self": "{\"Config\":{\"Datacenter\":\"oslo\"}}",
            "http://c:8500/v1/health/service/web?stale&tag=p":
                "[{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.1\",\"Meta\":{\"rack-id\":\"7\"},\"TaggedAddresses\":{\"lan\":\"10.0.0.1\"}},\"Service\":{\"ID\":\"web-1\",\"Service\":\"web\",\"Address\":\"\",\"Port\":8080,\"Tags\":[\"p\",\"x\"],\"Meta\":{\"v\":\"2\"}},\"Checks\":[{\"Status\":\"passing\"},{\"Status\":\"warning\"}]}]",
        ])
        var consul = ConsulDiscovery()
        consul.server = "c:8500"
        consul.tags = ["p"]
        consul.token = "secret"
        let groups = try await Discovery(.consul(consul), refreshInterval: 1).groups(asking)
        #expect(groups.map(\.addresses) == [["10.0.0.1:8080"]])
        #expect(
            groups.first?.labels == [
                "__meta_consul_dc": "oslo", "__meta_consul_address": "10.0.0.1", "__meta_consul_node": "n1", "__meta_consul_tags": ",p,x,",
                "__meta_consul_service": "web", "__meta_consul_service_port": "8080", "__meta_consul_service_id": "web-1",
                "__meta_consul_health": "warning", "__meta_consul_metadata_rack_id": "7", "__meta_consul_service_metadata_v": "2",
                "__meta_consul_tagged_address_lan": "10.0.0.1",
            ])
        #expect(asking.asked.withLock { asked in asked.allSatisfy { $0.headers.contains { $0 == ("X-Consul-Token", "secret") } } })
    }

    @Test func `Docker: a target a port, with the labels of container and network`() async throws {
        let base = "unix:///var/run/docker.sock|"
        let asking = FakeAsking([
            base + "/containers/json":
                "[{\"Id\":\"c1\",\"Names\":[\"/web\"],\"Labels\":{\"com.docker.compose.service\":\"web\"},\"HostConfig\":{\"NetworkMode\":\"net\"},\"Ports\":[{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},{\"PrivatePort\":53,\"Type\":\"udp\"}],\"NetworkSettings\":{\"Networks\":{\"net\":{\"NetworkID\":\"n1\",\"IPAddress\":\"172.17.0.2\"}}}},{\"Id\":\"c2\",\"Names\":[\"/job\"],\"HostConfig\":{\"NetworkMode\":\"container:c1\"},\"Ports\":[],\"NetworkSettings\":{\"Networks\":{}}}]",
            base + "/networks":
                "[{\"Id\":\"n1\",\"Name\":\"net\",\"Scope\":\"local\",\"Internal\":false,\"Ingress\":false,\"Labels\":{\"a.b\":\"c\"}}]",
        ])
        let groups = try await Discovery(.docker(DockerDiscovery(host: "unix:///var/run/docker.sock")), refreshInterval: 1).groups(asking)
        #expect(groups.map(\.addresses) == [["172.17.0.2:80"], ["172.17.0.2:80"]])
        #expect(
            groups.first?.labels == [
                "__address__": "172.17.0.2:80", "__meta_docker_container_id": "c1", "__meta_docker_container_name": "/web",
                "__meta_docker_container_network_mode": "net", "__meta_docker_container_label_com_docker_compose_service": "web",
                "__meta_docker_network_id": "n1", "__meta_docker_network_name": "net", "__meta_docker_network_scope": "local",
                "__meta_docker_network_internal": "false", "__meta_docker_network_ingress": "false", "__meta_docker_network_label_a_b": "c",
                "__meta_docker_network_ip": "172.17.0.2", "__meta_docker_port_private": "80", "__meta_docker_port_public": "8080",
                "__meta_docker_port_public_ip": "0.0.0.0",
            ])
    }

    // MARK: DNS

    private static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private static func answer(_ type: UInt8, _ data: [[UInt8]], flags: UInt8 = 0) -> [UInt8] {
        var message: [UInt8] = [0, 7, 0x81, flags, 0, 1, 0, UInt8(data.count), 0, 0, 0, 0] + name("x.no") + [0, type, 0, 1]
        for one in data { message += [0xC0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, UInt8(one.count)] + one }
        return message
    }

    @Test func `DNS: records of every kind, names compressed or not`() throws {
        func read(_ type: UInt8, _ data: [[UInt8]]) throws -> [DNSMessage.Record] {
            try DNSMessage.records(Self.answer(type, data), id: 7, type: UInt16(type))
        }
        #expect(try read(1, [[10, 0, 0, 1], [10, 0, 0, 2]]).map(\.host) == ["10.0.0.1", "10.0.0.2"])
        #expect(try read(28, [[0x20, 1, 0xd, 0xb8] + Array(repeating: 0, count: 11) + [1]]).map(\.host) == ["2001:db8::1"])
        #expect(
            try read(33, [[0, 0, 0, 0, 0x23, 0x82, 1] + Array("a".utf8) + [0xC0, 12]]) == [DNSMessage.Record(host: "a.x.no.", port: 9_090)])
        #expect(try read(15, [[0, 10] + Self.name("mail.x.no")]).map(\.host) == ["mail.x.no."])
        #expect(try read(2, [Self.name("ns.x.no")]).map(\.host) == ["ns.x.no."])
    }

    @Test func `DNS: a name that is not there has no records, a refusal and a cut answer are faults`() throws {
        #expect(try DNSMessage.records(Self.answer(1, [], flags: 3), id: 7, type: 1).isEmpty)
        #expect(throws: DiscoveryFault.self) { try DNSMessage.records(Self.answer(1, [], flags: 2), id: 7, type: 1) }
        #expect(throws: DiscoveryFault.self) { try DNSMessage.records(Self.answer(1, []), id: 8, type: 1) }
        var looping = Self.answer(2, [[0xC0, 0]])
        looping.replaceSubrange((looping.count - 2)..., with: [0xC0, UInt8(looping.count - 2)])
        #expect(throws: DiscoveryFault.self) { try DNSMessage.records(looping, id: 7, type: 2) }
        let whole = Self.answer(33, [[0, 0, 0, 0, 0x23, 0x82] + Self.name("a.b")])
        for length in 0..<whole.count {
            #expect(throws: DiscoveryFault.self) { try DNSMessage.records(Array(whole[..<length]), id: 7, type: 33) }
        }
    }

    /// Answers of name servers by the name that is asked for; those it does not know do not exist.
    private struct FakeNames: DiscoveryAsking {
        var addresses: [String: UInt8]
        var broken: Set<String> = []

        func get(_ url: String, headers: [(String, String)], access: EndpointAccess, timeout: Int64) async throws -> EgressResponse {
            throw EgressError.timeout
        }
        func lines(
            _ url: String, headers: [(String, String)], access: EndpointAccess, longest: Int, timeout: Int64,
            onLine: @escaping @Sendable ([UInt8]) async throws -> Void
        ) async throws -> Int { throw EgressError.timeout }
        func names(for name: String) -> [String] {
            ResolverConfiguration(parsing: "search a.no b.no\noptions ndots:2\n").names(for: name)
        }
        func ask(_ message: [UInt8]) async throws -> [UInt8] {
            var name: [String] = []
            var at = 12
            while message[at] > 0 {
                name.append(String(decoding: message[(at + 1)...(at + Int(message[at]))], as: UTF8.self))
                at += 1 + Int(message[at])
            }
            let text = name.joined(separator: ".")
            if broken.contains(text) { throw EgressError.timeout }
            let found = addresses[text]
            let record: [UInt8] = found.map { [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, $0] } ?? []
            return message[..<2] + [0x81, found == nil ? 0x83 : 0x80, 0, 1, 0, found == nil ? 0 : 1, 0, 0, 0, 0] + message[12..<(at + 5)]
                + record
        }
    }

    @Test func `DNS: short names are searched for as the resolver's configuration has it`() async throws {
        let names = FakeNames(addresses: ["web.b.no": 1, "x.y.z": 2, "x.y.z.a.no": 3], broken: ["web.a.no", "dead.b.no"])
        func found(_ name: String) async throws -> [[String]] {
            try await DNSDiscovery(names: [name], type: .a, port: 9).groups(names).map(\.addresses)
        }
        #expect(try await found("web") == [["10.0.0.1:9"]])
        #expect(try await found("x.y.z") == [["10.0.0.2:9"]])
        #expect(try await found("web.b.no.") == [["10.0.0.1:9"]])
        #expect(try await found("nobody") == [])
        await #expect(throws: DiscoveryFault.self) { try await found("dead") }
    }

    @Test func `DNS: each name of an entry stands by itself`() {
        var entry = Discovery(.dns(DNSDiscovery(names: ["a", "b"], type: .aaaa, port: 9)), refreshInterval: 7)
        entry.access.followRedirects = false
        let apart = entry.apart
        #expect(apart.map(\.kind) == ["a", "b"].map { .dns(DNSDiscovery(names: [$0], type: .aaaa, port: 9)) })
        #expect(apart.allSatisfy { $0.refreshInterval == 7 && !$0.access.followRedirects })
        #expect(Discovery(.http(url: "u"), refreshInterval: 1).apart == [Discovery(.http(url: "u"), refreshInterval: 1)])
    }

    @Test func `DNS: damaged answers never trap`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let whole = Self.answer(33, [[0, 0, 0, 0, 0x23, 0x82, 1] + Array("a".utf8) + [0xC0, 12], [0, 0, 0, 0, 0, 1] + Self.name("b.c")])
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 2..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? DNSMessage.records(bytes, id: 7, type: 33)
        }
    }

    @Test func `DNS: a question holds the name, or is none where that cannot be one`() throws {
        let question = try #require(DNSMessage.question("_p._tcp.x.no.", 33, id: 7))
        #expect(Array(question[0..<2]) == [0, 7])
        #expect(Array(question[12...].prefix(15)) == Self.name("_p._tcp.x.no") + [0])
        for name in ["", ".", String(repeating: "a", count: 64) + ".no", Array(repeating: "abcdefgh", count: 40).joined(separator: ".")] {
            #expect(DNSMessage.question(name, 1, id: 1) == nil)
        }
    }

    @Test(
        arguments: [
            ([0, 0, 0, 0, 0, 0, 0, 1], "::1"), ([0, 0, 0, 0, 0, 0, 0, 0], "::"), ([1, 0, 0, 2, 0, 0, 0, 3], "1:0:0:2::3"),
            ([1, 2, 3, 4, 5, 6, 7, 8], "1:2:3:4:5:6:7:8"), ([1, 0, 2, 3, 4, 5, 6, 7], "1:0:2:3:4:5:6:7"),
            ([1, 0, 0, 0, 0, 0, 0, 0], "1::"),
        ] as [([UInt16], String)])
    func `IPv6 addresses are written short`(_ words: [UInt16], _ text: String) { #expect(IPv6Text.text(words) == text) }
}
