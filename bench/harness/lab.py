# SPDX-License-Identifier: Apache-2.0
"""Namespaces, links and processes of one measurement.

Runs inside run.sh's own PID, mount and network namespace with a private /run, so that names are free,
nothing outside changes, and what is left behind ends with it.
"""
import os
import signal
import subprocess
import time

OUTER_MTU = 1500
START_SECONDS = 15


class LabError(Exception):
    """Something did not start; the text says what."""


def ip(*words, netns=None):
    where = ["-n", netns] if netns else []
    done = subprocess.run(["ip", *where, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"ip {' '.join(where + list(words))}: {done.stderr.strip()}")
    return done.stdout


def until(check, what, seconds=START_SECONDS):
    """Waits for check() to be true; LabError names what did not come."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def cpu_seconds(pid):
    """CPU time of a process and its threads, ended ones too, in ns steps: the scheduler's account, as
    cpuacct has it; softirqs that ran on the process's time are in it (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def machine_cpu_seconds():
    """Busy time of all CPUs: user, nice, system, irq, softirq (proc(5), /proc/stat)."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(field) for field in file.readline().split()[1:]]
    return sum(fields[i] for i in (0, 1, 2, 5, 6)) / os.sysconf("SC_CLK_TCK")


def peak_rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise LabError(f"process {pid} has no VmHWM")


class Lab:
    """Use as a context manager: on the way out its processes end, then its namespaces go."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = []
        self.namespaces = []
        os.makedirs(directory, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.stop(process)
        for name in self.namespaces:
            ip("netns", "del", name)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, mode)) as file:
            file.write(text)
        return path

    # ---- namespaces and links ----------------------------------------------------------------
    def add_namespace(self, name):
        ip("netns", "add", name)
        self.namespaces.append(name)
        ip("link", "set", "lo", "up", netns=name)

    def add_veth(self, name_a, link_a, name_b, link_b, mtu=OUTER_MTU):
        ip("link", "add", link_a, "mtu", str(mtu), "netns", name_a,
           "type", "veth", "peer", "name", link_b, "mtu", str(mtu), "netns", name_b)
        for netns, link in ((name_a, link_a), (name_b, link_b)):
            ip("link", "set", link, "up", netns=netns)

    def add_pair(self, topology="veth"):
        """Namespaces a and b, 192.0.2.1 and .2, over a veth. "dumb": a NIC that segments no UDP and
        computes no checksum on sending, but whose driver does GRO: a plain veth hands super-packets
        over whole and flatters everyone."""
        for name in ("a", "b"):
            self.add_namespace(name)
        self.add_veth("a", "va", "b", "vb")
        for name, host in (("a", 1), ("b", 2)):
            ip("addr", "add", f"192.0.2.{host}/24", "dev", f"v{name}", netns=name)
            if topology == "dumb":
                self.run(name, "ethtool", "-K", f"v{name}", "tx-udp-segmentation", "off",
                         "tx-checksumming", "off", "gro", "on")

    # ---- processes ---------------------------------------------------------------------------
    def run(self, netns, *words, check=True, **options):
        done = subprocess.run(["ip", "netns", "exec", netns, *words], capture_output=True, text=True,
                              check=False, **options)
        if check and done.returncode != 0:
            raise LabError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def spawn(self, netns, *words, log=None, env=None, stdout=None):
        """In the background; its standard error goes to the log. ip(8) execs it, so the pid is its own."""
        with open(self.path(log or f"{netns}.log"), "ab") as sink:
            process = subprocess.Popen(
                ["ip", "netns", "exec", netns, *words], stdin=subprocess.DEVNULL,
                stdout=stdout or sink, stderr=sink, env={**os.environ, **(env or {})})
        self.processes.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        """Ends a process of ours and waits for it."""
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()
        if process in self.processes:
            self.processes.remove(process)

    def log_tail(self, netns):
        try:
            with open(self.path(f"{netns}.log"), encoding="utf-8", errors="replace") as file:
                return file.read().strip()[-300:].replace("\n", " | ")
        except OSError:
            return ""

    def answers(self, netns, address, seconds=START_SECONDS):
        """Waits for the first echo reply."""
        def once():
            return self.run(netns, "ping", "-n", "-q", "-c", "1", "-W", "1", address, check=False).returncode == 0
        try:
            until(once, f"echo reply from {address}", seconds)
        except LabError as error:
            tails = " ".join(f"{name}: {self.log_tail(name)}" for name in self.namespaces)
            raise LabError(f"{error}; {tails}") from None
