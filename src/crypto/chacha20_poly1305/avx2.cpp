// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX2: eight blocks of ChaCha20 at once. Poly1305 of one message beside them on the
// integer units, of several in 26-bit limbs, four at once.
#include "chacha20_poly1305/kernels.hpp"

#if defined(__x86_64__)

#include <cstring>

#include <immintrin.h>

#include "chacha20_poly1305/target.hpp"

WEFT_TARGET("avx2")

#include "chacha20_poly1305/column.hpp"
#include "chacha20_poly1305/poly1305_field26.hpp"
#include "chacha20_poly1305/rows.hpp"
#include "chacha20_poly1305/vector_avx2.hpp"

namespace weft::crypto::chacha20_poly1305 {

const Engine kAvx2Engine = {
    .seal_one = row<Avx2, MacInTurns<Avx2>, true>,
    .open_one = row<Avx2, MacInTurns<Avx2>, false>,
    .seal_many = column<Avx2, Field26<Avx2>, true>,
    .open_many = column<Avx2, Field26<Avx2>, false>,
    .most = Avx2::kLanes,
    .many_start = 20,  // nanoseconds
    .many_step = 325,
    .one_start = 330,
    .one_step = 33,
};

}  // namespace weft::crypto::chacha20_poly1305

WEFT_TARGET_END

#endif
