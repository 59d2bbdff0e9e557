extension NativeHistogram {
    /// Finest and coarsest exponential schemas that are stored.
    package static let exponentialSchemas: ClosedRange<Int32> = -4...8

    /// The finest schema whose buckets grow by at least a factor from one to the next, as `native_histogram_min_bucket_factor` asks;
    /// the finest of all for factors of 1 and less.
    package static func finestSchema(bucketFactor factor: Double) -> Int32 {
        // Bounds of the coarsest grow by 2^16, those of each finer one by the root of that.
        var schema = exponentialSchemas.lowerBound
        var growth = 65_536.0.squareRoot()
        while schema < exponentialSchemas.upperBound, growth >= factor {
            schema += 1
            growth.formSquareRoot()
        }
        return schema
    }

    /// What contradicts itself in this histogram, nil where nothing does (Prometheus native histogram specification, “Data model”).
    ///
    /// A store and the query engine walk buckets by their spans, so nothing that fails here may go further.
    package var complaint: String? {
        if usesCustomBuckets {
            for (one, next) in zip(customBounds, customBounds.dropFirst()) where !(one < next) {
                return "custom bounds are not in ascending order"
            }
            if customBounds.contains(where: { $0.isNaN || $0 == .infinity }) { return "custom bounds hold NaN or +Inf" }
            if zeroCount != 0 || zeroThreshold != 0 { return "custom buckets and a zero bucket" }
            if !negativeSpans.isEmpty || !negativeBuckets.isEmpty { return "custom buckets and negative buckets" }
        } else {
            guard Self.exponentialSchemas.contains(schema) else { return "schema \(schema) is not known" }
            if !customBounds.isEmpty { return "custom bounds in an exponential histogram" }
            if !(zeroThreshold >= 0) { return "the zero threshold is negative or NaN" }
        }
        if zeroCount < 0 { return "the zero bucket is negative" }
        if count < 0 { return "the count is negative" }
        return Self.complaint(
            positiveSpans, positiveBuckets, side: "positive", bucketLimit: usesCustomBuckets ? customBounds.count + 1 : nil)
            ?? Self.complaint(negativeSpans, negativeBuckets, side: "negative", bucketLimit: nil)
    }

    private static func complaint(_ spans: [BucketSpan], _ buckets: [Double], side: String, bucketLimit: Int?) -> String? {
        var covered = 0
        var index = 0
        for (number, span) in spans.enumerated() {
            if number > 0 || bucketLimit != nil, span.offset < 0 {
                return "\(side) span \(number + 1) has the negative offset \(span.offset)"
            }
            covered += Int(span.length)
            index += Int(span.offset) + Int(span.length)
        }
        if covered != buckets.count { return "\(side) spans are for \(covered) buckets, there are \(buckets.count)" }
        if let bucketLimit, index > bucketLimit { return "spans reach bucket \(index), there are \(bucketLimit)" }
        if let negative = buckets.first(where: { $0 < 0 }) { return "a \(side) bucket holds \(negative)" }
        return nil
    }
}
