"""Prints what prometheus_client exposes, as one JSON object: by format its content type and its body.

exposition.py FORMAT=ACCEPT..., each ACCEPT as a scraper sends it.
"""
import json
import sys

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary
from prometheus_client.core import GaugeHistogramMetricFamily
from prometheus_client.exposition import choose_encoder

registry = CollectorRegistry()
paid = Counter("orders_paid", "Orders paid, \"all\" of them\\\nin lines.", ["shop", "path"], registry=registry)
paid.labels("oslo", "C:\\temp\n\"x\"").inc(3)
paid.labels("tromsø", "").inc(1.5, exemplar={"trace_id": "4bf92f3577b34da6"})
Counter("orders_refused", "Never counted.", ["shop"], registry=registry)
depth = Gauge("queue_depth", "Lines waiting.", ["queue"], unit="lines", registry=registry)
for name, value in [("a", float("inf")), ("b", float("-inf")), ("c", -0.0), ("d", 1e-300), ("e", 0.1 + 0.2), ("f", 2**60)]:
    depth.labels(name).set(value)
wait = Histogram("wait_seconds", "Waits.", ["queue"], buckets=(0.005, 0.25, 1, 10), registry=registry)
for number in range(40):
    wait.labels("a").observe(number / 7, exemplar={"trace_id": str(number)} if number % 9 == 0 else None)
Summary("size_bytes", "Sizes.", registry=registry).observe(1234.5)
Info("build", "What runs.", registry=registry).info({"version": "1.2.3", "note": "a\\b"})
Enum("phase", "Where it is.", states=["starting", "running", "stopped"], registry=registry).state("running")


class Spread:
    def collect(self):
        yield GaugeHistogramMetricFamily("spread", "Now.", buckets=[("1.0", 2), ("+Inf", 5)], gsum_value=7.25)


registry.register(Spread())
answers = {}
for argument in sys.argv[1:]:
    format, accept = argument.split("=", 1)
    encode, content_type = choose_encoder(accept)
    answers[format] = {"type": content_type, "body": encode(registry).decode()}
print(json.dumps(answers))
