import VardeModel

/// What a write may hold, in Loki's words where it may not.
struct LogBounds {
    let options: LogStoreOptions
    let retention: LogRetention
    let now: Int64

    /// The part of a write that is taken; what is not is added to the report and counted by kind.
    func admit(_ write: LogStreamWrite, _ report: inout LogAppendReport, _ refused: inout [String: Int]) -> LogStreamWrite? {
        func refuse(_ kind: String, _ count: Int, _ reason: String) {
            report.refused.append((reason, count))
            refused[kind, default: 0] += count
        }
        let columns = write.entries
        if columns.count == 0 { return nil }
        if let reason = labelFault(write.labels) {
            refuse("labels", columns.count, reason)
            return nil
        }
        let newest = now.addingClamped(options.creationGrace)
        let expired = retention.cutoff(of: write.labels, now: now)
        let oldest = max(expired, options.maxAge.map { now.subtractingClamped($0) } ?? .min)
        var tooNew: (count: Int, first: Int64) = (0, 0)
        var tooOld: (count: Int, first: Int64) = (0, 0)
        var tooLong: (count: Int, first: Int) = (0, 0)
        var kept: [Int]?
        var before: UInt32 = 0
        for i in columns.timestamps.indices {
            let time = columns.timestamps[i]
            let length = Int(columns.lineEnds[i] - before)
            before = columns.lineEnds[i]
            if time <= newest, time >= oldest, length <= options.maxLineSize {
                kept?.append(i)
                continue
            }
            if kept == nil { kept = Array(0..<i) }
            if time > newest {
                tooNew = (tooNew.count + 1, tooNew.count == 0 ? time : tooNew.first)
            } else if time < oldest {
                tooOld = (tooOld.count + 1, tooOld.count == 0 ? time : tooOld.first)
            } else {
                tooLong = (tooLong.count + 1, tooLong.count == 0 ? length : tooLong.first)
            }
        }
        guard let kept else { return write }
        let stream = write.labels.description
        if tooNew.count > 0 {
            refuse("too_new", tooNew.count, "entry for stream '\(stream)' has timestamp too new: \(Self.text(of: tooNew.first))")
        }
        if tooOld.count > 0 {
            let limit = Self.text(of: oldest)
            refuse(
                "too_old", tooOld.count,
                "entry for stream '\(stream)' has timestamp too old: \(Self.text(of: tooOld.first)), oldest acceptable timestamp is: \(limit)"
            )
        }
        if tooLong.count > 0 {
            refuse(
                "line_too_long", tooLong.count,
                "max entry size '\(options.maxLineSize)' bytes exceeded for stream '\(stream)' while adding an entry with length '\(tooLong.first)' bytes"
            )
        }
        if kept.isEmpty { return nil }
        return LogStreamWrite(labels: write.labels, entries: columns.picking(kept))
    }

    private func labelFault(_ labels: Labels) -> String? {
        if labels.isEmpty { return "error at least one label pair is required per stream" }
        if labels.count > options.maxLabelNames {
            return "entry for stream '\(labels)' has \(labels.count) label names; limit \(options.maxLabelNames)"
        }
        for label in labels {
            if label.name.utf8.count > options.maxLabelNameSize { return "stream '\(labels)' has label name too long: '\(label.name)'" }
            if label.value.utf8.count > options.maxLabelValueSize { return "stream '\(labels)' has label value too long: '\(label.value)'" }
        }
        return nil
    }

    /// A time as RFC 3339 without fractions, in UTC.
    static func text(of nanoseconds: Int64) -> String {
        let second: Int64 = 1_000_000_000
        let seconds = nanoseconds >= 0 ? nanoseconds / second : (nanoseconds + 1) / second - 1
        let day = seconds >= 0 ? seconds / 86_400 : (seconds + 1) / 86_400 - 1
        let rest = seconds - day * 86_400
        let civil = CivilDate(daysSince1970: day)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let date = "\(civil.year)-\(two(civil.month))-\(two(civil.day))"
        return "\(date)T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }
}
