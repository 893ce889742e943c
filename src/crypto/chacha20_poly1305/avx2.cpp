// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX2: eight blocks of ChaCha20 at once, four of Poly1305 in 26-bit limbs.
#include "chacha20_poly1305/kernels.hpp"

#if defined(__x86_64__)

#include <cstring>

#include <immintrin.h>

#include "chacha20_poly1305/target.hpp"

WEFT_TARGET("avx2")

#include "chacha20_poly1305/column.hpp"
#include "chacha20_poly1305/poly1305_field26.hpp"
#include "chacha20_poly1305/row.hpp"
#include "chacha20_poly1305/vector_avx2.hpp"

namespace weft::crypto::chacha20_poly1305 {

const Engine kAvx2Engine = {
    .seal_one = seal_row<Avx2, Avx2, RowMac<Avx2, Field26<Avx2>>>,
    .open_one = open_row<Avx2, Avx2, RowMac<Avx2, Field26<Avx2>>>,
    .seal_many = column<Avx2, Field26<Avx2>, true>,
    .open_many = column<Avx2, Field26<Avx2>, false>,
    .most = Avx2::kLanes,
    .many_start = 110,  // nanoseconds
    .many_step = 340,
    .one_start = 380,
    .one_step = 31,
};

}  // namespace weft::crypto::chacha20_poly1305

WEFT_TARGET_END

#endif
