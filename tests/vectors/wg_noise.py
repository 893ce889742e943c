#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes wg_noise.txt: two handshakes with fixed keys, without and with a preshared key, each whole
message of them and the first data messages; computed from the WireGuard paper (5.4) with hashlib and
python3-cryptography, independently of src/. The same code must first reproduce noise_ikpsk2.txt, the
published vector of the Noise pattern that WireGuard is. Values are hex, one `name value` a line."""
import hashlib
import hmac
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

HERE = sys.path[0]


def h(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(n, key, data):
    prk, out, last = hmac.new(key, data, hashlib.blake2s).digest(), [], b""
    for i in range(1, n + 1):
        last = hmac.new(prk, last + bytes([i]), hashlib.blake2s).digest()
        out.append(last)
    return out


def clamped(byte):
    key = bytearray([byte]) * 32
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return bytes(key)


def public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def dh(private, other):
    return X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(other))


def seal(key, plain, data=b"", counter=0):
    return ChaCha20Poly1305(key).encrypt(bytes(4) + struct.pack("<Q", counter), plain, data)


def noise(si, ei, sr, er, psk, prologue, payload1, payload2):
    """Both Noise messages of IKpsk2 and the transport keys of initiator and responder."""
    c = h(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
    hs = h(h(c, prologue), public(sr))

    hs = h(hs, public(ei))
    (c,) = kdf(1, c, public(ei))
    c, k = kdf(2, c, dh(ei, public(sr)))
    static = seal(k, public(si), hs)
    hs = h(hs, static)
    c, k = kdf(2, c, dh(si, public(sr)))
    sealed1 = seal(k, payload1, hs)
    hs = h(hs, sealed1)

    hs = h(hs, public(er))
    (c,) = kdf(1, c, public(er))
    (c,) = kdf(1, c, dh(er, public(ei)))
    (c,) = kdf(1, c, dh(er, public(si)))
    c, tau, k = kdf(3, c, psk)
    hs = h(hs, tau)
    return (public(ei) + static + sealed1, public(er) + seal(k, payload2, hs), *kdf(2, c, b""))


def check_published():
    with open(HERE + "/noise_ikpsk2.txt", encoding="ascii") as lines:
        v = {k: bytes.fromhex(x) for k, x in (l.split() for l in lines if l[0] != "#")}
    one, two, key_i, key_r = noise(v["static_i"], v["ephemeral_i"], v["static_r"], v["ephemeral_r"],
                                   v["psk"], v["prologue"], v["payload_1"], v["payload_2"])
    assert (one, two) == (v["message_1"], v["message_2"])
    for n in range(3, 7):
        key = key_i if n % 2 else key_r
        assert seal(key, v[f"payload_{n}"], counter=(n - 3) // 2) == v[f"message_{n}"]


def handshake(psk):
    """The three messages, and the responder's first on the new keys."""
    si, sr, ei, er = (clamped(byte) for byte in (0x11, 0x22, 0x33, 0x44))
    timestamp = struct.pack(">QI", 0x400000000000000A + 1700000000, 1 << 24)
    index_i, index_r = 0x01020300, 0xA0B0C0D0
    one, two, key_i, key_r = noise(si, ei, sr, er, psk, b"WireGuard v1 zx2c4 Jason@zx2c4.com",
                                   timestamp, b"")
    initiation = struct.pack("<II", 1, index_i) + one
    initiation += mac(h(b"mac1----", public(sr)), initiation)
    response = struct.pack("<III", 2, index_r, index_i) + two
    response += mac(h(b"mac1----", public(si)), response)
    packet = b"\x45\x00\x00\x15" + bytes(16) + b"!"  # an IPv4 header's length, one byte of payload
    cookie = bytes([0x66]) * 16
    return dict(
        static_i=si, static_r=sr, ephemeral_i=ei, ephemeral_r=er, psk=psk, timestamp=timestamp,
        initiation=initiation + bytes(16), response=response + bytes(16), key_i=key_i, key_r=key_r,
        packet=packet,
        data=struct.pack("<IIQ", 4, index_r, 0) + seal(key_i, packet + bytes(-len(packet) % 16)),
        keepalive=struct.pack("<IIQ", 4, index_i, 0) + seal(key_r, b""),
        cookie=cookie, mac2=mac(cookie, initiation))


check_published()
with open(HERE + "/wg_noise.txt", "w", encoding="ascii") as out:
    for name, psk in ("open", bytes(32)), ("psk", bytes([0x55]) * 32):
        for field, value in handshake(psk).items():
            out.write(f"{name}.{field} {value.hex()}\n")
