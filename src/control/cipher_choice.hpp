// SPDX-License-Identifier: Apache-2.0
// Which cipher table "auto" is: the best by instruction set, unless it begins with 512-bit ones,
// which lower the clock of some CPUs: then all of those and the next are measured, for some 15 ms.
// Control thread, while starting up.
#pragma once

#include <functional>
#include <span>

#include <weft/base/clock.hpp>
#include <weft/crypto/aead.hpp>

namespace weft::control {

/// How long a table takes for some work that is always the same.
using CipherClock = std::function<Duration(const crypto::AeadKernels&)>;

/// A millisecond's worth of batches of full packets, sealed; the mean time of a batch.
[[nodiscard]] Duration time_of_a_batch(const crypto::AeadKernels& kernels);

/// `available` is best first and not empty. A later table is chosen only if it is clearly faster
/// than those before it.
[[nodiscard]] const crypto::AeadKernels& choose_cipher(
    std::span<const crypto::AeadKernels* const> available,
    const CipherClock& measure = time_of_a_batch);

}  // namespace weft::control
