import VardeCollect
import VardeModel
import Yams

/// A scrape job as YAML: what the file says of it, and the values it did not state.
enum ScrapePoolText {
    static func yaml(of config: ScrapeConfig, in configuration: Configuration) -> String {
        var text = ""
        for (name, value) in [
            ("job_name", config.jobName), ("scrape_interval", DurationText.format(milliseconds: config.interval)),
            ("scrape_timeout", DurationText.format(milliseconds: config.timeout)), ("metrics_path", config.metricsPath),
            ("scheme", config.scheme),
        ] {
            text += (try? Yams.serialize(node: Node([(Node(name), Node(value))]))) ?? ""
        }
        let written: Set<String> = ["job_name", "scrape_interval", "scrape_timeout", "metrics_path", "scheme"]
        guard let jobs = (try? Yams.compose(yaml: configuration.text))??["scrape_configs"]?.sequence,
            let job = jobs.first(where: { $0["job_name"]?.string == config.jobName }), let mapping = job.mapping
        else { return text }
        let others = mapping.filter { !written.contains($0.key.string ?? "") }.map { ($0.key, $0.value) }
        if others.isEmpty { return text }
        return text + ((try? Yams.serialize(node: Node(others))) ?? "")
    }
}
