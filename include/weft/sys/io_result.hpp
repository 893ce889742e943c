// SPDX-License-Identifier: Apache-2.0
// What a packet-path system call did: bytes, or an errno. A register pair, no exceptions.
#pragma once

#include <cstdint>

namespace weft::sys {

struct [[nodiscard]] IoResult {
    std::int32_t size = 0;   // bytes moved, ≥ 0
    std::int32_t error = 0;  // errno, 0 when the call succeeded

    [[nodiscard]] bool ok() const { return error == 0; }
    [[nodiscard]] bool would_block() const;
};

}  // namespace weft::sys
