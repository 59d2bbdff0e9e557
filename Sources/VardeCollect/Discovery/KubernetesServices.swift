import VardeModel

/// Targets of services: one a port, at the service's name in the cluster's DNS.
enum KubernetesServices {
    static func groups(_ service: JSONTree) -> [TargetGroup] {
        let metadata = service["metadata"]
        let spec = service["spec"]
        var common = labels(service)
        let type = spec["type"].text
        common.set("__meta_kubernetes_service_type", to: type)
        if type == "ExternalName" {
            common.set("__meta_kubernetes_service_external_name", to: spec["externalName"].text)
        } else {
            common.set("__meta_kubernetes_service_cluster_ip", to: spec["clusterIP"].text)
        }
        if type == "LoadBalancer" { common.set("__meta_kubernetes_service_loadbalancer_ip", to: spec["loadBalancerIP"].text) }
        let host = "\(metadata["name"].text).\(metadata["namespace"].text).svc"
        return TargetGroup.list(
            service, "svc",
            spec["ports"].list.map { port in
                common.merging([
                    "__address__": "\(host):\(port["port"].text)", "__meta_kubernetes_service_port_name": port["name"].text,
                    "__meta_kubernetes_service_port_number": port["port"].text,
                    "__meta_kubernetes_service_port_protocol": port["protocol"].text,
                ])
            })
    }

    static func labels(_ service: JSONTree) -> Labels {
        var labels: Labels = ["__meta_kubernetes_service_name": service["metadata"]["name"].text]
        labels.addKubernetes(service, kind: "service")
        return labels
    }
}

/// Targets of nodes: the kubelet of each.
enum KubernetesNodes {
    private static let preferred = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"]

    static func groups(_ node: JSONTree) -> [TargetGroup] {
        let addresses = node["status"]["addresses"].list
        let host = preferred.lazy.compactMap { type in addresses.first { $0["type"].text == type }?["address"].text }.first
        guard let host else { return [] }
        let name = node["metadata"]["name"].text
        var labels: Labels = [
            "__meta_kubernetes_node_name": name, "__meta_kubernetes_node_provider_id": node["spec"]["providerID"].text, "instance": name,
            "__address__": joinedHostPort(host, node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"].text),
        ]
        labels.addKubernetes(node, kind: "node")
        for address in addresses.reversed() {
            labels.set("__meta_kubernetes_node_address_" + sanitizedLabelName(address["type"].text), to: address["address"].text)
        }
        return TargetGroup.list(node, "node", [labels])
    }
}

/// Targets of ingresses: one a path of each host.
enum KubernetesIngresses {
    static func groups(_ ingress: JSONTree) -> [TargetGroup] {
        let spec = ingress["spec"]
        var common: Labels = ["__meta_kubernetes_ingress_name": ingress["metadata"]["name"].text]
        common.set("__meta_kubernetes_ingress_class_name", to: spec["ingressClassName"].text)
        common.addKubernetes(ingress, kind: "ingress")
        let secured = spec["tls"].list.flatMap { $0["hosts"].list.map(\.text) }
        var targets: [Labels] = []
        for rule in spec["rules"].list {
            let host = rule["host"].text
            let isSecured = secured.contains { pattern in
                // A star stands for one label.
                pattern == host || pattern.hasPrefix("*.") && host.drop { $0 != "." } == pattern.dropFirst()
            }
            let paths = rule["http"]["paths"].list.map { $0["path"].text.isEmpty ? "/" : $0["path"].text }
            for path in paths.isEmpty ? ["/"] : paths {
                targets.append(
                    common.merging([
                        "__address__": host, "__meta_kubernetes_ingress_host": host, "__meta_kubernetes_ingress_path": path,
                        "__meta_kubernetes_ingress_scheme": isSecured ? "https" : "http",
                    ]))
            }
        }
        return TargetGroup.list(ingress, "ingress", targets)
    }
}
