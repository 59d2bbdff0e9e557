"""Talks to a Varde as its users' programs do; prints what came back as one JSON object.

clients.py ADDRESS PART, where PART is logging-loki, opentelemetry, api-client or promql-parser.
"""
import datetime
import json
import logging
import sys
import urllib.error
import urllib.parse
import urllib.request

address, part = sys.argv[1], sys.argv[2]


def get(path, **parameters):
    query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
    with urllib.request.urlopen(address + path + query, timeout=30) as answer:
        return json.load(answer)


def streams(selector):
    found = get("/loki/api/v1/query_range", query=selector)["data"]["result"]
    return [{"labels": one["stream"], "lines": sorted(value[1] for value in one["values"])} for one in found]


def logging_loki_part():
    import logging_loki

    handler = logging_loki.LokiHandler(url=address + "/loki/api/v1/push", tags={"application": "pyapp"}, version="1")
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    for number in range(5):
        logger.info("order %d by kari.nordmann@example.no", number, extra={"tags": {"service": "orders"}})
    return streams('{application="pyapp"}')


def opentelemetry_part():
    from opentelemetry._logs import SeverityNumber
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    resource = Resource.create({"service.name": "otelsvc", "service.instance.id": "i1"})
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=address + "/v1/metrics"), export_interval_millis=60000)
    meters = MeterProvider(resource=resource, metric_readers=[reader])
    meter = meters.get_meter("shop")
    counter = meter.create_counter("work.items", unit="1")
    histogram = meter.create_histogram("work.time", unit="s")
    for number in range(20):
        counter.add(1, {"kind": "order"})
        histogram.record(number / 10)
    flushed = meters.force_flush()
    meters.shutdown()
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=address + "/v1/logs")))
    for number in range(3):
        logs.get_logger("shop").emit(
            timestamp=int(datetime.datetime.now().timestamp() * 1e9) + number,
            severity_number=SeverityNumber.WARN,
            body=f"paid {number} by kari.nordmann@example.no",
        )
    logs.force_flush()
    logs.shutdown()
    value = lambda query: [one["value"][1] for one in get("/api/v1/query", query=query)["data"]["result"]]
    return {
        "flushed": flushed,
        "items": value('work_items_total{kind="order"}'),
        "count": value("work_time_seconds_count"),
        "sum": value("work_time_seconds_sum"),
        "info": value("target_info"),
        "lines": [line for one in streams('{service_name="otelsvc"}') for line in one["lines"]],
    }


def api_client_part():
    from prometheus_api_client import PrometheusConnect

    client = PrometheusConnect(url=address, disable_ssl=True)
    end = datetime.datetime.now()
    start = end - datetime.timedelta(minutes=10)
    data = client.get_metric_range_data("asked_total", start_time=start, end_time=end)
    return {
        "connects": client.check_prometheus_connection(),
        "metrics": client.all_metrics(),
        "jobs": client.get_label_values("job"),
        "now": [one["value"][1] for one in client.custom_query("sum(asked_total)")],
        "current": len(client.get_current_metric_value("asked_total", {"job": "a"})),
        "steps": [len(one["values"]) for one in client.custom_query_range("asked_total", start, end, "15s")],
        "objects": len(data),
        "samples": sum(len(one["values"]) for one in data),
    }


EXPRESSIONS = """
sum by (a) (rate(x[5m]))
histogram_quantile(0.9, sum(rate(b_bucket[1m])) by (le))
a @ 100 offset 5m
a @ start()
a @ end() offset -1m
a and on(x) b
a * on(x) group_left(y) b
a + ignoring(x) group_right() b
max_over_time(rate(a[1m])[5m:30s])
{__name__='x', y=~'a|b'}
{"a.b", c!~"d.*"}
topk(3, a) > bool 2
label_replace(a, 'x', '$1', 'y', '(.*)')
-a ^ 2
a % 0x1F
1e3 + .5
sum without(x) (a)
count_values('v', a)
absent(a{b='c'})
a == on() b
quantile(0.1, a)
a unless b or c
vector(1) atan2 vector(2)
time() - Inf
rate(a[1h30m5s])
a[5m
sum(
rate(a)
a{b=c}
1 +
a or
foo(a)
sum by a
{}
a{b=~"("}
a[0s]
a offset
sum(a, b)
"x" + 1
a == bool
1 and 2
a group_left b
""".strip().splitlines()


def promql_parser_part():
    import promql_parser

    different = []
    for expression in EXPRESSIONS:
        try:
            promql_parser.parse(expression)
            theirs = True
        except Exception:
            theirs = False
        try:
            get("/api/v1/parse_query", query=expression)
            ours = True
        except urllib.error.HTTPError as error:
            ours = error.code != 400
        if theirs != ours:
            different.append(expression)
    return {"asked": len(EXPRESSIONS), "different": different}


parts = {
    "logging-loki": logging_loki_part,
    "opentelemetry": opentelemetry_part,
    "api-client": api_client_part,
    "promql-parser": promql_parser_part,
}
print(json.dumps(parts[part]()))
