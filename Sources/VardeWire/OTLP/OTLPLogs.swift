import VardeModel

/// `ExportLogsServiceRequest`, in protobuf or JSON, as Loki's streams: some resource attributes are labels, all else goes with the line as
/// structured metadata.
package enum OTLPLogs {
    /// Resource attributes that are stream labels where nothing else is configured: those Loki chooses.
    package static let labelAttributes: Set<String> = [
        "service.name", "service.namespace", "service.instance.id", "deployment.environment", "deployment.environment.name", "cloud.region",
        "cloud.availability_zone", "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name", "k8s.container.name", "container.name",
        "k8s.replicaset.name", "k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name", "k8s.cronjob.name", "k8s.job.name",
    ]

    /// No record takes fewer bytes, in protobuf (tag and length) or JSON (`{}`).
    package static let leastRecordBytes = 2

    /// Streams of a decompressed body, one a resource.
    ///
    /// - Parameters:
    ///   - now: nanoseconds, for records that say no time; each such follows the one before by a nanosecond.
    ///   - redact: is given what will be written otherwise afterwards: bytes that are text, members of maps, names.
    package static func decode(
        _ body: Span<UInt8>, isJSON: Bool, labelAttributes: Set<String> = labelAttributes, now: Int64,
        redact: OTLPRedaction = .none
    ) throws(WireError) -> LokiPush.Decoded {
        let resources = isJSON ? try OTLPJSON.logs(body) : try OTLPProtobuf.logs(body)
        var decoded = LokiPush.Decoded()
        var next = now
        for resource in resources {
            var labels = Labels(flattened(resource.attributes.filter { labelAttributes.contains($0.key) }, redact))
            // A stream needs a label.
            if labels.isEmpty { labels = ["service_name": "unknown_service"] }
            var shared = flattened(resource.attributes.filter { !labelAttributes.contains($0.key) }, redact)
            if resource.droppedAttributes != 0 {
                shared.append(Label("resource_dropped_attributes_count", String(resource.droppedAttributes)))
            }
            var writer = LogColumnsWriter()
            for (scope, records) in resource.scopes {
                var common = shared + flattened(scope.attributes, redact)
                common += [Label("scope_name", scope.name), Label("scope_version", scope.version)]
                if scope.droppedAttributes != 0 { common.append(Label("scope_dropped_attributes_count", String(scope.droppedAttributes))) }
                for record in records {
                    let line = Array(record.body.text("", redact).utf8)
                    var time = record.time != 0 ? record.time : record.observedTime
                    if time == 0 {
                        time = next
                        next += 1
                    }
                    writer.append(time, line.span, Labels(common + metadata(of: record, redact)))
                }
            }
            if writer.columns.count > 0 { decoded.writes.append(LogStreamWrite(labels: labels, entries: writer.columns)) }
            decoded.repairedLines += writer.repairedLines
        }
        return decoded
    }

    private static func metadata(of record: OTLPLogRecord, _ redact: OTLPRedaction) -> [Label] {
        var out = flattened(record.attributes, redact)
        if record.observedTime != 0 { out.append(Label("observed_timestamp", String(record.observedTime))) }
        if record.severityNumber != 0 { out.append(Label("severity_number", String(record.severityNumber))) }
        if !record.severityText.isEmpty { out.append(Label("severity_text", record.severityText)) }
        if record.droppedAttributes != 0 { out.append(Label("dropped_attributes_count", String(record.droppedAttributes))) }
        if record.flags != 0 { out.append(Label("flags", String(record.flags))) }
        if !record.traceID.isEmpty { out.append(Label("trace_id", HexText.of(record.traceID))) }
        if !record.spanID.isEmpty { out.append(Label("span_id", HexText.of(record.spanID))) }
        if !record.eventName.isEmpty { out.append(Label("event_name", record.eventName)) }
        return out
    }

    /// Attributes as labels; the members of a map become labels of their own, behind the map's name.
    /// - Parameter within: keys of the maps around, outermost first.
    private static func flattened(
        _ attributes: [OTLPAttribute], prefix: String = "", within: [String] = [], _ redact: OTLPRedaction
    ) -> [Label] {
        var out: [Label] = []
        for attribute in attributes {
            let name = prefix.isEmpty ? attribute.key : prefix + "_" + attribute.key
            if case .map(let members) = attribute.value {
                out += flattened(members, prefix: name, within: within + [attribute.key], redact)
            } else {
                let label = OTLPTranslation.escapedLabel(redact.name(name))
                if label.isEmpty { continue }
                out.append(Label(label, within.reduce(attribute.value.text(attribute.key, redact)) { redact.part($1, $0) }))
            }
        }
        return out
    }
}
