import Testing
import VardeModel

@testable import VardeCollect

/// Targets of a Docker swarm, with the labels Prometheus gives them.
@Suite struct DockerSwarmDiscoveryTests {
    private static let base = "unix:///run/docker.sock|"
    private static let service =
        "{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"Labels\":{\"team.name\":\"a\"},\"Mode\":{\"Replicated\":{\"Replicas\":2}},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"web:1\",\"Hostname\":\"h\"}}},\"UpdateStatus\":{\"State\":\"completed\"},\"Endpoint\":{\"Ports\":[{\"Name\":\"http\",\"Protocol\":\"tcp\",\"TargetPort\":80,\"PublishedPort\":8080,\"PublishMode\":\"ingress\"},{\"Protocol\":\"udp\",\"PublishedPort\":53}],\"VirtualIPs\":[{\"NetworkID\":\"n1\",\"Addr\":\"10.0.0.3/24\"}]}}"
    private static let quiet =
        "{\"ID\":\"s2\",\"Spec\":{\"Name\":\"agent\",\"Mode\":{\"Global\":{}}},\"Endpoint\":{\"VirtualIPs\":[{\"NetworkID\":\"n9\",\"Addr\":\"10.0.0.9/24\"}]}}"
    private static let node =
        "{\"ID\":\"k1\",\"Spec\":{\"Labels\":{\"zone\":\"oslo\"},\"Role\":\"manager\",\"Availability\":\"active\"},\"Description\":{\"Hostname\":\"vert\",\"Platform\":{\"Architecture\":\"x86_64\",\"OS\":\"linux\"},\"Engine\":{\"EngineVersion\":\"27.1\"}},\"Status\":{\"State\":\"ready\",\"Addr\":\"192.168.0.4\"},\"ManagerStatus\":{\"Leader\":true,\"Reachability\":\"reachable\",\"Addr\":\"192.168.0.4:2377\"}}"
    private static let task =
        "{\"ID\":\"t1\",\"ServiceID\":\"s1\",\"NodeID\":\"k1\",\"Slot\":2,\"DesiredState\":\"running\",\"Spec\":{\"ContainerSpec\":{\"Labels\":{\"c.d\":\"e\"}}},\"Status\":{\"State\":\"running\",\"ContainerStatus\":{\"ContainerID\":\"c1\"},\"PortStatus\":{\"Ports\":[{\"Protocol\":\"tcp\",\"PublishedPort\":9100,\"PublishMode\":\"host\"}]}},\"NetworksAttachments\":[{\"Network\":{\"ID\":\"n1\"},\"Addresses\":[\"10.0.0.7/24\"]}]}"

    private static let asking = FakeAsking([
        base + "/services": "[\(service),\(quiet)]", base + "/nodes": "[\(node)]", base + "/tasks": "[\(task)]",
        base + "/services?filters=%7B%22label%22%3A%5B%22a%22%5D%7D": "[\(quiet)]",
        base + "/networks":
            "[{\"Id\":\"n1\",\"Name\":\"front\",\"Scope\":\"swarm\",\"Internal\":false,\"Ingress\":true,\"Labels\":{\"k\":\"v\"}}]",
    ])

    private static func targets(_ role: DockerSwarmDiscovery.Role, filters: [String: [String]] = [:]) async throws -> [Labels] {
        var daemon = DockerDaemon(host: "unix:///run/docker.sock")
        daemon.filters = filters
        let swarm = DockerSwarmDiscovery(daemon: daemon, role: role)
        return try await Discovery(.dockerSwarm(swarm), refreshInterval: 1).groups(asking).map(\.labels)
    }

    private static let network: Labels = [
        "__meta_dockerswarm_network_id": "n1", "__meta_dockerswarm_network_name": "front", "__meta_dockerswarm_network_scope": "swarm",
        "__meta_dockerswarm_network_internal": "false", "__meta_dockerswarm_network_ingress": "true",
        "__meta_dockerswarm_network_label_k": "v",
    ]
    private static let ofNode: Labels = [
        "__meta_dockerswarm_node_address": "192.168.0.4", "__meta_dockerswarm_node_availability": "active",
        "__meta_dockerswarm_node_engine_version": "27.1", "__meta_dockerswarm_node_hostname": "vert",
        "__meta_dockerswarm_node_id": "k1", "__meta_dockerswarm_node_label_zone": "oslo",
        "__meta_dockerswarm_node_manager_address": "192.168.0.4:2377", "__meta_dockerswarm_node_manager_leader": "true",
        "__meta_dockerswarm_node_manager_reachability": "reachable", "__meta_dockerswarm_node_platform_architecture": "x86_64",
        "__meta_dockerswarm_node_platform_os": "linux", "__meta_dockerswarm_node_role": "manager",
        "__meta_dockerswarm_node_status": "ready",
    ]

    private static func together(_ sets: Labels...) -> Labels { Labels(sets.flatMap { Array($0) }) }

    @Test func `Nodes at the port of the entry`() async throws {
        #expect(try await Self.targets(.nodes) == [Self.together(Self.ofNode, ["__address__": "192.168.0.4:80"])])
    }

    @Test func `Services at each address: a target a published port, or one at the port of the entry`() async throws {
        let found = try await Self.targets(.services)
        #expect(found.count == 2)
        #expect(
            found.first
                == Self.together(
                    Self.network,
                    [
                        "__address__": "10.0.0.3:8080", "__meta_dockerswarm_service_id": "s1", "__meta_dockerswarm_service_name": "web",
                        "__meta_dockerswarm_service_mode": "replicated", "__meta_dockerswarm_service_label_team_name": "a",
                        "__meta_dockerswarm_service_endpoint_port_name": "http",
                        "__meta_dockerswarm_service_endpoint_port_publish_mode": "ingress",
                        "__meta_dockerswarm_service_task_container_hostname": "h",
                        "__meta_dockerswarm_service_task_container_image": "web:1",
                        "__meta_dockerswarm_service_updating_status": "completed",
                    ]))
        #expect(
            found.last == [
                "__address__": "10.0.0.9:80", "__meta_dockerswarm_service_id": "s2", "__meta_dockerswarm_service_name": "agent",
                "__meta_dockerswarm_service_mode": "global",
            ])
        #expect(try await Self.targets(.services, filters: ["label": ["a"]]).count == 1)
    }

    @Test func `Tasks at their node's published ports and on each network, with the labels of service and node`() async throws {
        let found = try await Self.targets(.tasks)
        let common = Self.together(
            Self.ofNode,
            [
                "__meta_dockerswarm_task_id": "t1", "__meta_dockerswarm_task_slot": "2", "__meta_dockerswarm_task_state": "running",
                "__meta_dockerswarm_task_desired_state": "running", "__meta_dockerswarm_task_container_id": "c1",
                "__meta_dockerswarm_container_label_c_d": "e", "__meta_dockerswarm_service_id": "s1",
                "__meta_dockerswarm_service_name": "web", "__meta_dockerswarm_service_mode": "replicated",
                "__meta_dockerswarm_service_label_team_name": "a",
            ])
        #expect(found.count == 2)
        #expect(
            found.first
                == Self.together(common, ["__address__": "192.168.0.4:9100", "__meta_dockerswarm_task_port_publish_mode": "host"]))
        #expect(
            found.last
                == Self.together(
                    common, Self.network, ["__address__": "10.0.0.7:8080", "__meta_dockerswarm_task_port_publish_mode": "ingress"]))
    }
}
