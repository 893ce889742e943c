// SPDX-License-Identifier: Apache-2.0
// The tables of weft's own kernels that this CPU and its operating system can run.
#pragma once

#include <vector>

#include <weft/crypto/aead.hpp>

namespace weft::crypto::chacha20_poly1305 {

/// Best first; the portable one is always there and last. Not yet self-tested.
[[nodiscard]] std::vector<const AeadKernels*> runnable_tables();

}  // namespace weft::crypto::chacha20_poly1305
