#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: relay.py ADDRESS PORT_A PORT_B ADDRESS_A ADDRESS_B PORT DEPTH: a UDP relay between two WireGuard
nodes that listen on PORT: what arrives at PORT_A goes out from PORT_B to node B, and the other way round.
Of each direction's data messages every fourth is held back until DEPTH later ones have gone before it, or
nothing has come for a second. Each time the line has gone quiet it prints "A>B SEEN OVERTAKEN" and "B>A SEEN
OVERTAKEN": how many messages came, and before how many of them DEPTH others went."""
import collections
import select
import socket
import sys
import time

HOLD_EVERY = 4
QUIET_S = 1.0
PACE_S = 0.001
DATA = 4  # the type of a transport data message
SO_RCVBUFFORCE = 33  # <asm-generic/socket.h>


class Direction:
    def __init__(self, name, receive, send, target, depth):
        self.name, self.receive, self.send, self.target, self.depth = name, receive, send, target, depth
        self.seen = 0
        self.overtaken = 0
        self.held = collections.deque()  # (number that it was, message)

    def take(self):
        message = self.receive.recv(65535)
        if message[0] != DATA:
            self.forward(message)
            return
        self.seen += 1
        if self.seen % HOLD_EVERY == 0:
            self.held.append((self.seen, message))
        else:
            self.forward(message)
        # Of the DEPTH that follow, those held themselves have not gone before.
        while self.held and (self.seen - self.held[0][0]) * (HOLD_EVERY - 1) >= self.depth * HOLD_EVERY:
            self.overtaken += 1
            self.forward(self.held.popleft()[1])

    def flush(self):
        while self.held:
            self.forward(self.held.popleft()[1])
            time.sleep(PACE_S)  # no receiver's socket overflows
        print(self.name, self.seen, self.overtaken, flush=True)

    def forward(self, message):
        self.send.sendto(message, self.target)


def bound(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    result = socket.socket(family, socket.SOCK_DGRAM)
    result.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    result.bind((address, port))
    return result


def main(address, port_a, port_b, address_a, address_b, port, depth):
    a, b = bound(address, int(port_a)), bound(address, int(port_b))
    ways = {
        a: Direction("A>B", a, b, (address_b, int(port)), int(depth)),
        b: Direction("B>A", b, a, (address_a, int(port)), int(depth)),
    }
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select(list(ways), [], [], QUIET_S)
        for readable in ready:
            ways[readable].take()
        if not ready:
            for way in ways.values():
                way.flush()


main(*sys.argv[1:])
