// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX-512 IFMA: sixteen blocks of ChaCha20 at once, eight of Poly1305 in 44-bit limbs.
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

WEFT_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")

#include "chacha20_poly1305/column.hpp"
#include "chacha20_poly1305/poly1305_field44.hpp"
#include "chacha20_poly1305/row.hpp"
#include "chacha20_poly1305/vector_avx512.hpp"

namespace weft::crypto::chacha20_poly1305 {

namespace {

struct Avx512Ifma : Avx512 {
    /// sum + the low (high) 52 bits of a * b, of the low 52 bits of each lane of a and b.
    static WEFT_KERNEL U64 multiply_add_low(U64 sum, U64 a, U64 b) {
        return u64(_mm512_madd52lo_epu64(raw(sum), raw(a), raw(b)));
    }
    static WEFT_KERNEL U64 multiply_add_high(U64 sum, U64 a, U64 b) {
        return u64(_mm512_madd52hi_epu64(raw(sum), raw(a), raw(b)));
    }
};

}  // namespace

const Engine kAvx512IfmaEngine = {
    .seal_one = one<Avx512Ifma, Avx512Narrow, Field44<Avx512Ifma>, true>,
    .open_one = one<Avx512Ifma, Avx512Narrow, Field44<Avx512Ifma>, false>,
    .seal_many = column<Avx512Ifma, Field44<Avx512Ifma>, true>,
    .open_many = column<Avx512Ifma, Field44<Avx512Ifma>, false>,
    .most = Avx512Ifma::kLanes,
    .many_start = 90,  // nanoseconds
    .many_step = 235,
    .one_start = 145,
    .one_step = 17,
};

}  // namespace weft::crypto::chacha20_poly1305

WEFT_TARGET_END

#endif
