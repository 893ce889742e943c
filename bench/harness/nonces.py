# SPDX-License-Identifier: Apache-2.0
"""nonces.py LINK PORT: WireGuard data messages that leave by LINK from UDP port PORT over IPv4, until SIGTERM; then, after
a line that it watches, as JSON how many, in how many sessions (receiver indices), and how often one counter of a session went with two
ciphertexts. Offloads of that sender must be off: a GSO frame is read as one message.
"""
import json
import signal
import socket
import struct
import sys

ETHERNET, IPV4, UDP, HEAD, SAMPLE = 14, 20, 8, 16, 16
OUTGOING = 4  # PACKET_OUTGOING, packet(7)


def main():
    link, port = sys.argv[1], int(sys.argv[2])
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    wire.bind((link, 0))
    seen, sessions, twice = {}, set(), 0
    signal.signal(signal.SIGTERM, lambda *_: wire.close())
    print("watching", flush=True)
    start = ETHERNET + IPV4 + UDP
    while True:
        try:
            frame, origin = wire.recvfrom(start + HEAD + SAMPLE)
        except OSError:  # closed
            break
        udp = frame[ETHERNET + IPV4:start]
        message = frame[start:]
        if (origin[2] != OUTGOING or frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_UDP
                or udp[:2] != struct.pack("!H", port) or message[:4] != b"\x04\0\0\0" or len(message) < HEAD + SAMPLE):
            continue
        nonce, sample = message[4:HEAD], message[HEAD:HEAD + SAMPLE]
        sessions.add(message[4:8])
        twice += seen.setdefault(nonce, sample) != sample
    print(json.dumps({"messages": len(seen), "sessions": len(sessions), "twice": twice}))


if __name__ == "__main__":
    main()
