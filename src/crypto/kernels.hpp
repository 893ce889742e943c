// SPDX-License-Identifier: Apache-2.0
// The kernel tables there are, one per instruction set; private to crypto. aead.cpp lists them,
// each lives in a file of its own.
#pragma once

#include <weft/crypto/aead.hpp>

namespace weft::crypto {

/// libsodium's one-message functions in a loop: any CPU, the last resort and the oracle.
extern const AeadKernels kLibsodiumKernels;

}  // namespace weft::crypto
