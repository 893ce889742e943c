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
    /// The kernel or the NIC will not segment this train: send its messages singly. Of one path
    /// (EMSGSIZE, EINVAL: a smaller MTU there), or of the device (refuses_gso_for_good).
    [[nodiscard]] bool refuses_gso() const {
        return error == EMSGSIZE || error == EINVAL || refuses_gso_for_good();
    }
    /// No checksum offload, or no UDP_SEGMENT at all.
    [[nodiscard]] bool refuses_gso_for_good() const { return error == EIO || error == EOPNOTSUPP; }
    /// The source address asked for is not this machine's any more, or has no route from there.
    [[nodiscard]] bool refuses_source() const {
        return error == EINVAL || error == EADDRNOTAVAIL || error == ENETUNREACH ||
               error == EHOSTUNREACH || error == ENODEV;
    }
};

}  // namespace weft::sys
