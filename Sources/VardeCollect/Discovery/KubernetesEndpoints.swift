import VardeModel

/// What endpoints and slices of them share: the service and the pod behind an address.
enum KubernetesBacking {
    static func service(_ name: String, _ namespace: String, _ services: [String: JSONTree]) -> Labels {
        services["\(namespace)/\(name)"].map(KubernetesServices.labels) ?? [:]
    }

    /// Labels of the pod an address leads to, with those of the container that has the port.
    static func pod(_ reference: JSONTree, _ namespace: String, port: String, _ pods: [String: JSONTree]) -> Labels {
        guard reference["kind"].text == "Pod" else { return [:] }
        let place = reference["namespace"].text.isEmpty ? namespace : reference["namespace"].text
        guard let pod = pods["\(place)/\(reference["name"].text)"] else { return [:] }
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
        for subset in object["subsets"].list {
            for port in subset["ports"].list {
                for (key, ready) in [("addresses", "true"), ("notReadyAddresses", "false")] {
                    for address in subset[key].list {
                        let reference = address["targetRef"]
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
        return TargetGroup.list(object, "endpoints", targets)
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
        for endpoint in object["endpoints"].list {
            let reference = endpoint["targetRef"]
            for port in object["ports"].list {
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
        return TargetGroup.list(object, "endpointslice", targets)
    }
}
