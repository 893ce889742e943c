# SPDX-License-Identifier: Apache-2.0
"""A service manager as far as its file descriptor store goes: service_manager.py DIRECTORY COMMAND...

Runs the command with NOTIFY_SOCKET and keeps what that sends by FDSTORE=1. Its pid is in DIRECTORY/pid, the
names of what is kept in DIRECTORY/kept, how often it was ready in DIRECTORY/ready. A command that was killed is
run again once DIRECTORY/again exists, on SIGUSR1 it is ended and run again; it gets what was kept. When it ends
by itself, all is closed.
"""
import os
import select
import signal
import socket
import sys

directory, command = sys.argv[1], sys.argv[2:]
os.makedirs(directory, exist_ok=True)
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(f"{directory}/notify")
notify.setblocking(False)
woken, waker = os.pipe()  # by signals
kept = {}
ready = 0
restarting = False


def start():
    pid = os.fork()
    if pid == 0:
        for number, fd in enumerate([os.dup(fd) for fd in kept.values()]):
            os.dup2(fd, 200 + number)
        for number in range(len(kept)):
            os.dup2(200 + number, 3 + number)
        environment = dict(os.environ, NOTIFY_SOCKET=f"{directory}/notify")
        if kept:
            environment.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(kept)), LISTEN_FDNAMES=":".join(kept))
        os.closerange(3 + len(kept), 512)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.execvpe(command[0], command, environment)
    write("pid", str(pid))
    return pid


def write(name, text):
    with open(f"{directory}/{name}.new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(f"{directory}/{name}.new", f"{directory}/{name}")


def take():
    """All that it has been told."""
    global ready
    while True:
        try:
            text, fds, _, _ = socket.recv_fds(notify, 4096, 4)
        except BlockingIOError:
            return
        fields = dict(line.split("=", 1) for line in text.decode().splitlines())
        name = fields.get("FDNAME")
        if fields.get("FDSTOREREMOVE") == "1" and name in kept:
            os.close(kept.pop(name))
        if fields.get("FDSTORE") == "1":
            kept[name] = fds.pop()
        for fd in fds:  # of a barrier: whoever waits has the other end
            os.close(fd)
        if fields.get("READY") == "1":
            ready += 1
            write("ready", str(ready))
        if name:
            write("kept", " ".join(kept))


def end(*_):
    if child:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    sys.exit(0)


def restart(*_):
    global restarting
    restarting = True
    if child:
        os.kill(child, signal.SIGTERM)


child = start()
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGUSR1, restart)
signal.signal(signal.SIGCHLD, lambda *_: os.write(waker, b"x"))
while True:
    if woken in select.select([notify, woken], [], [], 0.05)[0]:
        os.read(woken, 64)
    take()
    ended, status = os.waitpid(child, os.WNOHANG) if child else (0, 0)
    if ended:
        take()  # its last words
        if not os.WIFSIGNALED(status) and not restarting:
            sys.exit(0)
        child = None
    if not child and (restarting or os.path.exists(f"{directory}/again")):
        restarting = False
        child = start()
