import VardeCompression
import VardeModel

/// Where metrics come in, by the routes named here.
struct WriteRoutes: Sendable {
    let parts: ServerParts
    private var intake: MetricIntake { MetricIntake(parts: parts) }

    func add(to table: inout RouteTable) {
        RemoteWriteRoutes(intake: intake).add(to: &table)
        OTLPMetricRoutes(intake: intake).add(to: &table)
        InfluxRoutes(intake: intake).add(to: &table)
        ImportRoutes(intake: intake).add(to: &table)
        PushgatewayRoutes(parts: parts).add(to: &table)
    }

    /// What snappy's block format holds.
    static func unsnapped(_ body: [UInt8], limit: Int) throws -> [UInt8] {
        var out: [UInt8] = []
        do throws(DecompressionError) {
            try Snappy.decompress(body.span, limit: limit, into: &out)
        } catch {
            throw ServerResponder.failure(of: error)
        }
        return out
    }
}
