#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scaleway's Instances and IPAM APIs as they are documented, for tests: scaleway_api.py PORT DIRECTORY

Answers on 127.0.0.1. DIRECTORY/mode says how ("ok" where it is missing), DIRECTORY/requests gets a line for
each request. Modes: ok, 401, 403, 404, 500, busy N (the next N answers are 429, Retry-After 1), flaky N (503),
hang, garbage, html, huge, endless, moving (the count changes between pages), fifty (on a page at most), short (fewer than counted), none.
"""
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

TOKEN = "11111111-2222-3333-4444-555555555555"
DIRECTORY = Path(sys.argv[2])
SERVERS = {"fr-par-1": 230, "fr-par-2": 0, "nl-ams-1": 2, "pl-waw-1": 100}


def server(zone, i):
    """One with every field that matters here, and others."""
    number = list(SERVERS).index(zone)
    return {
        "id": f"00000000-0000-4000-8000-{number:06x}{i:06x}",
        "name": f"{zone}-{i}",
        "organization": "org-1",
        "project": "project-1" if i % 2 else "project-2",
        "tags": ["weft", "db"] if i % 10 == 0 else ["weft"] if i % 5 == 0 else [],
        "state": "running",
        "volumes": {"0": {"id": "v", "size": 20000000000}},
        "public_ip": {"id": "p", "address": f"203.0.{number}.{i}", "dynamic": False} if i < 250 else None,
        "public_ips": [
            {"id": "p", "address": f"203.0.{number}.{i}", "family": "inet"},
            {"id": "q", "address": f"2001:db8:{number}::{i:x}", "family": "inet6"},
        ],
        "ipv6": None,
        "private_ip": f"10.1.{number}.{i}" if i % 2 else None,
        "private_nics": [{"id": f"nic-{zone}-{i}", "mac_address": "02:00:00:00:00:01"}] if i == 0 else [],
        "zone": zone,
    }


def mode():
    try:
        return (DIRECTORY / "mode").read_text().split()
    except FileNotFoundError:
        return ["ok"]


def counted_down(words):
    """Is it the turn of one of the N bad answers?"""
    left = int(words[1])
    (DIRECTORY / "mode").write_text(f"{words[0]} {left - 1}" if left > 1 else "ok")
    return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        with open(DIRECTORY / "requests", "a") as log:
            log.write(self.path + "\n")
        words = mode()
        if self.headers.get("X-Auth-Token") != TOKEN or words[0] == "401":
            return self.answer(401, {"message": "authentication is denied", "type": "denied_authentication"})
        if words[0] in ("403", "404", "500"):
            return self.answer(int(words[0]), {"message": "no\x1b[1m way", "type": "x"})
        if words[0] == "busy" and counted_down(words):
            return self.answer(429, {"message": "slow down"}, [("Retry-After", "1")])
        if words[0] == "flaky" and counted_down(words):
            return self.answer(503, b"<html>later</html>")
        if words[0] == "hang":
            return time.sleep(60)
        if words[0] == "garbage":
            return self.answer(200, b'{"servers": [{"id": 7, "name":')
        if words[0] == "html":
            return self.answer(200, b"<html>login</html>")
        if words[0] == "huge":
            return self.answer(200, b'{"servers": [' + b" " * (9 << 20) + b"]}")
        if words[0] == "endless":
            return self.endless()
        self.serve(words[0])

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b" " * 65536)

    def serve(self, how):
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        parts = url.path.strip("/").split("/")
        if parts[0] == "ipam":
            ips = [
                {"id": "i", "address": "172.16.4.2/22", "resource": {"type": "instance_private_nic", "id": "nic-fr-par-1-0"}},
                {"id": "j", "address": "fd5f:519c::2/64", "resource": {"type": "instance_private_nic", "id": "nic-fr-par-1-0"}},
                {"id": "k", "address": "172.16.4.3/22", "resource": {"type": "instance_private_nic", "id": "somebody-elses"}},
            ]
            here = parts[3] == "fr-par"
            return self.answer(200, {"total_count": len(ips) if here else 0, "ips": ips if here else []})
        zone = parts[3]
        if zone not in SERVERS:
            return self.answer(404, {"message": "zone not found"})
        page, size = int(query["page"]), min(int(query["per_page"]), 50 if how == "fifty" else 100)
        servers = [server(zone, i) for i in range(0 if how == "none" else SERVERS[zone])]
        for key in ("project", "organization"):
            servers = [each for each in servers if query.get(key, each[key]) == each[key]]
        if "tags" in query:
            servers = [each for each in servers if set(query["tags"].split(",")) <= set(each["tags"])]
        total = len(servers)
        if how == "moving":
            total += page % 2
        if how == "short":
            servers.pop()
        self.answer(200, {"servers": servers[(page - 1) * size : page * size]}, [("X-Total-Count", str(total))])


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
