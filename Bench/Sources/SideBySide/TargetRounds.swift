/// How punctual targets were asked, interval by interval, from the times they were asked at.
struct TargetRounds {
    struct Round {
        /// Seconds behind its time, of every target that was asked; ascending.
        var late: [Double] = []
        var missed = 0

        /// The lateness that a share of those asked does not exceed.
        func late(_ share: Double) -> Double { late.isEmpty ? .nan : late[Int(Double(late.count - 1) * share)] }
    }

    private(set) var rounds: [Round]

    /// Asks of a target, its last, of which one at least was on time.
    private static let punctual = 3

    /// Seconds an ask may seem to come before its time.
    private static let blur = 0.05

    /// - Parameters:
    ///   - times: of each target, ascending, in seconds.
    ///   - begin: from when targets are to be asked.
    init(_ times: [[Double]], interval: Double, begin: Double, count: Int) {
        rounds = Array(repeating: Round(), count: count)
        for own in times {
            guard let last = own.last else {
                for round in rounds.indices { rounds[round].missed += 1 }
                continue
            }
            // Nobody is asked early: of the last asks the one that came first within its interval was on time, and says when others were
            // due.
            let early = own.suffix(Self.punctual).map { ($0 - last).remainder(dividingBy: interval) }.min() ?? 0
            let due = begin + (last + early - begin).truncatingRemainder(dividingBy: interval)
            var isAsked = [Bool](repeating: false, count: count)
            for time in own {
                let round = Int(((time - due + Self.blur) / interval).rounded(.down))
                guard isAsked.indices.contains(round), !isAsked[round] else { continue }
                isAsked[round] = true
                rounds[round].late.append(max(0, time - due - Double(round) * interval))
            }
            for round in rounds.indices where !isAsked[round] { rounds[round].missed += 1 }
        }
        for round in rounds.indices { rounds[round].late.sort() }
    }
}
