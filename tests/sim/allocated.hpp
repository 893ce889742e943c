// SPDX-License-Identifier: Apache-2.0
// How much this process has from the heap by `new`: the simulation's operators count it.
#pragma once

#include <cstddef>

namespace weft::sim {

[[nodiscard]] std::size_t allocated_bytes();

}  // namespace weft::sim
