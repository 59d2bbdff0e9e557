"""Runs a server in a network namespace whose only way out is watched, and says what left.

Usage: unshare -n -m python3 namespace.py BINARY FOLDER AWAITED FAR, the last two addresses
that are to be refused, with a name server on loopback and with one at an undeclared address. Needs root, iproute2 and mount. Everything is pointed at 203.0.113.0/24 and
2001:db8::/32, which are documentation's own and routed out of an interface with a packet capture on it. Prints JSON.
"""
import collections, http.server, ipaddress, json, os, socket, struct, subprocess, sys, threading, time, urllib.request

BINARY, FOLDER = sys.argv[1], sys.argv[2]
PORT, OTHER = 4799, 4798
CONTROL = "203.0.113.250"
sent = collections.Counter()
asked = collections.Counter()


def run(*words):
    subprocess.run(words, check=True)


def network():
    run("ip", "link", "set", "lo", "up")
    # One end of a pair: what leaves it goes to the other end, and no further.
    run("ip", "link", "add", "out", "type", "veth", "peer", "name", "far")
    for name in ("out", "far"):
        open(f"/proc/sys/net/ipv6/conf/{name}/accept_dad", "w").write("0")
    run("ip", "link", "set", "out", "arp", "off")
    run("ip", "link", "set", "far", "arp", "off")
    run("ip", "addr", "add", "198.51.100.2/24", "dev", "out")
    run("ip", "-6", "addr", "add", "2001:db8:1::2/64", "dev", "out", "nodad")
    run("ip", "link", "set", "out", "up")
    run("ip", "link", "set", "far", "up")
    run("ip", "route", "add", "default", "dev", "out")
    run("ip", "-6", "route", "add", "default", "dev", "out")


def capture():
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    packets.bind(("out", 0))

    def loop():
        while True:
            frame, source = packets.recvfrom(65535)
            if source[2] != socket.PACKET_OUTGOING:
                continue
            kind = struct.unpack("!H", frame[12:14])[0]
            if kind == 0x0800:
                to = ipaddress.ip_address(frame[30:34])
            elif kind == 0x86DD:
                to = ipaddress.ip_address(frame[38:54])
            else:
                sent[f"frame of kind {kind:04x}"] += 1
                continue
            # The kernel's own announcements of the interface.
            if not to.is_multicast:
                sent[str(to)] += 1

    threading.Thread(target=loop, daemon=True).start()


ADDRESSES = {
    "undeclared.example": ["203.0.113.2"],
    "both.example": ["127.0.0.1", "203.0.113.3"],
    "good.example": ["127.0.0.1"],
}


def addresses(name):
    """Those of a name now; the rebinding one is loopback once, and then elsewhere."""
    asked[name] += 1
    if name == "rebind.example":
        return ["127.0.0.1"] if asked[name] == 1 else ["203.0.113.5"]
    return ADDRESSES.get(name, [])


def dns():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def loop():
        while True:
            question, client = server.recvfrom(4096)
            at, labels = 12, []
            while question[at]:
                labels.append(question[at + 1 : at + 1 + question[at]].decode())
                at += 1 + question[at]
            kind = struct.unpack("!H", question[at + 1 : at + 3])[0]
            found = addresses(".".join(labels).lower()) if kind == 1 else []
            answer = question[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0) + question[12 : at + 5]
            for address in found:
                answer += b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(address)
            server.sendto(answer, client)

    threading.Thread(target=loop, daemon=True).start()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        to = {
            "/by-address": "http://203.0.113.4/metrics", "/by-name": "http://undeclared.example/metrics",
            "/by-discovery": "http://203.0.113.18/targets", "/by-token": "http://203.0.113.21/token",
        }.get(self.path)
        self.send_response(302 if to else 200)
        if to:
            self.send_header("Location", to)
        # What is sent to be redirected is kept waiting for.
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"" if to else b"fine 1\n"
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


CONFIGURATION = f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
collect: {{host: {{enabled: false}}}}
scrape_configs:
  - {{job_name: good, static_configs: [{{targets: ["good.example:{OTHER}"]}}]}}
  - {{job_name: address, static_configs: [{{targets: ["203.0.113.1:9100", "[::ffff:203.0.113.6]:9100", "[2001:db8::7]:9100"]}}]}}
  - {{job_name: name, static_configs: [{{targets: ["undeclared.example:9100", "both.example:{OTHER}", "rebind.example:{OTHER}"]}}]}}
  - {{job_name: tls, scheme: https, static_configs: [{{targets: ["203.0.113.1:9443", "undeclared.example:9443"]}}]}}
  - {{job_name: redirect-address, metrics_path: /by-address, static_configs: [{{targets: ["127.0.0.1:{OTHER}"]}}]}}
  - {{job_name: redirect-name, metrics_path: /by-name, static_configs: [{{targets: ["127.0.0.1:{OTHER}"]}}]}}
  - job_name: token
    oauth2: {{client_id: a, client_secret: b, token_url: "http://203.0.113.11/token"}}
    static_configs: [{{targets: ["127.0.0.1:{OTHER}"]}}]
  - {{job_name: http-sd, http_sd_configs: [{{url: "http://203.0.113.12/targets", refresh_interval: 2s}}]}}
  - {{job_name: http-sd-redirect, http_sd_configs: [{{url: "http://127.0.0.1:{OTHER}/by-discovery", refresh_interval: 2s}}]}}
  - job_name: token-redirect
    oauth2: {{client_id: a, client_secret: b, token_url: "http://127.0.0.1:{OTHER}/by-token"}}
    static_configs: [{{targets: ["127.0.0.1:{OTHER}"]}}]
  - {{job_name: consul, consul_sd_configs: [{{server: "203.0.113.13:8500", refresh_interval: 2s}}]}}
  - {{job_name: docker, docker_sd_configs: [{{host: "tcp://203.0.113.14:2375", refresh_interval: 2s}}]}}
  - {{job_name: kubernetes, kubernetes_sd_configs: [{{role: node, api_server: "http://203.0.113.15:6443"}}]}}
  - {{job_name: dns-sd, dns_sd_configs: [{{names: [undeclared.example], type: A, port: 9100, refresh_interval: 2s}}]}}
remote_write:
  - {{url: "http://203.0.113.8:9009/api/v1/write"}}
  - {{url: "http://undeclared.example:9009/api/v1/write", name: named}}
  - {{url: "https://203.0.113.19:9009/api/v1/write", name: tls}}
  - {{url: "http://127.0.0.1:{OTHER}/by-address", name: redirected}}
  - url: "http://127.0.0.1:{OTHER}/fine"
    name: token
    oauth2: {{client_id: a, client_secret: b, token_url: "http://203.0.113.17/token"}}
loki_write:
  - {{url: "http://203.0.113.16:3100/loki/api/v1/push", name: loki}}
  - {{url: "http://undeclared.example:3100/loki/api/v1/push", name: loki-named}}
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["203.0.113.20:9093", "undeclared.example:9093"]}}]}}]
"""


def page(path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def refusals(data):
    """What the audit log has of refused connections."""
    folder = f"{FOLDER}/{data}/audit"
    lines = [line for name in sorted(os.listdir(folder)) for line in open(f"{folder}/{name}", errors="replace")]
    return [line.strip() for line in lines if "refused connection" in line]


def serve(name_server, awaited, data):
    """Serves until refusals of the awaited addresses are audited, and a while longer."""
    resolver = f"{FOLDER}/resolv.conf"
    open(resolver, "w").write(f"nameserver {name_server}\noptions timeout:1 attempts:1\n")
    run("mount", "--bind", resolver, "/etc/resolv.conf")
    log = open(f"{FOLDER}/{data}.log", "w")
    server = subprocess.Popen(
        [BINARY, "serve", "--config", f"{FOLDER}/varde.yaml", "--data-dir", f"{FOLDER}/{data}", "--listen", f"127.0.0.1:{PORT}"],
        stdout=log, stderr=log)
    try:
        until = time.time() + 30
        while not page("/-/ready") and time.time() < until and server.poll() is None:
            time.sleep(0.1)
        # Lines to be sent on, and somebody's data asked for and handed out: none of it may leave.
        for path, body in (("/api/v1/logs/lines?app=a", b"a line\n"), ("/api/v1/privacy/subject/find", b"02013299997\n")):
            request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", body, {"Content-Type": "text/plain"})
            urllib.request.urlopen(request, timeout=5).read()
        until = time.time() + 60
        while time.time() < until and not all(any(f"at {a}, undeclared" in line for line in refusals(data)) for a in awaited):
            time.sleep(0.2)
        time.sleep(3)
        targets = json.loads(page("/api/v1/targets") or "{}").get("data", {}).get("activeTargets", [])
        result = {
            "targets": [{"job": t["labels"]["job"], "url": t["scrapeUrl"], "health": t["health"], "error": t["lastError"]} for t in targets],
            "metrics": [line for line in page("/metrics").split("\n") if line.startswith("varde_egress_refused_total")],
        }
    finally:
        server.terminate()
        server.wait(timeout=30)
        run("umount", "/etc/resolv.conf")
    result["audit"] = refusals(data)
    return result


def main():
    network()
    capture()
    dns()
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", OTHER), Page)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    open(f"{FOLDER}/varde.yaml", "w").write(CONFIGURATION)
    results = {"local": serve("127.0.0.1", sys.argv[3].split(","), "data"), "far": serve("203.0.113.53", sys.argv[4].split(","), "other")}
    results["sent"] = dict(sent)
    # That the capture sees what leaves.
    control = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    control.settimeout(0.5)
    try:
        control.connect((CONTROL, 80))
    except OSError:
        pass
    socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("2001:db8::250", 9))
    time.sleep(0.5)
    results["control"] = {name: count for name, count in sent.items() if name not in results["sent"]}
    results["asked"] = dict(asked)
    json.dump(results, sys.stdout)


main()
