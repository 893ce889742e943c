// SPDX-License-Identifier: Apache-2.0
// The two ends of Poly1305 (RFC 8439, 2.5.1), one number per 64-bit lane: r from the one-time key,
// and s added to the sum. V is one of vector_*.hpp, F one of poly1305_field*.hpp.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

/// r, with the bits cleared that must be.
template <class V, class F>
WEFT_KERNEL typename F::Number clamped(typename V::U64 low, typename V::U64 high) {
    return F::split(
        low & V::all64(0x0ffffffc0fffffff), high & V::all64(0x0ffffffc0ffffffc), V::all64(0));
}

/// Adds s, given as 32-bit words, modulo 2^128.
template <class V>
WEFT_KERNEL void add_pad(const typename V::U64* pad, typename V::U64& low, typename V::U64& high) {
    const typename V::U64 mask = V::all64(0xffffffff);
    const typename V::U64 word0 = (low & mask) + pad[0];
    const typename V::U64 word1 =
        V::template right<32>(low) + pad[1] + V::template right<32>(word0);
    const typename V::U64 word2 = (high & mask) + pad[2] + V::template right<32>(word1);
    const typename V::U64 word3 =
        V::template right<32>(high) + pad[3] + V::template right<32>(word2);
    low = (word0 & mask) | V::template left<32>(word1);
    high = (word2 & mask) | V::template left<32>(word3);
}

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
