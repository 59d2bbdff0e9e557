import VardeModel
import VardeQuery
import VardeWire

/// Results of LogQL as Loki's API writes them.
enum LokiResultJSON {
    static func streams(_ result: LogQLStreams, categorized: Bool, to json: inout JSONWriter) {
        json.list(result.streams) { json, stream in
            json.raw("{\"stream\":")
            ResultJSON.labels(stream.labels, to: &json)
            json.raw(",\"values\":")
            json.list(stream.entries) { json, entry in
                json.raw("[\"\(entry.timestamp)\",")
                json.string(entry.line.span)
                if categorized { categories(entry, to: &json) }
                json.raw("]")
            }
            json.raw("}")
        }
    }

    private static func categories(_ entry: LogQLEntry, to json: inout JSONWriter) {
        json.raw(",{")
        if !entry.metadata.isEmpty {
            json.raw("\"structuredMetadata\":")
            ResultJSON.labels(entry.metadata, to: &json)
        }
        if !entry.parsed.isEmpty {
            json.raw(entry.metadata.isEmpty ? "\"parsed\":" : ",\"parsed\":")
            ResultJSON.labels(entry.parsed, to: &json)
        }
        json.raw("}")
    }

    /// What the query read and how fast; clients show the summary.
    static func statistics(_ statistics: LogQLStatistics, entries: Int, seconds: Double, to json: inout JSONWriter) {
        let time = max(seconds, 1e-9)
        json.raw(
            "{\"summary\":{\"bytesProcessedPerSecond\":\(Int(Double(statistics.bytes) / time)),\"linesProcessedPerSecond\":\(Int(Double(statistics.lines) / time))"
        )
        json.raw(
            ",\"totalBytesProcessed\":\(statistics.bytes),\"totalLinesProcessed\":\(statistics.lines),\"execTime\":\(seconds),\"queueTime\":0,\"subqueries\":0"
        )
        json.raw(
            ",\"totalEntriesReturned\":\(entries),\"splits\":0,\"shards\":0,\"totalPostFilterLines\":\(statistics.linesPassed),\"totalStructuredMetadataBytesProcessed\":0}"
        )
        json.raw(
            ",\"querier\":{\"store\":{\"totalChunksRef\":\(statistics.pages),\"totalChunksDownloaded\":\(statistics.pages),\"chunksDownloadTime\":0,\"queryReferencedStructuredMetadata\":false,\"chunk\":{\"headChunkBytes\":0,\"headChunkLines\":0,\"decompressedBytes\":\(statistics.bytes),\"decompressedLines\":\(statistics.lines),\"compressedBytes\":0,\"totalDuplicates\":0,\"postFilterLines\":\(statistics.linesPassed)}}}"
        )
        json.raw(
            ",\"ingester\":{\"totalReached\":0,\"totalChunksMatched\":0,\"totalBatches\":0,\"totalLinesSent\":0,\"store\":{\"totalChunksRef\":0,\"totalChunksDownloaded\":0,\"chunksDownloadTime\":0,\"queryReferencedStructuredMetadata\":false,\"chunk\":{\"headChunkBytes\":0,\"headChunkLines\":0,\"decompressedBytes\":0,\"decompressedLines\":0,\"compressedBytes\":0,\"totalDuplicates\":0,\"postFilterLines\":0}}}}"
        )
    }
}
