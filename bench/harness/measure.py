# SPDX-License-Identifier: Apache-2.0
"""Figures of one tunnel: iperf3 and ping between two namespaces."""
import json
import re
import signal
import subprocess
import threading
import time

from lab import LabError, until

IPERF_PORT = 5201
CONGESTION = "cubic"  # said, because the machine's default may be another and cost up to half
OMIT_SECONDS = 1
LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ping(lab, netns, address, count, interval=0.002):
    """Round-trip times in microseconds."""
    done = lab.run(netns, "ping", "-n", "-i", str(interval), "-c", str(count), "-W", "1", address,
                   check=False)
    times = [float(t) * 1000 for t in re.findall(r"time=([0-9.]+) ms", done.stdout)]
    if len(times) < count / 2:
        raise LabError(f"ping {address}: {len(times)} of {count} came back")
    return times


def is_listening(pid, port):
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if fields[1].endswith(f":{port:04X}") and fields[3] == LISTEN:
                    return True
    return False


def start_server(lab, netns):
    server = lab.spawn(netns, "iperf3", "-s", "-1", "-p", str(IPERF_PORT), log="iperf.log",
                       stdout=subprocess.DEVNULL)
    until(lambda: is_listening(server.pid, IPERF_PORT), "iperf3 -s")
    return server


def iperf(lab, client, server, address, seconds, *words):
    """One run from client to server; iperf3's JSON."""
    listener = start_server(lab, server)
    try:
        done = lab.run(client, "iperf3", "-c", address, "-p", str(IPERF_PORT), "-J", "-t", str(seconds),
                       *words, check=False, timeout=seconds + 30)
    except subprocess.TimeoutExpired:
        raise LabError("iperf3 did not end") from None
    finally:
        lab.stop(listener)
    return parse_iperf(done.stdout)


def parse_iperf(text):
    try:
        report = json.loads(text)
    except ValueError:
        raise LabError(f"iperf3 printed no JSON: {text[-200:]!r}") from None
    if report.get("error") or "sum" not in report.get("end", {}) and "sum_received" not in report.get("end", {}):
        raise LabError(f"iperf3: {report.get('error', 'no sums')}")
    return report


def tcp_words(flows):
    return ["-C", CONGESTION, "-P", str(flows), "-O", str(OMIT_SECONDS)]


def tcp(lab, flows, address, seconds, client="a", server="b"):
    """(Gbit/s received, GB moved, the warm-up included)."""
    report = iperf(lab, client, server, address, seconds, *tcp_words(flows))
    moved = sum(interval["sum"]["bytes"] for interval in report["intervals"]) / 1e9
    return report["end"]["sum_received"]["bits_per_second"] / 1e9, moved


SYSTEM_CALLS = "raw_syscalls:sys_enter"
LOCK_WAITS = "syscalls:sys_enter_futex"  # what the C library calls when another holds a mutex


class CannotCount(LabError):
    """perf, or the kernel, does not count system calls here."""


def calls_during(pids, work):
    """(system calls, waits for locks) of these processes while `work` runs, and what that returns."""
    try:
        counting = subprocess.Popen(
            ["perf", "stat", "-x", ";", "-e", f"{SYSTEM_CALLS},{LOCK_WAITS}", "-p", ",".join(map(str, pids))],
            stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        raise CannotCount("no perf; apt-get install linux-perf") from None
    time.sleep(0.2)  # until it has attached
    try:
        result = work()
    finally:
        counting.send_signal(signal.SIGINT)
        report = counting.communicate()[1]
    counts = {fields[2]: fields[0] for fields in (line.split(";") for line in report.splitlines()) if len(fields) > 2}
    try:
        return int(counts[SYSTEM_CALLS]), int(counts[LOCK_WAITS]), result
    except (KeyError, ValueError):
        raise CannotCount(f"perf stat: {report.strip()[:200]}") from None


def udp_delivered(lab, size, address, seconds):
    """Thousands of datagrams per second that arrive at unlimited offered load."""
    report = iperf(lab, "a", "b", address, seconds, "-u", "-b", "0", "-l", str(size))
    total = report["end"]["sum"]
    return (total["packets"] - total["lost_packets"]) / total["seconds"] / 1000


def ping_during_tcp(lab, address, seconds, count):
    """Round-trip times in microseconds while one TCP flow runs."""
    flow = threading.Thread(target=lambda: quiet(lambda: tcp(lab, 1, address, seconds)))
    flow.start()
    try:
        time.sleep(OMIT_SECONDS)
        return ping(lab, "a", address, count)
    finally:
        flow.join()


def quiet(work):
    """The background flow's own failure shows in the figures beside it."""
    try:
        work()
    except LabError:
        pass
