import VardeModel

/// Targets of pods: one a port of each container, one without a port for a container that declares none.
enum KubernetesPods {
    static func groups(_ pod: JSONTree) -> [TargetGroup] {
        let ip = pod["status"]["podIP"].text
        // None yet while the pod starts, or none any more.
        if ip.isEmpty { return [] }
        let common = labels(pod)
        var targets: [Labels] = []
        for (container, isInit) in containers(pod) {
            let named = common.merging(self.container(container, pod, isInit))
            if container["ports"].list.isEmpty { targets.append(named.setting("__address__", to: ip)) }
            for port in container["ports"].list {
                targets.append(named.merging(self.port(port)).setting("__address__", to: joinedHostPort(ip, port["containerPort"].text)))
            }
        }
        return TargetGroup.list(pod, "pod", targets)
    }

    static func containers(_ pod: JSONTree) -> [(JSONTree, isInit: Bool)] {
        pod["spec"]["containers"].list.map { ($0, false) } + pod["spec"]["initContainers"].list.map { ($0, true) }
    }

    static func labels(_ pod: JSONTree) -> Labels {
        let ready = pod["status"]["conditions"].list.first { $0["type"].text == "Ready" }?["status"].text.lowercased() ?? "unknown"
        var labels: Labels = [
            "__meta_kubernetes_pod_name": pod["metadata"]["name"].text, "__meta_kubernetes_pod_ip": pod["status"]["podIP"].text,
            "__meta_kubernetes_pod_ready": ready, "__meta_kubernetes_pod_phase": pod["status"]["phase"].text,
            "__meta_kubernetes_pod_node_name": pod["spec"]["nodeName"].text,
            "__meta_kubernetes_pod_host_ip": pod["status"]["hostIP"].text, "__meta_kubernetes_pod_uid": pod["metadata"]["uid"].text,
        ]
        if let owner = pod["metadata"]["ownerReferences"].list.first(where: { $0["controller"] == .bool(true) }) {
            labels.set("__meta_kubernetes_pod_controller_kind", to: owner["kind"].text)
            labels.set("__meta_kubernetes_pod_controller_name", to: owner["name"].text)
        }
        labels.addKubernetes(pod, kind: "pod")
        return labels
    }

    static func container(_ container: JSONTree, _ pod: JSONTree, _ isInit: Bool) -> Labels {
        let name = container["name"].text
        let states = pod["status"][isInit ? "initContainerStatuses" : "containerStatuses"].list
        return [
            "__meta_kubernetes_pod_container_name": name, "__meta_kubernetes_pod_container_image": container["image"].text,
            "__meta_kubernetes_pod_container_id": states.first { $0["name"].text == name }?["containerID"].text ?? "",
            "__meta_kubernetes_pod_container_init": isInit ? "true" : "false",
        ]
    }

    static func port(_ port: JSONTree) -> Labels {
        [
            "__meta_kubernetes_pod_container_port_name": port["name"].text,
            "__meta_kubernetes_pod_container_port_number": port["containerPort"].text,
            "__meta_kubernetes_pod_container_port_protocol": port["protocol"].text.isEmpty ? "TCP" : port["protocol"].text,
        ]
    }
}
