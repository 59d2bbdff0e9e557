import VardeModel

/// What endpoints and slices of them share: the service and the pod behind an address.
enum KubernetesBacking {
    static func service(_ name: String, _ namespace: String, _ services: [String: JSONTree]) -> Labels {
        services["\(namespace)/\(name)"].map(KubernetesServices.labels) ?? [:]
    }

    /// The pod a reference names; empty where it names something else.
    static func key(of reference: JSONTree, _ namespace: String) -> String {
        guard reference["kind"].text == "Pod" else { return "" }
        return (reference["namespace"].text.isEmpty ? namespace : reference["namespace"].text) + "/" + reference["name"].text
    }

    /// Targets of container ports of the pods behind a service that are no ports of it, as Prometheus has them.
    ///
    /// - Parameter seen: pods, and the ports of the service that lead to each.
    static func others(_ seen: [(pod: String, port: JSONTree)], _ common: Labels, _ pods: [String: JSONTree]) -> [Labels] {
        func id(_ number: JSONTree, _ port: JSONTree) -> String {
            number.text + "/" + (port["protocol"].text.isEmpty ? "TCP" : port["protocol"].text)
        }
        var targets: [Labels] = []
        let ports = Dictionary(grouping: seen, by: \.pod).mapValues { Set($0.map { id($0.port["port"], $0.port) }) }
        for (key, bound) in ports.sorted(by: { $0.key < $1.key }) {
            guard let pod = pods[key], case let ip = pod["status"]["podIP"].text, !ip.isEmpty else { continue }
            for (container, isInit) in KubernetesPods.containers(pod) {
                for port in container["ports"].list where !bound.contains(id(port["containerPort"], port)) {
                    targets.append(
                        KubernetesPods.labels(pod).merging(KubernetesPods.container(container, pod, isInit))
                            .merging(KubernetesPods.port(port)).merging(common)
                            .setting("__address__", to: joinedHostPort(ip, port["containerPort"].text)))
                }
            }
        }
        return targets
    }

    /// Labels of the pod an address leads to, with those of the container that has the port.
    static func pod(_ reference: JSONTree, _ namespace: String, port: String, _ pods: [String: JSONTree]) -> Labels {
        guard let pod = pods[key(of: reference, namespace)] else { return [:] }
        let labels = KubernetesPods.labels(pod)
        for (container, isInit) in KubernetesPods.containers(pod) {
            if let found = container["ports"].list.first(where: { $0["containerPort"].text == port }) {
                return labels.merging(KubernetesPods.container(container, pod, isInit)).merging(KubernetesPods.port(found))
            }
        }
        return labels
    }
}

/// Targets of endpoints: one an address and port of a service.
enum KubernetesEndpoints {
    static func groups(_ object: JSONTree, _ services: [String: JSONTree], _ pods: [String: JSONTree]) -> [TargetGroup] {
        let name = object["metadata"]["name"].text
        let namespace = object["metadata"]["namespace"].text
        var common: Labels = ["__meta_kubernetes_endpoints_name": name]
        common.addKubernetes(object, kind: "endpoints")
        common = KubernetesBacking.service(name, namespace, services).merging(common)
        var targets: [Labels] = []
        var seen: [(pod: String, port: JSONTree)] = []
        for subset in object["subsets"].list {
            for port in subset["ports"].list {
                for (key, ready) in [("addresses", "true"), ("notReadyAddresses", "false")] {
                    for address in subset[key].list {
                        let reference = address["targetRef"]
                        seen.append((KubernetesBacking.key(of: reference, namespace), port))
                        let backing = KubernetesBacking.pod(reference, namespace, port: port["port"].text, pods)
                        targets.append(
                            backing.merging(common).merging([
                                "__address__": joinedHostPort(address["ip"].text, port["port"].text),
                                "__meta_kubernetes_endpoint_port_name": port["name"].text,
                                "__meta_kubernetes_endpoint_port_protocol": port["protocol"].text,
                                "__meta_kubernetes_endpoint_ready": ready,
                                "__meta_kubernetes_endpoint_node_name": address["nodeName"].text,
                                "__meta_kubernetes_endpoint_hostname": address["hostname"].text,
                                "__meta_kubernetes_endpoint_address_target_kind": reference["kind"].text,
                                "__meta_kubernetes_endpoint_address_target_name": reference["name"].text,
                            ]))
                    }
                }
            }
        }
        return TargetGroup.list(object, "endpoints", targets + KubernetesBacking.others(seen, common, pods))
    }
}

/// Targets of endpoint slices.
enum KubernetesEndpointSlices {
    static func groups(_ object: JSONTree, _ services: [String: JSONTree], _ pods: [String: JSONTree]) -> [TargetGroup] {
        let namespace = object["metadata"]["namespace"].text
        var common: Labels = [
            "__meta_kubernetes_endpointslice_name": object["metadata"]["name"].text,
            "__meta_kubernetes_endpointslice_address_type": object["addressType"].text,
        ]
        common.addKubernetes(object, kind: "endpointslice")
        common = KubernetesBacking.service(object["metadata"]["labels"]["kubernetes.io/service-name"].text, namespace, services)
            .merging(common)
        var targets: [Labels] = []
        var seen: [(pod: String, port: JSONTree)] = []
        for endpoint in object["endpoints"].list {
            let reference = endpoint["targetRef"]
            for port in object["ports"].list {
                seen.append((KubernetesBacking.key(of: reference, namespace), port))
                let backing = KubernetesBacking.pod(reference, namespace, port: port["port"].text, pods)
                var labels: Labels = [
                    "__meta_kubernetes_endpointslice_port": port["port"].text,
                    "__meta_kubernetes_endpointslice_port_name": port["name"].text,
                    "__meta_kubernetes_endpointslice_port_protocol": port["protocol"].text,
                    "__meta_kubernetes_endpointslice_port_app_protocol": port["appProtocol"].text,
                    "__meta_kubernetes_endpointslice_endpoint_hostname": endpoint["hostname"].text,
                    "__meta_kubernetes_endpointslice_endpoint_node_name": endpoint["nodeName"].text,
                    "__meta_kubernetes_endpointslice_endpoint_zone": endpoint["zone"].text,
                    "__meta_kubernetes_endpointslice_address_target_kind": reference["kind"].text,
                    "__meta_kubernetes_endpointslice_address_target_name": reference["name"].text,
                ]
                for condition in ["ready", "serving", "terminating"] {
                    labels.set(
                        "__meta_kubernetes_endpointslice_endpoint_conditions_" + condition, to: endpoint["conditions"][condition].text)
                }
                for address in endpoint["addresses"].list {
                    targets.append(
                        backing.merging(common).merging(labels).setting(
                            "__address__", to: joinedHostPort(address.text, port["port"].text)))
                }
            }
        }
        return TargetGroup.list(object, "endpointslice", targets + KubernetesBacking.others(seen, common, pods))
    }
}
