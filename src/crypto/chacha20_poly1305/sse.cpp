// SPDX-License-Identifier: Apache-2.0
// x86-64 with SSSE3 (2006): four blocks of ChaCha20 at once, Poly1305 beside them without vectors.
#include "chacha20_poly1305/kernels.hpp"

#if defined(__x86_64__)

#include <cstring>

#include <immintrin.h>

#include "chacha20_poly1305/target.hpp"

WEFT_TARGET("ssse3")

#include "chacha20_poly1305/row.hpp"
#include "chacha20_poly1305/row_mac_scalar.hpp"
#include "chacha20_poly1305/vector_sse.hpp"

namespace weft::crypto::chacha20_poly1305 {

const Engine kSseEngine = {
    .seal_one = seal_row<Sse, Sse, RowMacScalar>,
    .open_one = open_row<Sse, Sse, RowMacScalar>,
    .seal_column = nullptr,  // two messages side by side measured no faster
    .open_column = nullptr,
    .lanes = 1,
    .column_start = 0,
    .column_step = 0,
    .one_start = 0,
    .one_step = 0,
};

}  // namespace weft::crypto::chacha20_poly1305

WEFT_TARGET_END

#endif
