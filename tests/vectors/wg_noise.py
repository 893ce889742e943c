#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes wg_noise.txt: one handshake with fixed keys, computed from the WireGuard paper (5.4) with
hashlib and python3-cryptography, independently of src/. Values are hex, one `name value` a line."""
import hashlib
import hmac
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305


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


def seal(key, plain, data):
    return ChaCha20Poly1305(key).encrypt(bytes(12), plain, data)


si, sr, ei, er = clamped(0x11), clamped(0x22), clamped(0x33), clamped(0x44)
psk, timestamp = bytes([0x55]) * 32, struct.pack(">QI", 0x400000000000000A + 1700000000, 1 << 24)
index_i, index_r = 0x01020304, 0xA0B0C0D0

c = h(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
hs = h(h(c, b"WireGuard v1 zx2c4 Jason@zx2c4.com"), public(sr))

# initiation
hs = h(hs, public(ei))
(c,) = kdf(1, c, public(ei))
c, k = kdf(2, c, dh(ei, public(sr)))
static = seal(k, public(si), hs)
hs = h(hs, static)
c, k = kdf(2, c, dh(si, public(sr)))
stamp = seal(k, timestamp, hs)
hs = h(hs, stamp)
initiation = struct.pack("<II", 1, index_i) + public(ei) + static + stamp

# response
hs = h(hs, public(er))
(c,) = kdf(1, c, public(er))
(c,) = kdf(1, c, dh(er, public(ei)))
(c,) = kdf(1, c, dh(er, public(si)))
c, tau, k = kdf(3, c, psk)
hs = h(hs, tau)
response = struct.pack("<III", 2, index_r, index_i) + public(er) + seal(k, b"", hs)
key_i, key_r = kdf(2, c, b"")

# MACs
initiation += mac(h(b"mac1----", public(sr)), initiation)
cookie = bytes([0x66]) * 16
values = dict(static_i=si, static_r=sr, ephemeral_i=ei, ephemeral_r=er, psk=psk,
              timestamp=timestamp, initiation_with_mac1=initiation, response=response,
              key_i=key_i, key_r=key_r, cookie=cookie, mac2=mac(cookie, initiation))
with open(sys.path[0] + "/wg_noise.txt", "w", encoding="ascii") as out:
    for name, value in values.items():
        out.write(f"{name} {value.hex()}\n")
