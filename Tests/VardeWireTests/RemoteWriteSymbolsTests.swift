import TestSupport
import Testing
import VardeModel

@testable import VardeWire

@Suite struct RemoteWriteSymbolsTests {
    private static func references(_ field: UInt64, _ refs: [UInt64], in message: inout Message) {
        var packed: [UInt8] = []
        for one in refs { ProtobufWriter.varint(one, to: &packed) }
        ProtobufWriter.bytes(field, packed, to: &message.bytes)
    }

    private static let symbols = ["", "__name__", "hits_total", "job", "web", "how often", "trace_id", "abc", "h"]

    private static func body(_ series: [(inout Message) -> Void]) -> [UInt8] {
        Message.of {
            for one in symbols { $0.string(4, one) }
            for one in series { $0.message(5, one) }
        }
    }

    private static func counter(_ message: inout Message) {
        references(1, [1, 2, 3, 4], in: &message)
        message.message(2) {
            $0.double(1, 5)
            $0.integer(2, 1000)
            $0.integer(3, 10)
        }
        message.message(2) {
            $0.double(1, 6)
            $0.integer(2, 2000)
        }
        message.message(4) {
            references(1, [6, 7], in: &$0)
            $0.double(2, 0.5)
            $0.integer(3, 999)
        }
        message.message(5) {
            $0.integer(1, 1)
            $0.integer(3, 5)
        }
    }

    private static func histogram(_ count: Int64) -> (inout Message) -> Void {
        { message in
            references(1, [1, 8], in: &message)
            message.message(3) {
                $0.integer(1, 3)
                $0.zigzag(4, -53)
                $0.message(11) { $0.integer(2, 2) }
                $0.zigzag(12, count)
                $0.zigzag(12, 1)
                $0.integer(15, 7)
                ProtobufWriter.bytes(16, Array(repeating: UInt8(0), count: 8), to: &$0.bytes)
                $0.integer(17, 5)
            }
        }
    }

    @Test func `Symbols, start timestamps, exemplars and metadata are read`() throws {
        var batch = RawSampleBatch()
        let decoded = try RemoteWriteSymbols.decode(Self.body([Self.counter, Self.histogram(1)]).span, into: &batch)
        #expect(
            try described(batch) == [#"hits_total{job="web"} 5 @1000 ^10"#, #"hits_total{job="web"} 6 @2000"#, "h{} h-53 count 3 @7 ^5"])
        #expect(decoded.metadata == [.init(type: "counter", family: "hits_total", help: "how often", unit: "")])
        #expect(batch.exemplars.map(\.exemplar) == [Exemplar(labels: ["trace_id": "abc"], value: 0.5, timestamp: 999)])
        #expect(batch.histograms[0].histogram.customBounds == [0])
        #expect(decoded.reasons.isEmpty)
    }

    @Test func `The labels' bytes are those of the same series sent by 1_0`() throws {
        var batch = RawSampleBatch()
        _ = try RemoteWriteSymbols.decode(Self.body([Self.counter]).span, into: &batch)
        let new = Array(batch.bytes[Int(batch.labelStarts[0])..<Int(batch.labelEnds[0])])
        _ = try RemoteWrite.decode(RemoteWrite.encode([(["__name__": "hits_total", "job": "web"], [(1, 1)])]), into: &batch)
        #expect(Array(batch.bytes[Int(batch.labelStarts[0])..<Int(batch.labelEnds[0])]) == new)
    }

    @Test func `Series that cannot be are counted, the others stand`() throws {
        var batch = RawSampleBatch()
        let beyond: (inout Message) -> Void = {
            Self.references(1, [1, 99], in: &$0)
            $0.message(2) { $0.double(1, 1) }
        }
        let odd: (inout Message) -> Void = {
            Self.references(1, [1], in: &$0)
            $0.message(2) { $0.double(1, 1) }
        }
        let empty: (inout Message) -> Void = {
            Self.references(1, [1, 2], in: &$0)
            $0.message(4) { $0.double(2, 1) }
        }
        let decoded = try RemoteWriteSymbols.decode(Self.body([beyond, Self.counter, odd, Self.histogram(-4), empty]).span, into: &batch)
        #expect(decoded.refusedSamples == 2)
        #expect(decoded.refusedHistograms == 1)
        #expect(decoded.refusedExemplars == 1)
        #expect(decoded.reasons.count == 4)
        #expect(try described(batch).count == 2)
    }

    @Test func `A symbol that is long and used often is stopped before it fills memory`() {
        let long = String(repeating: "x", count: 1 << 20)
        var series = Message()
        Self.references(1, Array(repeating: 1, count: 64), in: &series)
        series.message(2) { $0.double(1, 1) }
        let body = Message.of {
            $0.string(4, "")
            $0.string(4, long)
            for _ in 0..<16 { ProtobufWriter.bytes(5, series.bytes, to: &$0.bytes) }
        }
        var batch = RawSampleBatch()
        let error = #expect(throws: WireError.self) { try RemoteWriteSymbols.decode(body.span, into: &batch) }
        #expect(error?.message.contains("unfold") == true)
    }

    @Test func `Damaged bodies never trap`() {
        var batch = RawSampleBatch()
        fuzz("remote write 2", [Self.body([Self.counter, Self.histogram(1)])], rounds: 5000) { bytes in
            do throws(WireError) {
                let decoded = try RemoteWriteSymbols.decode(bytes.span, into: &batch)
                #expect(decoded.reasons.allSatisfy { !$0.message.isEmpty })
                #expect(batch.startTimestamps.isEmpty || batch.startTimestamps.count == batch.sampleCount)
                _ = try? described(batch)
            } catch { #expect(error.offset.map { (0...bytes.count).contains($0) } == true) }
        }
    }
}
