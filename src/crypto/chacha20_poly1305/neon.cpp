// SPDX-License-Identifier: Apache-2.0
// Arm with NEON: four blocks of ChaCha20 at once, two of Poly1305 in 26-bit limbs. Every arm64
// Linux has it; on 32-bit Arm, where it is no part of the baseline, tables.cpp asks the kernel.
#include "chacha20_poly1305/kernels.hpp"

#if defined(__aarch64__) || defined(__arm__)

#include <cstring>

#if defined(__arm__)
#pragma GCC push_options
#pragma GCC target("fpu=neon")
#endif

#include <arm_neon.h>

#include "chacha20_poly1305/column.hpp"
#include "chacha20_poly1305/poly1305_field26.hpp"
#include "chacha20_poly1305/row.hpp"
#include "chacha20_poly1305/vector_neon.hpp"

namespace weft::crypto::chacha20_poly1305 {

const Engine kNeonEngine = {
    .seal_one = seal_row<Neon, Neon, Eager<RowMac<Neon, Field26<Neon>>>>,
    .open_one = open_row<Neon, Neon, Eager<RowMac<Neon, Field26<Neon>>>>,
    .seal_column = column<Neon, Field26<Neon>, true>,
    .open_column = column<Neon, Field26<Neon>, false>,
    .lanes = Neon::kLanes,
    .column_start = 700,  // instructions
    .column_step = 2130,
    .one_start = 1900,
    .one_step = 530,
};

}  // namespace weft::crypto::chacha20_poly1305

#if defined(__arm__)
#pragma GCC pop_options
#endif

#endif
