import Foundation
import VardeCollect
import VardeEgress
import VardeForward
import VardeKernels
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy

/// What the stores, the redactor and the process have counted, asked for each time the page is made.
enum SelfMetricsCollector {
    static func install(_ parts: ServerParts, egress: EgressClient, tokens: TokenGate) {
        parts.metrics.collect { [weak parts] page in
            guard let parts else { return }
            page.gauge("varde_build_info", [("commit", BuildInfo.commit), ("version", BuildInfo.version)], 1)
            page.gauge("varde_ready", [], parts.isReady ? 1 : 0)
            page.gauge("varde_read_only", [], parts.isReadOnly ? 1 : 0)
            page.gauge("varde_config_last_reload_successful", [], parts.reloads.lastSucceeded ? 1 : 0)
            page.gauge("varde_config_last_reload_success_timestamp_seconds", [], Double(parts.reloads.lastTime) / 1000)
            page.counter("varde_config_reload_failures_total", [], parts.reloads.failures)
            page.counter("varde_auth_failures_total", [], tokens.failures)
            page.counter("varde_egress_refused_connections_total", [], egress.refused)
            if let audit = parts.audit.log {
                let head = audit.head
                page.gauge("varde_audit_entries", [], Double(head.entries))
                page.gauge("varde_audit_signed_entries", [], Double(head.signed))
            }
            for target in parts.scrapes.targets().active {
                let state = target.breaker == "open" ? 2.0 : target.breaker == "half-open" ? 1 : 0
                page.gauge(
                    "varde_circuit_breaker_state",
                    [("instance", target.labels["instance"] ?? ""), ("job", target.job), ("kind", "scrape")], state)
            }
            ForwardMetrics.add(parts.forwarding.statuses, to: &page)
            let load = parts.pool.load
            page.gauge("varde_queries_running", [], Double(load.running))
            page.gauge("varde_queries_waiting", [], Double(load.waiting))
            let scrapes = parts.scrapes.statistics
            page.gauge("varde_scrape_targets", [], Double(scrapes.targets))
            page.counter("varde_scrapes_total", [], scrapes.scrapes)
            page.counter("varde_scrapes_skipped_total", [], scrapes.skipped)
            page.counter("varde_scrapes_held_back_total", [], scrapes.heldBack)
            page.gauge("varde_scrape_waiting_targets", [], Double(scrapes.waiting))
            page.counter("varde_scrape_failures_total", [], scrapes.failures)
            for kind in scrapes.failuresByReason.keys.sorted() {
                page.counter("varde_scrape_faults_total", [("reason", kind)], scrapes.failuresByReason[kind] ?? 0)
            }
            page.counter("varde_scraped_samples_total", [], scrapes.samples)
            page.counter("varde_scrape_duplicate_samples_total", [], scrapes.duplicates)
            page.counter("varde_scraped_exemplars_total", [], scrapes.exemplars)
            page.gauge("varde_scrape_invalid_targets", [], Double(scrapes.invalidTargets))
            page.counter("varde_discovery_failures_total", [], scrapes.discoveryFailures)
            redaction(parts.redaction.counts, to: &page)
            if let stores = try? parts.stores() {
                metrics(stores.metrics.statistics, to: &page)
                exemplars(stores.exemplars, to: &page)
                logs(stores.logs.statistics, to: &page)
            }
            ProcessStatistics.now()?.add(to: &page)
        }
    }

    private static func redaction(_ counts: RedactionCounts, to page: inout SelfMetrics.Page) {
        page.counter("varde_redaction_lines_total", [("outcome", "checked")], counts.lines)
        page.counter("varde_redaction_lines_total", [("outcome", "redacted")], counts.redactedLines)
        page.counter("varde_redaction_lines_total", [("outcome", "quarantined")], counts.quarantinedLines)
        for type in PersonalDataType.allCases where type != .own {
            page.counter("varde_redactions_total", [("type", type.configurationName)], counts[type])
        }
        for (name, count) in counts.own.sorted(by: { $0.key < $1.key }) {
            page.counter("varde_redactions_total", [("type", name.lowercased())], count)
        }
    }

    private static func metrics(_ statistics: MetricStoreStatistics, to page: inout SelfMetrics.Page) {
        page.gauge("varde_metrics_series", [], Double(statistics.series))
        page.gauge("varde_metrics_head_samples", [], Double(statistics.headSamples))
        page.gauge("varde_metrics_blocks", [], Double(statistics.blocks))
        page.gauge("varde_metrics_block_bytes", [], Double(statistics.blockBytes))
        page.gauge("varde_metrics_block_samples", [], Double(statistics.blockSamples))
        page.gauge("varde_metrics_wal_bytes", [], Double(statistics.walBytes))
        page.counter("varde_metrics_wal_syncs_total", [], statistics.walSyncs)
        page.add("varde_metrics_wal_sync_seconds_total", "counter", [], Double(statistics.walSyncNanoseconds) / 1e9)
        page.counter("varde_metrics_wal_failures_total", [], statistics.walFailures)
        page.counter("varde_metrics_samples_accepted_total", [], statistics.accepted)
        page.counter("varde_metrics_samples_duplicate_total", [], statistics.duplicates)
        page.counter("varde_metrics_samples_overwritten_total", [], statistics.overwritten)
        page.counter("varde_metrics_samples_out_of_order_total", [], statistics.outOfOrder)
        page.counter("varde_metrics_samples_out_of_bounds_total", [], statistics.outOfBounds)
        page.counter("varde_metrics_series_refused_total", [], statistics.refusedSeries)
        page.counter("varde_metrics_flushes_total", [], statistics.flushes)
        page.counter("varde_metrics_compactions_total", [], statistics.compactions)
        page.counter("varde_metrics_expired_blocks_total", [], statistics.expiredBlocks)
        page.gauge("varde_metrics_tombstones", [], Double(statistics.tombstones))
        page.counter("varde_metrics_deleted_series_total", [], statistics.deletedSeries)
        page.gauge("varde_metrics_damaged_files", [], Double(statistics.damagedFiles))
    }

    private static func exemplars(_ store: ExemplarStore, to page: inout SelfMetrics.Page) {
        let counts = store.counts
        page.gauge("varde_exemplars", [], Double(counts.held))
        page.counter("varde_exemplars_accepted_total", [], counts.accepted)
        for (reason, count) in counts.refused.sorted(by: { $0.key < $1.key }) {
            page.counter("varde_exemplars_refused_total", [("reason", reason)], count)
        }
    }

    private static func logs(_ statistics: LogStoreStatistics, to page: inout SelfMetrics.Page) {
        page.counter("varde_logs_lines_accepted_total", [], statistics.acceptedEntries)
        page.counter("varde_logs_bytes_accepted_total", [], statistics.acceptedBytes)
        page.counter("varde_logs_lines_duplicate_total", [], statistics.duplicateEntries)
        for (reason, count) in statistics.refusedEntries.sorted(by: { $0.key < $1.key }) {
            page.counter("varde_logs_lines_refused_total", [("reason", reason)], count)
        }
        page.gauge("varde_logs_streams", [], Double(statistics.streams))
        page.gauge("varde_logs_streams_in_memory", [], Double(statistics.streamsInMemory))
        page.gauge("varde_logs_memory_bytes", [], Double(statistics.memoryBytes))
        page.gauge("varde_logs_segments", [], Double(statistics.segments))
        page.gauge("varde_logs_segment_bytes", [], Double(statistics.segmentBytes))
        page.gauge("varde_logs_segment_raw_bytes", [], Double(statistics.segmentRawBytes))
        page.gauge("varde_logs_segment_lines", [], Double(statistics.segmentEntries))
        page.counter("varde_logs_cuts_total", [], statistics.cuts)
        page.counter("varde_logs_compactions_total", [], statistics.compactions)
        page.counter("varde_logs_expired_lines_total", [], statistics.expiredEntries)
        page.counter("varde_logs_failures_total", [], statistics.failures)
        page.gauge("varde_logs_damaged_files", [], Double(statistics.damage.count))
    }
}

/// What Linux says of this process.
struct ProcessStatistics {
    var cpuSeconds: Double
    var residentBytes: Double
    var virtualBytes: Double
    var threads: Double
    var startTime: Double
    var openFiles: Double

    /// From `/proc/self`, nil where there is none.
    static func now() -> ProcessStatistics? {
        guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8), let close = stat.lastIndex(of: ")"),
            let uptime = try? String(contentsOfFile: "/proc/uptime", encoding: .utf8)
        else { return nil }
        // Fields behind the program's name, which may hold anything; the first of them is the third of the line.
        let fields = stat[stat.index(after: close)...].split(separator: " ").map { Double($0) ?? 0 }
        guard fields.count > 21, let running = uptime.split(separator: " ").first.flatMap({ Double($0) }) else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return ProcessStatistics(
            cpuSeconds: (fields[11] + fields[12]) / ticks, residentBytes: fields[21] * Double(sysconf(Int32(_SC_PAGESIZE))),
            virtualBytes: fields[20],
            threads: fields[17], startTime: Date().timeIntervalSince1970 - running + fields[19] / ticks, openFiles: Double(descriptors))
    }

    func add(to page: inout SelfMetrics.Page) {
        page.add("process_cpu_seconds_total", "counter", [], cpuSeconds)
        page.gauge("process_resident_memory_bytes", [], residentBytes)
        page.gauge("process_virtual_memory_bytes", [], virtualBytes)
        page.gauge("process_threads", [], threads)
        page.gauge("process_start_time_seconds", [], startTime)
        page.gauge("process_open_fds", [], openFiles)
    }
}
