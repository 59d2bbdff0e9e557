import Testing
import VardeCollect
import VardeEgress
import VardeWire

@testable import VardeServer

/// Options of scraping: what Prometheus takes is taken, what it refuses is refused where it stands.
@Suite struct ScrapeConfigurationTests {
    private static func read(_ job: String) throws -> ScrapeConfig {
        let text = "scrape_configs:\n  - job_name: j\n" + job.split(separator: "\n").map { "    \($0)\n" }.joined()
        return try Configuration(parsing: text, file: "p.yml").scrapeConfigs[0]
    }

    @Test(arguments: [
        "scrape_interval: 10s\nscrape_timeout: 5s", "scrape_interval: 0s\nscrape_timeout: 0s",
        "honor_labels: true\nhonor_timestamps: false\ntrack_timestamps_staleness: true",
        "params: {module: [a, b]}\nmetrics_path: /probe\nscheme: https",
        "body_size_limit: 10MB\nsample_limit: 5\nlabel_limit: 6\nlabel_name_length_limit: 7\nlabel_value_length_limit: 8\ntarget_limit: 9\nkeep_dropped_targets: 3\nnative_histogram_bucket_limit: 160",
        "scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0, PrometheusText0.0.4]\nfallback_scrape_protocol: PrometheusText0.0.4",
        "always_scrape_classic_histograms: true\nscrape_native_histograms: true\nextra_scrape_metrics: true",
        "basic_auth: {username: u, password: p}", "basic_auth: {username_file: /u, password_file: /p}",
        "basic_auth: {username: u, password: p, password_file: \"\"}", "scrape_failure_log_file: failed.log",
        "native_histogram_min_bucket_factor: 1.1", "authorization: {credentials_file: /x}", "bearer_token: t",
        "oauth2: {client_id: a, client_secret: b, token_url: \"http://t/\", scopes: [c], endpoint_params: {d: e}, proxy_url: \"http://p:1\", tls_config: {ca_file: /ca}}",
        "bearer_token_file: /t",
        "tls_config: {ca_file: /ca, cert_file: /c, key_file: /k, server_name: s, insecure_skip_verify: true, min_version: TLS12}",
        "metrics_path: \"\"\nscheme: \"\"\nauthorization: {type: \"\", credentials: x}", "static_configs: [{labels: {a: b}}, {}]",
        "body_size_limit: 1.5MB\nsample_limit: 0x10\nlabel_limit: 0o17\ntarget_limit: 1e3\nhonor_labels: y",
        "body_size_limit: 1MB512KB", "body_size_limit: 0", "scheme: HTTPS", "sample_limit: 1.5\nlabel_limit: 08\ntarget_limit: 1_000",
        "sample_limit: 18446744073709551615", "honor_labels: !!bool 'true'", "http_headers: {X-A: {files: [/no/such/file]}}",
        "static_configs: [{targets: [\"https://a/b\"]}]\nrelabel_configs: [{target_label: __address__, replacement: \"probe:1\"}]",
        "relabel_configs: [{regex: 'a)(b', target_label: a}, {regex: '(?<n>a)', target_label: '${n}$$'}]",
        "relabel_configs: [{action: hashmod, target_label: '$$', modulus: 18446744073709551615}, {action: lowercase, target_label: '$1'}]",
        "file_sd_configs: [{files: [\"a*b*.yml\", a.JSON], refresh_interval: 0s}]",
        "http_sd_configs: [{url: \"HTTP://a\", refresh_interval: 0s}]",
        "docker_sd_configs: [{host: here, port: 99999, filters: [{values: [b]}, {name: c}]}]",
        "consul_sd_configs: [{username: u, password: p, scheme: ftp}]", "dns_sd_configs: [{names: [a], type: a, port: 99999}]",
        "kubernetes_sd_configs: [{role: pod, selectors: [{role: node, label: \"a notin (b,c),!d,e>1\", field: \"f=g,h!=i\"}]}]",
        "kubernetes_sd_configs: [{role: pod, attach_metadata: {deployment: true, job: true, cronjob: true}}]",
        "oauth2: {client_id: a, token_url: b, grant_type: client_credentials, audience: c, claims: {d: 1}}",
        "static_configs: [{targets: [\"\"]}]\nrelabel_configs: [{target_label: __address__, replacement: \"a:1\"}]",
        "relabel_configs: [{action: dropequal, source_labels: [a], target_label: b, modulus: 0, separator: \";\"}]",
        "follow_redirects: false\nenable_http2: false\nenable_compression: false",
        "http_headers: {X-A: {values: [b], secrets: [c], files: [/etc/hostname]}, Accept: {values: [x]}}",
        "metric_name_validation_scheme: legacy\nmetric_name_escaping_scheme: dots",
        "static_configs: [{targets: [\"a:1\"], labels: {b: c}}]", "file_sd_configs: [{files: [\"/a/*.json\"], refresh_interval: 1m}]",
        "http_sd_configs: [{url: \"http://a/\", basic_auth: {username: u, password: p}}, {url: \"http://b/\", oauth2: {client_id: a, client_secret: b, token_url: \"http://t/\"}, follow_redirects: false, http_headers: {X-A: {values: [b]}}}]",
        "dns_sd_configs: [{names: [a], type: A, port: 9}, {names: [_b._tcp]}]",
        "consul_sd_configs: [{server: \"c:8500\", services: [a], tags: [b], allow_stale: false}]",
        "dockerswarm_sd_configs: [{host: \"unix:///var/run/docker.sock\", role: tasks, port: 81, filters: [{name: label, values: [a]}]}]",
        "docker_sd_configs: [{host: \"unix:///var/run/docker.sock\", filters: [{name: label, values: [a]}]}]",
        "kubernetes_sd_configs: [{role: pod, namespaces: {names: [a]}, selectors: [{role: pod, label: \"app=x\"}]}, {role: node, api_server: \"https://k:6443\", bearer_token: t}]",
        "kubernetes_sd_configs: [{role: pod, attach_metadata: {node: true, namespace: true}, selectors: [{role: node, label: a}]}, {role: endpoints, selectors: [{role: service, label: a}], follow_redirects: true}]",
        "relabel_configs: [{source_labels: [a], target_label: b}, {action: hashmod, source_labels: [a], target_label: c, modulus: 4}, {action: labelmap, regex: \"a_(.+)\"}, {action: LabelDrop, regex: x}, {action: keepequal, source_labels: [a], target_label: b}]",
    ])
    func `Good options are read`(_ job: String) throws { _ = try Self.read(job) }

    @Test(arguments: [
        ("scrape_interval: 5s\nscrape_timeout: 10s", 4, 21), ("scrape_interval: ten", 3, 22),
        ("honor_labels: perhaps", 3, 19), ("sample_limit: -1", 3, 19), ("sample_limit: 1e400", 3, 19), ("sample_limit: _1", 3, 19),
        ("body_size_limit: 10 apples", 3, 22), ("scrape_protocols: [Nothing]", 3, 24), ("scrape_protocols: []", 3, 23),
        ("scrape_protocols: [PrometheusText0.0.4, PrometheusText0.0.4]", 3, 45), ("fallback_scrape_protocol: x", 3, 31),
        ("metric_name_validation_scheme: odd", 3, 36),
        ("metric_name_validation_scheme: legacy\nmetric_name_escaping_scheme: allow-utf-8", 4, 34),
        ("basic_auth: {username: u, password: p, password_file: /p}", 3, 59),
        ("basic_auth: {username: u}\nbearer_token: t", 4, 19), ("authorization: {type: Basic, credentials: x}", 3, 20),
        ("authorization: {credentials: x, credentials_file: y}", 3, 55), ("tls_config: {cert_file: /c}", 3, 17),
        ("tls_config: {min_version: TLS14}", 3, 31), ("tls_config: {odd: 1}", 3, 18), ("oauth2: {client_id: a}", 3, 13),
        ("bearer_token: t\noauth2: {client_id: a, token_url: b}", 4, 13),
        ("basic_auth: {username: u, username_file: /u}", 3, 46), ("basic_auth: {username_ref: u}", 3, 18),
        ("oauth2: {client_id: a, client_secret: b, client_secret_file: /c, token_url: d}", 3, 66),
        ("oauth2: {client_id: a, token_url: b, proxy_url: \"ftp://p\"}", 3, 53), ("native_histogram_min_bucket_factor: big", 3, 41),
        ("http_headers: {X-A: {value: [b]}}", 3, 26),
        ("http_sd_configs: [{url: \"http://a\", follow_redirects: perhaps}]", 3, 59),
        ("http_sd_configs: [{url: \"http://a\", bearer_token: t, oauth2: {client_id: a, token_url: b}}]", 3, 66),
        ("kubernetes_sd_configs: [{role: namespace}]", 3, 36), ("kubernetes_sd_configs: [{role: pod, bearer_token: t}]", 3, 29),
        ("kubernetes_sd_configs: [{role: pod, attach_metadata: {nodes: true}}]", 3, 59),
        ("kubernetes_sd_configs: [{role: pod, selectors: [{role: service, label: a}]}]", 3, 60),
        ("kubernetes_sd_configs: [{role: pod, selectors: [{role: pod, label: \"a in b\"}]}]", 3, 53),
        ("kubernetes_sd_configs: [{role: pod, selectors: [{role: pod, field: a}]}]", 3, 53),
        ("kubernetes_sd_configs: [{role: pod, kubeconfig_file: /no/such/file}]", 3, 58),
        ("kubernetes_sd_configs: [{role: pod, kubeconfig_file: /x, api_server: \"http://a\"}]", 3, 58),
        ("kubernetes_sd_configs: [{role: pod, api_server: \"http://a\", namespaces: {own_namespace: true}}]", 3, 93),
        ("http_headers: {Authorization: {values: [x]}}", 3, 35),
        ("static_configs: [{targets: [\"http://a/\"]}]", 3, 22), ("file_sd_configs: [{files: [\"/a.txt\"]}]", 3, 31),
        ("file_sd_configs: [{files: [\"/*/a.json\"]}]", 3, 31), ("http_sd_configs: [{url: \"ftp://a\"}]", 3, 29),
        ("http_sd_configs: [{}]", 3, 23), ("dns_sd_configs: [{names: [a], type: A}]", 3, 22), ("dns_sd_configs: [{names: []}]", 3, 22),
        ("dns_sd_configs: [{names: [a], type: TXT}]", 3, 41), ("docker_sd_configs: [{host: \"http://a:b\"}]", 3, 32),
        ("kubernetes_sd_configs: [{role: pods}]", 3, 36), ("kubernetes_sd_configs: [{}]", 3, 29), ("ec2_sd_configs: [{region: x}]", 3, 5),
        ("relabel_configs: [{action: nothing}]", 3, 32),
        ("relabel_configs: [{source_labels: [a]}]", 3, 23), ("relabel_configs: [{regex: \"(\", target_label: a}]", 3, 31),
        ("relabel_configs: [{action: hashmod, target_label: a}]", 3, 23),
        ("relabel_configs: [{action: labeldrop, regex: a, separator: b}]", 3, 64),
        ("relabel_configs: [{action: dropequal, source_labels: [a], target_label: b, regex: c}]", 3, 87),
        ("sample_limits: 4", 3, 5), ("sample_limit: \"4\"", 3, 19), ("honor_labels: \"true\"", 3, 19), ("honor_labels: tRue", 3, 19),
        ("body_size_limit: 10", 3, 22), ("file_sd_configs: [{files: []}]", 3, 31), ("static_configs: [{targets: [null]}]", 3, 22),
        ("relabel_configs: [{action: null, target_label: a}]", 3, 23), ("http_sd_configs: [{url: \"http://a b\"}]", 3, 29),
        ("http_sd_configs: [{url: \"http:///x\"}]", 3, 29), ("http_sd_configs: [{url: \"http://a:b\"}]", 3, 29),
        ("proxy_url: \"http://a b\"", 3, 16), ("proxy_url: \"http://a/%zz\"", 3, 16), ("proxy_connect_header: {a: []}", 3, 27),
        ("scrape_interval: 293y", 3, 22), ("honor_labels: !!str true", 3, 19), ("sample_limit: !!str 5", 3, 19),
        ("oauth2: {client_id: a, token_url: b, grant_type: \"urn:ietf:params:oauth:grant-type:jwt-bearer\"}", 3, 54),
        ("tls_config: {ca_ref: x}", 3, 18), ("authorization: {type: \" basic \"}", 3, 20),
        ("relabel_configs: [{source_labels: [\"\"], target_label: b}]", 3, 40), ("static_configs: [null]", 3, 22),
        ("relabel_configs: [{regex: '\\Q(', target_label: a}]", 3, 31), ("relabel_configs: [{regex: '\\C', target_label: a}]", 3, 31),
        ("relabel_configs: [{action: keepequal, target_label: x, replacement: null}]", 3, 23),
        ("metric_name_validation_scheme: legacy\nrelabel_configs: [{target_label: a-b}]", 4, 38),
        ("static_configs: [{targets: [\"a:1\"], labels: {__scrape_interval__: x}}]", 3, 22),
        ("static_configs: [{targets: [\"a:1\"], labels: {\"\": x}}]", 3, 54), ("consul_sd_configs: [{server: null}]", 3, 25),
        ("consul_sd_configs: [{token: x, authorization: {credentials: y}}]", 3, 25), ("consul_sd_configs: [null]", 3, 25),
        ("dns_sd_configs: [{names: [a], type: null}]", 3, 22), ("dns_sd_configs: [{names: [a], basic_auth: {username: a}}]", 3, 35),
        ("relabel_configs: [{action: lowercase, source_labels: [a], target_label: b, replacement: x}]", 3, 93),
    ])
    func `Bad options are refused at their place`(_ job: String, _ line: Int, _ column: Int) {
        do {
            _ = try Self.read(job)
            Issue.record("taken: \(job)")
        } catch let error as ConfigurationError {
            #expect(error.line == line && error.column == column, "\(error)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func `Numbers and sizes are read as Prometheus reads them`() throws {
        let job = try Self.read(
            "body_size_limit: 1MB512KB\nsample_limit: 0x10\nlabel_limit: 0o17\ntarget_limit: 1e3\nkeep_dropped_targets: 1_0")
        #expect(job.bodySizeLimit == 3 << 19 && job.sampleLimit == 16 && job.labelLimit == 15 && job.targetLimit == 1_000)
        #expect(job.keepDroppedTargets == 10)
        #expect(try Self.read("body_size_limit: 1.5MB").bodySizeLimit == 3 << 19)
    }

    @Test(arguments: [
        "alerting: {alertmanagers: [{api_version: v3}]}", "alerting: {alertmanagers: [{relabel_configs: [{action: odd}]}]}",
        "alerting: {alertmanagers: [{static_configs: [{targets: [\"http://a:1\"]}]}]}", "alerting: {alertmanagers: [{odd: 1}]}",
        "alerting: {alertmanagers: [null]}", "alerting: {odd: 1}", "alerting: {alert_relabel_configs: [{action: odd}]}",
        "tracing: {client_type: grpc}", "tracing: {endpoint: a, client_type: odd}", "tracing: {endpoint: a, compression: odd}",
        "remote_read: [{}]", "remote_read: [{url: \"http://a\", name: x}, {url: \"http://b\", name: x}]", "remote_read: [null]",
        "rule_files: [\"a*/b.yml\"]", "scrape_config_files: [\"a*/b.yml\"]", "remote_write: [{url: \"http://a b\"}]",
        "alerting: {alertmanagers: [{api_version: v1}]}", "runtime: {gogc: x}", "runtime: []", "runtime: {odd: 1}", "global: {gogc: 5}",
        "global: {rule_query_offset: 5}", "global: {query_log_file: []}", "storage: {tsdb: {out_of_order_time_window: 5}}",
        "storage: {tsdb: {chunk_encoding: {floats: odd}}}", "storage: {tsdb: {retention: {size: 10}}}", "%YAML 1.2\n---\nglobal: {}",
        "storage: {tsdb: {retention: {percentage: 101}}}", "remote_read: [{url: \"http://a\", chunked_read_limit: -1}]",
        "tracing: {endpoint: a, headers: {b: [c]}}", "global: {external_labels: {\"\": b}}", "global: {external_labels: {[a]: b}}",
        "global: {external_labels: {a: !!binary Y}}", "remote_write: [{url: \"http://a\", queue_config: null}]",
        "remote_write: [{url: \"http://[::1\"}]",
    ])
    func `What has no effect here is held against Prometheus' rules all the same`(_ text: String) {
        #expect(throws: ConfigurationError.self) { _ = try Configuration(parsing: text, file: "p.yml") }
    }

    @Test(arguments: [
        "alerting: {alertmanagers: [{api_version: v2, path_prefix: /a, scheme: https, timeout: 5s, static_configs: [{targets: [\"a:1\"]}], relabel_configs: [{target_label: a}], basic_auth: {username: u}}], alert_relabel_configs: [{target_label: a}]}",
        "tracing: {endpoint: \"a:1\", client_type: http, sampling_fraction: 0.5, insecure: true, timeout: 5s, headers: {a: b}}",
        "remote_read: [{url: \"http://a\", read_recent: true, required_matchers: {a: b}, filter_external_labels: false, remote_timeout: 1m}, {url: \"http://b\"}]",
        "rule_files: [\"a/*.yml\", b.yml]", "storage: {exemplars: {max_exemplars: 0}}", "storage: {exemplars: {max_exemplars: -5}}",
        "remote_write: [{url: \"http://[::1]:9/w\", remote_timeout: 0s, queue_config: {min_backoff: 0s, max_backoff: 0s}}]",
        "remote_write: [{url: \"ftp://a\", queue_config: {capacity: 2000000, max_samples_per_send: 4294967296}, failed_request_logging: true}]",
        "remote_write: [{url: \"http://a\", metadata_config: {send_interval: 0s, max_samples_per_send: -1}}]",
        "storage: {tsdb: {chunk_encoding: {floats: xor2}, retention: {time: 0s, percentage: 10}}}", "runtime: {gogc: 50}",
        "scrape_config_files: [nofile.yml]", "global: {external_labels: {a: 010, b: no, c: 2001-01-01, d: !!binary YQ==}}",
        "global: {}\n---\nfoo: [\n", "  global: {}\nalerting: {}\n", "%YAML 1.1\n---\nglobal: {}",
    ])
    func `What Prometheus loads is loaded`(_ text: String) throws { _ = try Configuration(parsing: text, file: "p.yml") }

    @Test func `What is taken and may be meant otherwise is said`() throws {
        let text = "scrape_configs: [{job_name: a, scheme: ftp}]\nremote_write: [{url: a}]\n---\nrule_files: [x]\n"
        let warnings = try Configuration(parsing: text, file: "p.yml").warnings
        #expect(warnings.contains { $0.hasPrefix("p.yml:1:40: scrape_configs[0].scheme: ") })
        #expect(warnings.contains { $0.hasPrefix("p.yml:2:22: remote_write[0].url: ") })
        #expect(warnings.contains { $0.contains("only the first document") })
        #expect(warnings.count == 3)
    }

    @Test func `Scalars mean what they mean in YAML 1.1`() throws {
        let job = try Self.read("sample_limit: 017\nlabel_limit: 1.9\ntarget_limit: 0b11\nlabel_value_length_limit: 18446744073709551615")
        #expect(job.sampleLimit == 15 && job.labelLimit == 1 && job.targetLimit == 3 && job.labelValueLengthLimit == Int.max)
        for (text, meaning) in [
            ("yes", .bool(true)), ("N", .bool(false)), ("yEs", .text("yEs")), ("~", .null), ("08", .fraction(8)), ("-0x1F", .whole(-31)),
            ("1_0.5", .fraction(10.5)), ("1e400", .text("1e400")), ("9223372036854775808", .unsigned(1 << 63)),
            ("+.inf", .fraction(.infinity)),
            ("0x", .text("0x")), ("1:30", .text("1:30")), ("_1", .text("_1")), (".", .text(".")), ("-", .text("-")),
        ] as [(String, YAMLScalar)] { #expect(YAMLScalar(plain: text) == meaning, "\(text)") }
    }

    @Test func `Files are looked for where the configuration lies`() throws {
        let text = """
            global: {scrape_failure_log_file: failed.log}
            scrape_configs: [{job_name: a, bearer_token_file: secrets/t, file_sd_configs: [{files: [t.json, /x.json]}]}]
            """
        let job = try Configuration(parsing: text, file: "/etc/varde/p.yml").scrapeConfigs[0]
        #expect(job.access.credentials == .scheme("Bearer", credentials: .file("/etc/varde/secrets/t")))
        #expect(job.fileDiscovery[0].files == ["/etc/varde/t.json", "/x.json"])
        #expect(job.failureLog == "/etc/varde/failed.log")
    }

    @Test(arguments: [(1.1, Int32(2)), (2, 0), (1, 8), (0, 8), (1.0001, 8), (4, -1), (1e9, -4), (1.0905, 3)])
    func `The least growth of buckets says how fine they may be`(_ factor: Double, _ schema: Int32) throws {
        #expect(try Self.read("native_histogram_min_bucket_factor: \(factor)").finestHistogramSchema == schema)
    }

    private static let kubeconfig = """
        apiVersion: v1
        kind: Config
        current-context: here
        contexts:
          - {name: here, context: {cluster: c, user: u, namespace: x}}
        clusters:
          - name: c
            cluster: {server: "https://k:6443/", certificate-authority-data: Q0E=, tls-server-name: api, proxy-url: "http://p:3128"}
        users:
          - name: u
            user: {client-certificate: pem/c.crt, client-key-data: S0VZ, token: t}
        """

    @Test func `A kubeconfig file says where the cluster is and how it is asked`() throws {
        let read = try Kubeconfig(parsing: Self.kubeconfig, file: "/home/k/config")
        #expect(read.server == "https://k:6443")
        #expect(read.access.credentials == .scheme("Bearer", credentials: "t"))
        #expect(read.access.proxy?.forHTTPS?.host == "p")
        let tls = try #require(read.access.tls)
        #expect(tls.fixed.authorities == "CA" && tls.fixed.serverName == "api")
        #expect(tls.certificateFile == "/home/k/pem/c.crt" && tls.fixed.key == "KEY")
    }

    @Test(arguments: [
        ("current-context: here", "current-context: gone", 1, 1), ("cluster: c,", "cluster: d,", 1, 1),
        ("https://k:6443/", "k:6443", 8, 23), ("Q0E=", "'%'", 8, 70), ("token: t", "exec: {command: x}", 11, 66),
    ])
    func `A kubeconfig file that cannot be used is told of by its place`(_ old: String, _ new: String, _ line: Int, _ column: Int) {
        #expect {
            _ = try Kubeconfig(parsing: Self.kubeconfig.replacing(old, with: new), file: "config")
        } throws: { error in
            guard let error = error as? ConfigurationError else { return false }
            #expect(error.file == "config" && error.line == line && error.column == column, "\(error)")
            return true
        }
    }

    @Test func `Options of global hold where a job says nothing`() throws {
        let text = """
            global: {scrape_protocols: [PrometheusText0.0.4], sample_limit: 7, extra_scrape_metrics: true, scrape_native_histograms: true}
            scrape_configs: [{job_name: a}, {job_name: b, sample_limit: 8, scrape_protocols: [PrometheusProto]}]
            """
        let jobs = try Configuration(parsing: text, file: "p.yml").scrapeConfigs
        #expect(jobs[0].protocols == [.text0])
        #expect(jobs.map(\.sampleLimit) == [7, 8])
        #expect(jobs[1].protocols == [.protobuf])
        #expect(jobs.allSatisfy { $0.extraScrapeMetrics && $0.scrapesNativeHistograms })
    }

    @Test func `The host is watched as job node, unless switched off or taken by a job of that name`() throws {
        func names(_ text: String) throws -> [String] {
            try Configuration(parsing: text, file: "p.yml").effectiveScrapeConfigs(listen: "127.0.0.1:1").map(\.jobName)
        }
        #expect(try names("{}") == ["node"])
        #expect(try names("collect: {host: {enabled: false}}") == [])
        #expect(try names("scrape_configs: [{job_name: node}]") == ["node"])
        #expect(try names("collect: {host: {labels: {job: host}}}") == ["host"])
    }
}
