// SPDX-License-Identifier: Apache-2.0
// What a packet-path system call did: bytes, or an errno. A register pair, no exceptions.
#pragma once

#include <cerrno>
#include <cstdint>

namespace weft::sys {

struct [[nodiscard]] IoResult {
    std::int32_t size = 0;   // bytes moved, ≥ 0
    std::int32_t error = 0;  // errno, 0 when the call succeeded

    [[nodiscard]] bool ok() const { return error == 0; }
    /// Nothing to read, or no room to write; EWOULDBLOCK is the same number on Linux.
    [[nodiscard]] bool would_block() const { return error == EAGAIN; }
};

}  // namespace weft::sys
