// SPDX-License-Identifier: Apache-2.0
// Arm with NEON: four blocks of ChaCha20 at once. Poly1305 beside them on the integer units of
// 64-bit Arm, on 32-bit Arm with NEON too. Every arm64 Linux has it; on 32-bit Arm, where it is no
// part of the baseline, tables.cpp asks the kernel.
#include "chacha20_poly1305/kernels.hpp"

#if defined(__aarch64__) || defined(__arm__)

#include <cstring>

#if defined(__arm__)
#pragma GCC push_options
#pragma GCC target("fpu=neon")
#endif

#include <arm_neon.h>

#include "chacha20_poly1305/column.hpp"
#include "chacha20_poly1305/poly1305_neon.hpp"
#include "chacha20_poly1305/rows.hpp"

namespace weft::crypto::chacha20_poly1305 {

#if defined(__aarch64__)

const Engine kNeonEngine = {
    .seal_one = row<Neon, MacInTurns<Neon>, true>,
    .open_one = row<Neon, MacInTurns<Neon>, false>,
    .seal_many = rows<Neon, MacInTurns<Neon>, true>,
    .open_many = rows<Neon, MacInTurns<Neon>, false>,
    .most = kRowsMost,
};

#else

const Engine kNeonEngine = {
    .seal_one = row<Neon, Poly1305Neon, true>,
    .open_one = row<Neon, Poly1305Neon, false>,
    .seal_many = column<Neon, Field26<Neon>, true>,
    .open_many = column<Neon, Field26<Neon>, false>,
    .most = Neon::kLanes,
    .many_start = 500,  // instructions
    .many_step = 2900,
    .one_start = 3000,
    .one_step = 560,
};

#endif

}  // namespace weft::crypto::chacha20_poly1305

#if defined(__arm__)
#pragma GCC pop_options
#endif

#endif
