# SPDX-License-Identifier: Apache-2.0
"""A service manager as far as its file descriptor store goes: service_manager.py DIRECTORY COMMAND...

Runs the command with NOTIFY_SOCKET and keeps what that sends by FDSTORE=1. Its pid is in DIRECTORY/pid, the
names of what is kept in DIRECTORY/kept. A command that was killed is run again once DIRECTORY/again exists,
and gets what was kept; when it ends by itself, all is closed.
"""
import os
import signal
import socket
import sys
import time

directory, command = sys.argv[1], sys.argv[2:]
os.makedirs(directory, exist_ok=True)
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(f"{directory}/notify")
notify.settimeout(0.05)
kept = {}


def start():
    pid = os.fork()
    if pid == 0:
        for number, fd in enumerate([os.dup(fd) for fd in kept.values()]):
            os.dup2(fd, 100 + number)
        for number in range(len(kept)):
            os.dup2(100 + number, 3 + number)
        environment = dict(os.environ, NOTIFY_SOCKET=f"{directory}/notify")
        if kept:
            environment.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(kept)), LISTEN_FDNAMES=":".join(kept))
        os.closerange(3 + len(kept), 256)
        os.execvpe(command[0], command, environment)
    write("pid", str(pid))
    return pid


def write(name, text):
    with open(f"{directory}/{name}.new", "w") as file:
        file.write(text)
    os.rename(f"{directory}/{name}.new", f"{directory}/{name}")


def take():
    try:
        text, fds, _, _ = socket.recv_fds(notify, 4096, 4)
    except TimeoutError:
        return
    fields = dict(line.split("=", 1) for line in text.decode().splitlines())
    name = fields.get("FDNAME")
    if fields.get("FDSTOREREMOVE") == "1" and name in kept:
        os.close(kept.pop(name))
    if fields.get("FDSTORE") == "1":
        kept[name] = fds[0]
    write("kept", " ".join(kept))


def end(*_):
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    sys.exit(0)


child = start()
signal.signal(signal.SIGTERM, end)
while True:
    take()
    ended, status = os.waitpid(child, os.WNOHANG)
    if not ended:
        continue
    if not os.WIFSIGNALED(status):
        sys.exit(0)
    while not os.path.exists(f"{directory}/again"):
        time.sleep(0.05)
    child = start()
