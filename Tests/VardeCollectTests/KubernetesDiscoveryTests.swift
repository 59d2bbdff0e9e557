import Synchronization
import Testing
import VardeModel

@testable import VardeCollect

/// Objects of a made-up cluster, and the labels Prometheus gives their targets.
@Suite struct KubernetesDiscoveryTests {
    private static let pod = """
        {"metadata":{"name":"web-1","namespace":"shop","uid":"u1","labels":{"app.kubernetes.io/name":"web"},"annotations":{"a-b":"c"},
        "ownerReferences":[{"kind":"ReplicaSet","name":"web","controller":true}]},
        "spec":{"nodeName":"n1","containers":[{"name":"main","image":"web:1","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]},
        {"name":"side","image":"side:1"}]},
        "status":{"podIP":"10.1.0.5","hostIP":"10.0.0.1","phase":"Running","conditions":[{"type":"Ready","status":"True"}],
        "containerStatuses":[{"name":"main","containerID":"containerd://x"}]}}
        """
    private static let service = """
        {"metadata":{"name":"web","namespace":"shop","labels":{"team":"a"}},"spec":{"type":"ClusterIP","clusterIP":"10.9.0.1",
        "ports":[{"name":"http","port":80,"protocol":"TCP"}]}}
        """

    private static func groups(
        _ role: KubernetesDiscovery.Role, _ lists: [String: String], attaching: Bool = false
    ) async throws -> [TargetGroup] {
        let answers = Dictionary(uniqueKeysWithValues: lists.map { ("https://k\($0.key)?limit=500", "{\"items\":[\($0.value)]}") })
        var kubernetes = KubernetesDiscovery(role: role, server: "https://k")
        kubernetes.attachesNode = attaching
        kubernetes.attachesNamespace = attaching
        return try await Discovery(.kubernetes(kubernetes), refreshInterval: 1).groups(FakeAsking(answers))
    }

    @Test func `Pods: a target a port, and one for a container without any`() async throws {
        let groups = try await Self.groups(.pod, ["/api/v1/pods": Self.pod + ",{\"status\":{\"podIP\":\"\"}}"])
        #expect(groups.map(\.addresses) == [["10.1.0.5:8080"], ["10.1.0.5"]])
        #expect(
            groups.first?.labels == [
                "__address__": "10.1.0.5:8080", "__meta_kubernetes_namespace": "shop", "__meta_kubernetes_pod_name": "web-1",
                "__meta_kubernetes_pod_ip": "10.1.0.5", "__meta_kubernetes_pod_ready": "true", "__meta_kubernetes_pod_phase": "Running",
                "__meta_kubernetes_pod_node_name": "n1", "__meta_kubernetes_pod_host_ip": "10.0.0.1", "__meta_kubernetes_pod_uid": "u1",
                "__meta_kubernetes_pod_controller_kind": "ReplicaSet", "__meta_kubernetes_pod_controller_name": "web",
                "__meta_kubernetes_pod_label_app_kubernetes_io_name": "web",
                "__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name": "true", "__meta_kubernetes_pod_annotation_a_b": "c",
                "__meta_kubernetes_pod_annotationpresent_a_b": "true", "__meta_kubernetes_pod_container_name": "main",
                "__meta_kubernetes_pod_container_image": "web:1", "__meta_kubernetes_pod_container_id": "containerd://x",
                "__meta_kubernetes_pod_container_init": "false", "__meta_kubernetes_pod_container_port_name": "http",
                "__meta_kubernetes_pod_container_port_number": "8080", "__meta_kubernetes_pod_container_port_protocol": "TCP",
            ])
    }

    @Test func `Services: a target a port at the name in the cluster's DNS`() async throws {
        let groups = try await Self.groups(.service, ["/api/v1/services": Self.service])
        #expect(
            groups.map(\.labels) == [
                [
                    "__address__": "web.shop.svc:80", "__meta_kubernetes_namespace": "shop", "__meta_kubernetes_service_name": "web",
                    "__meta_kubernetes_service_label_team": "a", "__meta_kubernetes_service_labelpresent_team": "true",
                    "__meta_kubernetes_service_type": "ClusterIP", "__meta_kubernetes_service_cluster_ip": "10.9.0.1",
                    "__meta_kubernetes_service_port_name": "http", "__meta_kubernetes_service_port_number": "80",
                    "__meta_kubernetes_service_port_protocol": "TCP",
                ]
            ])
    }

    @Test func `Endpoints and slices: with the service and the pod behind them`() async throws {
        let reference = "\"targetRef\":{\"kind\":\"Pod\",\"name\":\"web-1\",\"namespace\":\"shop\"}"
        let endpoints =
            "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},\"subsets\":[{\"addresses\":[{\"ip\":\"10.1.0.5\",\"nodeName\":\"n1\",\(reference)}],\"notReadyAddresses\":[{\"ip\":\"10.1.0.6\"}],\"ports\":[{\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}]}]}"
        let slice =
            "{\"metadata\":{\"name\":\"web-x\",\"namespace\":\"shop\",\"labels\":{\"kubernetes.io/service-name\":\"web\"}},\"addressType\":\"IPv6\",\"ports\":[{\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}],\"endpoints\":[{\"addresses\":[\"fd00::5\"],\"conditions\":{\"ready\":true},\(reference)}]}"
        let lists = ["/api/v1/pods": Self.pod, "/api/v1/services": Self.service]
        let old = try await Self.groups(.endpoints, lists.merging(["/api/v1/endpoints": endpoints]) { $1 })
        #expect(old.map(\.addresses) == [["10.1.0.5:8080"], ["10.1.0.6:8080"]])
        #expect(old.map { $0.labels["__meta_kubernetes_endpoint_ready"] } == ["true", "false"])
        #expect(old[0].labels["__meta_kubernetes_service_label_team"] == "a")
        #expect(old[0].labels["__meta_kubernetes_pod_container_name"] == "main")
        #expect(old[1].labels["__meta_kubernetes_pod_name"] == nil)
        let new = try await Self.groups(.endpointslice, lists.merging(["/apis/discovery.k8s.io/v1/endpointslices": slice]) { $1 })
        #expect(new.map(\.addresses) == [["[fd00::5]:8080"]])
        #expect(new[0].labels["__meta_kubernetes_endpointslice_endpoint_conditions_ready"] == "true")
        #expect(new[0].labels["__meta_kubernetes_service_name"] == "web")
        #expect(new[0].labels["__meta_kubernetes_pod_controller_name"] == "web")
    }

    @Test func `Labels and annotations of the node and the namespace are attached where they are asked for`() async throws {
        let node = "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"zone\":\"no-1\"},\"annotations\":{\"rack\":\"4\"}}}"
        let namespace = "{\"metadata\":{\"name\":\"shop\",\"labels\":{\"team\":\"b\"}}}"
        let endpoints =
            "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},\"subsets\":[{\"addresses\":[{\"ip\":\"10.1.0.7\",\"targetRef\":{\"kind\":\"Node\",\"name\":\"n1\"}}],\"ports\":[{\"port\":1}]}]}"
        let lists = [
            "/api/v1/pods": Self.pod, "/api/v1/services": Self.service, "/api/v1/endpoints": endpoints, "/api/v1/nodes": node,
            "/api/v1/namespaces": namespace,
        ]
        for role in [KubernetesDiscovery.Role.pod, .endpoints] {
            for group in try await Self.groups(role, lists, attaching: true) {
                #expect(group.labels["__meta_kubernetes_node_name"] == "n1")
                #expect(group.labels["__meta_kubernetes_node_label_zone"] == "no-1")
                #expect(group.labels["__meta_kubernetes_node_annotationpresent_rack"] == "true")
                #expect(group.labels["__meta_kubernetes_namespace_label_team"] == "b")
                #expect(group.labels["__meta_kubernetes_namespace"] == "shop")
            }
            for group in try await Self.groups(role, lists) {
                #expect(group.labels["__meta_kubernetes_node_label_zone"] == nil)
                #expect(group.labels["__meta_kubernetes_namespace_label_team"] == nil)
            }
        }
    }

    @Test func `Ports of a pod that its service does not have are targets beside it`() async throws {
        let pod = """
            {"metadata":{"name":"web-1","namespace":"shop"},"spec":{"containers":[{"name":"main","ports":[
            {"name":"http","containerPort":8080,"protocol":"TCP"},{"name":"metrics","containerPort":9100,"protocol":"TCP"}]}]},
            "status":{"podIP":"10.1.0.5"}}
            """
        let reference = "\"targetRef\":{\"kind\":\"Pod\",\"name\":\"web-1\",\"namespace\":\"shop\"}"
        let endpoints =
            "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},\"subsets\":[{\"addresses\":[{\"ip\":\"10.1.0.5\",\(reference)}],\"ports\":[{\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}]}]}"
        let slice =
            "{\"metadata\":{\"name\":\"web-x\",\"namespace\":\"shop\",\"labels\":{\"kubernetes.io/service-name\":\"web\"}},\"ports\":[{\"port\":8080,\"protocol\":\"TCP\"}],\"endpoints\":[{\"addresses\":[\"10.1.0.5\"],\(reference)}]}"
        let lists = [
            "/api/v1/pods": pod, "/api/v1/services": Self.service, "/api/v1/endpoints": endpoints,
            "/apis/discovery.k8s.io/v1/endpointslices": slice,
        ]
        for role in [KubernetesDiscovery.Role.endpoints, .endpointslice] {
            let groups = try await Self.groups(role, lists)
            #expect(groups.map(\.addresses) == [["10.1.0.5:8080"], ["10.1.0.5:9100"]])
            #expect(groups.last?.labels["__meta_kubernetes_pod_container_port_name"] == "metrics")
            #expect(groups.last?.labels["__meta_kubernetes_service_name"] == "web")
            #expect(groups.last?.labels["__meta_kubernetes_endpoint_port_name"] == nil)
        }
    }

    @Test func `Nodes by their inner address, ingresses by host and path`() async throws {
        let node =
            "{\"metadata\":{\"name\":\"n1\"},\"spec\":{\"providerID\":\"p\"},\"status\":{\"addresses\":[{\"type\":\"Hostname\",\"address\":\"h\"},{\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"}],\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":10250}}}}"
        let nodes = try await Self.groups(.node, ["/api/v1/nodes": node])
        #expect(
            nodes.map(\.labels) == [
                [
                    "__address__": "10.0.0.1:10250", "instance": "n1", "__meta_kubernetes_node_name": "n1",
                    "__meta_kubernetes_node_provider_id": "p", "__meta_kubernetes_node_address_Hostname": "h",
                    "__meta_kubernetes_node_address_InternalIP": "10.0.0.1",
                ]
            ])
        let ingress =
            "{\"metadata\":{\"name\":\"i\",\"namespace\":\"shop\"},\"spec\":{\"ingressClassName\":\"nginx\",\"tls\":[{\"hosts\":[\"*.x.no\"]}],\"rules\":[{\"host\":\"a.x.no\",\"http\":{\"paths\":[{\"path\":\"/p\"}]}},{\"host\":\"b.a.x.no\"}]}}"
        let ingresses = try await Self.groups(.ingress, ["/apis/networking.k8s.io/v1/ingresses": ingress])
        #expect(ingresses.map { $0.labels["__meta_kubernetes_ingress_scheme"] } == ["https", "http"])
        #expect(ingresses.map { $0.labels["__meta_kubernetes_ingress_path"] } == ["/p", "/"])
        #expect(ingresses[0].labels["__address__"] == "a.x.no")
    }

    @Test func `Long lists are read page by page, namespaces and selectors one by one`() async throws {
        var kubernetes = KubernetesDiscovery(role: .pod, server: "https://k")
        kubernetes.namespaces = ["a"]
        kubernetes.selectors = [.pod: .init(label: "app=x", field: "")]
        let base = "https://k/api/v1/namespaces/a/pods?limit=500&labelSelector=app%3Dx"
        let asking = FakeAsking([
            base: "{\"metadata\":{\"continue\":\"t 1\"},\"items\":[\(Self.pod)]}", base + "&continue=t+1": "{\"items\":[\(Self.pod)]}",
        ])
        let groups = try await Discovery(.kubernetes(kubernetes), refreshInterval: 1).groups(asking)
        #expect(groups.count == 4)
        #expect(asking.asked.withLock { $0.count } == 2)
    }
}
