// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX-512: sixteen blocks of ChaCha20 at once, eight of Poly1305 in 26-bit limbs.
#include "chacha20_poly1305/kernels.hpp"

#if defined(__x86_64__)

#include <cstring>

// GCC 12 takes what its own header leaves undefined on purpose for an oversight (bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "chacha20_poly1305/target.hpp"

WEFT_TARGET("avx512f,avx512bw,avx512dq,avx512vl")

#include "chacha20_poly1305/column.hpp"
#include "chacha20_poly1305/poly1305_field26.hpp"
#include "chacha20_poly1305/row.hpp"
#include "chacha20_poly1305/vector_avx512.hpp"

namespace weft::crypto::chacha20_poly1305 {

const Engine kAvx512Engine = {
    .seal_one = one<Avx512, Avx512Narrow, Field26<Avx512>, true>,
    .open_one = one<Avx512, Avx512Narrow, Field26<Avx512>, false>,
    .seal_many = column<Avx512, Field26<Avx512>, true>,
    .open_many = column<Avx512, Field26<Avx512>, false>,
    .most = Avx512::kLanes,
    .many_start = 75,  // nanoseconds
    .many_step = 290,
    .one_start = 145,
    .one_step = 20,
};

}  // namespace weft::crypto::chacha20_poly1305

WEFT_TARGET_END

#endif
