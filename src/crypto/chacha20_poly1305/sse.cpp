// SPDX-License-Identifier: Apache-2.0
// x86-64 with SSSE3 (2006): four blocks of ChaCha20 at once, Poly1305 beside them without vectors.
#include "chacha20_poly1305/kernels.hpp"

#if defined(__x86_64__)

#include <cstring>

#include <immintrin.h>

#include "chacha20_poly1305/target.hpp"

WEFT_TARGET("ssse3")

#include "chacha20_poly1305/rows.hpp"
#include "chacha20_poly1305/vector_sse.hpp"

namespace weft::crypto::chacha20_poly1305 {

const Engine kSseEngine = {
    .seal_one = row<Sse, MacInTurns<Sse>, true>,
    .open_one = row<Sse, MacInTurns<Sse>, false>,
    .seal_many = rows<Sse, MacInTurns<Sse>, true>,
    .open_many = rows<Sse, MacInTurns<Sse>, false>,
    .most = kRowsMost,
};

}  // namespace weft::crypto::chacha20_poly1305

WEFT_TARGET_END

#endif
