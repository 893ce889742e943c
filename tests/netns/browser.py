#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that looks at weftd's page: for page.bats, on the node whose page it is.

    browser.py CASE DIRECTORY     DIRECTORY: for profile and screenshots; prints what it measured

The page is the daemon's own, headers and all. For the cases with many nodes its mesh.json is answered here instead,
with a made-up mesh. Chromium is spoken to by its DevTools protocol over a pipe (descriptors 3 and 4).
"""
import base64
import json
import os
import random
import struct
import subprocess
import sys
import time
import zlib

PAGE = "http://127.0.0.1:9484/"
SIZE = {"width": 1280, "height": 800}
SMALLER = 5  # a screenshot, where its pixels are looked at
PATIENCE = 30  # seconds
DRAWN_TIMES = 40  # where drawing is measured
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def made_up_peer(i, seconds):
    """One of a mesh where nearly all is well."""
    peer = {
        "name": f"node-{i:03}", "id": f"{i:08x}{'0' * 24}", "origin": "gossip", "member": "alive", "session": "up",
        "endpoint": f"192.0.2.{i % 250 + 1}:51840", "path": "direct", "blocks": [f"10.{i // 250}.{i % 250}.0/24"],
        "allowed_ips": [f"10.{i // 250}.{i % 250}.0/24", f"fd44:0:0:{i:x}::/64"], "last_handshake_ms": 1795176000000,
        "rtt_us": 180 + (i * 7919) % 9000, "loss_ppm": 0, "mtu": 1420, "rx_packets": 1000 * i, "tx_packets": 900 * i,
        "rx_bytes": int((1 << 30) + seconds * 10 ** (2 + i % 6)), "tx_bytes": int((1 << 29) + seconds * 10 ** (1 + i % 7)),
    }
    chance = random.Random(i).random()
    if chance < 0.04:
        peer.update(session="none", path=None, member="dead", rtt_us=None)
    elif chance < 0.08:
        peer.update(session="handshaking", path=None, member="suspect")
    elif chance < 0.2:
        peer.update(session="none", path=None, rtt_us=None)
    return peer


def made_up_mesh(nodes, seconds, names=None):
    peers = [made_up_peer(i, seconds) for i in range(1, nodes)]
    for peer, name in zip(peers, names or []):
        peer["name"] = name
    peers[-1].update(session="none", path=None, rtt_us=None)
    silent = peers[-1]["name"]
    now = 1795176000000 + int(seconds * 1000)
    return {
        "api": "weft/v1", "version": "0.1.0", "verdict": "degraded", "now_ms": now,
        "node": {"name": "node-000", "id": "0" * 32, "interface": "weft0", "listen_port": 51840, "mtu": 1420,
                 "blocks": ["10.0.0.0/24", "fd44::/64"], "uptime_s": 273845},
        "isa": {"chosen": "avx2", "available": ["avx2", "sse", "portable"]}, "workers": 2, "shared_batches": 0,
        "offload": {"tun_tso": True, "tun_uso": True, "udp_gso": True, "udp_gro": True},
        "peers": peers, "drops": {"no_peer": 3, "replayed": 0},
        "problems": [{"code": "peer_silent", "severity": "warning", "subject": silent,
                      "cause": "it does not answer handshakes at 192.0.2.5:51840",
                      "remedy": "weft status on that node; check its public key, its listen_port and the firewalls for UDP 51840"},
                     {"code": "root_on_this_node", "severity": "info", "subject": "node-000",
                      "cause": "the network's root key lies on this node",
                      "remedy": "weft root export --out FILE, keep it elsewhere, then weft root remove --yes"}],
        "events": [{"time_ms": now - 60000 * i, "level": ["info", "info", "warn"][i % 3], "suppressed": 0,
                    "event": ["session_up", "members_changed", "peer_silent"][i % 3], "fields": {"peer": f"node-{i:03}"}}
                   for i in range(12, 0, -1)],
    }


class Browser:
    """A page in Chromium, and what there was to complain about."""

    def __init__(self, directory):
        to_browser, commands = os.pipe()
        answers, from_browser = os.pipe()
        environment = dict(os.environ, HOME=directory, TMPDIR=directory, XDG_RUNTIME_DIR=directory)
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                   f"--user-data-dir={directory}/profile", "--remote-debugging-pipe", "about:blank"]
        self.log = open(f"{directory}/chromium.log", "wb")

        def become():
            os.dup2(to_browser, 13), os.dup2(from_browser, 14)
            os.dup2(13, 3), os.dup2(14, 4)

        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log, close_fds=False,
                                        preexec_fn=become)
        os.close(to_browser), os.close(from_browser)
        self.commands, self.answers = commands, os.fdopen(answers, "rb", buffering=0)
        self.number, self.read, self.session = 0, b"", None
        self.mesh = None  # instead of the daemon's: a function
        self.complaints = []  # of the page: exceptions, what its policy forbade
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, mobile=False, **SIZE)

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()

    def send(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        return self.number

    def call(self, method, **parameters):
        number = self.send(method, **parameters)
        while True:
            message = self.receive()
            if message.get("id") != number:
                self.hear(message)
            elif "error" in message:
                raise RuntimeError(f"{method}: {message['error']}")
            else:
                return message["result"]

    def receive(self):
        while b"\0" not in self.read:
            more = self.answers.read(1 << 16)
            if not more:
                raise RuntimeError("chromium ended")
            self.read += more
        message, self.read = self.read.split(b"\0", 1)
        return json.loads(message)

    def hear(self, message):
        parameters = message.get("params", {})
        if message.get("method") == "Fetch.requestPaused":
            body = base64.b64encode(json.dumps(self.mesh()).encode()).decode()
            self.send("Fetch.fulfillRequest", requestId=parameters["requestId"], responseCode=200, body=body,
                      responseHeaders=[{"name": "Content-Type", "value": "application/json"}])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(parameters["exceptionDetails"])
        elif message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"])

    def instead_of_mesh(self, mesh):
        self.mesh = mesh
        self.call("Fetch.enable", patterns=[{"urlPattern": "*/page/mesh.json"}])

    def open(self, scheme="light"):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=PAGE)
        self.until("window.weft_page?.model()")

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def work(self, statements):
        """Milliseconds of the page's processor time that they take."""
        def spent():
            metrics = self.call("Performance.getMetrics")["metrics"]
            return next(1000 * metric["value"] for metric in metrics if metric["name"] == "TaskDuration")
        self.call("Performance.enable", timeDomain="threadTicks")
        before = spent()
        self.value(f"{{ {statements} }}")
        return spent() - before

    def until(self, expression):
        end = time.monotonic() + PATIENCE
        while not self.value(f"Boolean({expression})"):
            assert time.monotonic() < end, f"never: {expression}"
            time.sleep(0.05)

    def press(self, key, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text if kind == "keyDown" else "",
                      windowsVirtualKeyCode={"Tab": 9, "Enter": 13}.get(key, 0))

    def screenshot(self, path):
        """Of a smaller one of the same: colours in it, and how light it is (0 to 255)."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        clip = {"x": 0, "y": 0, "scale": 1 / SMALLER, **SIZE}
        return look_at(base64.b64decode(self.call("Page.captureScreenshot", format="png", clip=clip)["data"]))


def look_at(png):
    """Of an image with 8-bit RGB or RGBA pixels: (number of colours, mean of all)."""
    at, packed, header = 8, b"", None
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        if kind == b"IHDR":
            header = struct.unpack(">IIBB", png[at + 8:at + 18])
        elif kind == b"IDAT":
            packed += png[at + 8:at + 8 + length]
        at += 12 + length
    width, height, depth, colour = header
    assert (width, height, depth) == (SIZE["width"] // SMALLER, SIZE["height"] // SMALLER, 8), header
    bytes_each = {2: 3, 6: 4}[colour]
    rows = unfiltered(zlib.decompress(packed), width * bytes_each, bytes_each)
    pixels = [bytes(row[x:x + 3]) for row in rows for x in range(0, len(row), bytes_each)]
    return len(set(pixels)), sum(sum(pixel) for pixel in pixels) // (3 * len(pixels))


def unfiltered(data, stride, step):
    """Rows of an image (PNG specification, 9.2)."""
    rows, before = [], bytearray(stride)
    for at in range(0, len(data), stride + 1):
        kind, row = data[at], bytearray(data[at + 1:at + 1 + stride])
        for i in range(stride if kind else 0):
            left = row[i - step] if i >= step else 0
            corner = before[i - step] if i >= step else 0
            row[i] = (row[i] + (0, left, before[i], (left + before[i]) // 2, nearest(left, before[i], corner))[kind]) & 255
        rows.append(row)
        before = row
    return rows


def nearest(left, above, corner):
    far = [abs(left + above - corner - value) for value in (left, above, corner)]
    return (left, above, corner)[far.index(min(far))]


# ---- Cases -----------------------------------------------------------------------------------------
def mesh_of(nodes, **more):
    began = time.monotonic()
    return lambda: made_up_mesh(nodes, time.monotonic() - began, **more)


def labels(browser):
    return browser.value("document.querySelectorAll('#labels > *').length")


def case_live(browser, directory):
    """The daemon's own mesh of three: both peers are there, and nothing was forbidden or broken."""
    browser.open()
    browser.until("weft_page.model().peers.length === 2 && weft_page.model().up === 2")
    browser.until("weft_page.model().peers[0].rx_rate !== null")
    browser.screenshot(f"{directory}/live.png")
    assert browser.value("document.querySelector('#events li') !== null")
    assert "public_key" not in browser.value("JSON.stringify(weft_page.model().mesh)")
    return "2 peers"


def case_labels(browser, directory):
    """No label covers another or another's dot, in light and dark."""
    told = []
    for nodes in (3, 30, 60):
        browser.instead_of_mesh(mesh_of(nodes))
        for scheme in ("light", "dark"):
            browser.open(scheme)
            browser.until("weft_page.model().peers[0].rx_rate !== null")
            assert labels(browser) == nodes - 1, labels(browser)
            overlaps = browser.value("weft_page.overlaps()")
            assert overlaps == 0, f"{overlaps} labels overlap at {nodes} nodes"
            colours, lightness = browser.screenshot(f"{directory}/{nodes}-{scheme}.png")
            assert colours > 20, f"{colours} colours: blank?"
            assert (lightness > 180) == (scheme == "light") and (lightness < 80) == (scheme == "dark"), lightness
        told.append(f"{nodes} nodes: 0 overlaps")
    return ", ".join(told)


def case_long_names(browser, directory):
    """Names as long as they may be."""
    browser.instead_of_mesh(mesh_of(30, names=[f"{'w' * 60}{i:02}" for i in range(29)]))
    browser.open()
    assert browser.value("weft_page.overlaps()") == 0
    browser.screenshot(f"{directory}/long-names.png")
    assert browser.value("document.documentElement.scrollWidth") <= SIZE["width"]
    return "30 names of 62 letters"


def case_many(browser, directory):
    """300: a label for what is gone to, more when zoomed in, a list; and quick."""
    browser.instead_of_mesh(mesh_of(300))
    browser.open("dark")
    browser.until("weft_page.model().peers[0].rx_rate !== null")
    assert labels(browser) == 0
    colours, _ = browser.screenshot(f"{directory}/300-dark.png")
    assert colours > 20
    browser.value("document.querySelector('[data-key$=\"node-123\"]').focus()")
    assert labels(browser) == 1
    for _ in range(3):
        browser.press("+", "+")
    shown = labels(browser)
    assert shown > 20 and browser.value("document.activeElement.getAttribute('aria-label')").startswith("node-123")
    overlapping = browser.value("""(() => {
        const boxes = [...document.querySelectorAll('#labels > *')].map((label) => label.getBoundingClientRect());
        return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
            a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length; })()""")
    assert overlapping == 0, overlapping
    browser.screenshot(f"{directory}/300-zoomed.png")
    drawn = browser.work(f"""for (let i = 0; i < {DRAWN_TIMES // 2}; ++i)
        document.getElementById('zoom_in').click(), document.getElementById('zoom_reset').click();""") / DRAWN_TIMES
    browser.value("document.getElementById('as_list').click()")
    assert browser.value("document.querySelectorAll('#list tbody tr').length") == 299
    browser.screenshot(f"{directory}/300-list.png")
    browser.value("""(() => { const find = document.getElementById('find');
        find.value = 'node-12'; find.dispatchEvent(new Event('input')); })()""")
    assert browser.value("document.querySelectorAll('#list tbody tr').length") == 10
    return f"300 nodes: {shown} labels when zoomed in, {drawn:.1f} ms of processor to draw"


def case_hostile(browser, directory):
    """A node called <script> is text wherever it is shown."""
    browser.instead_of_mesh(mesh_of(3, names=[HOSTILE, HOSTILE]))
    browser.open()
    assert browser.value("document.querySelector('#labels text').textContent").startswith("<script>")
    browser.value("document.querySelector('[data-key^=\"0 <\"]').focus()")
    assert browser.value("document.getElementById('detail_title').textContent") == HOSTILE
    browser.value("document.getElementById('as_list').click()")
    assert browser.value("document.querySelector('#list tbody button').textContent") == HOSTILE
    assert browser.value("document.title") == "! node-000 · weft"
    assert browser.value("document.querySelectorAll('body script, body img').length") == 1  # the emblem
    browser.screenshot(f"{directory}/hostile.png")
    return "nothing ran"


def case_keyboard(browser, directory):
    """By the tab key into the map, from node to node by arrows, and its detail is shown."""
    browser.instead_of_mesh(mesh_of(30))
    browser.open()
    names = []
    for _ in range(12):
        browser.press("Tab")
        names.append(browser.value("document.activeElement.dataset.key ?? document.activeElement.id"))
        if names[-1] == "self":
            break
    assert names[-1] == "self", names
    browser.press("ArrowRight")
    first = browser.value("document.activeElement.dataset.key")
    browser.press("ArrowDown")
    second = browser.value("document.activeElement.dataset.key")
    assert "node-" in first and "node-" in second and first != second, (first, second)
    assert browser.value("document.getElementById('detail_title').textContent") == second.split(" ")[1]
    assert browser.value("document.activeElement.getAttribute('aria-selected')") == "true"
    browser.screenshot(f"{directory}/keyboard.png")
    return f"{len(names)} tabs and an arrow to {first.split(' ')[1]}"


def main():
    case, directory = sys.argv[1:]
    browser = Browser(directory)
    try:
        told = globals()[f"case_{case}"](browser, directory)
        assert not browser.complaints, browser.complaints
        print(told)
    finally:
        browser.close()


if __name__ == "__main__":
    main()
