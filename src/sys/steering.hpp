// SPDX-License-Identifier: Apache-2.0
// Which socket of the SO_REUSEPORT group takes a datagram: a classic BPF program over the UDP
// payload, run by the kernel for every datagram (or GRO train) that arrives, before any thread of
// ours. Transport data goes to the worker that its receiver index names, all else to the handshake
// lane. Kernel: net/core/sock_reuseport.c; packet(7), socket(7) SO_ATTACH_REUSEPORT_CBPF.
#pragma once

#include <array>
#include <cstdint>

#include <linux/filter.h>

namespace weft::sys {

/// The worker is in the low bits of the receiver index, thus in the first of its four bytes.
inline constexpr std::uint32_t kSteeringWorkerMask = 0x0f;

using SteeringProgram = std::array<sock_filter, 8>;

/// Result of the program: socket 0..workers-1 in order of bind, or `workers`, the lane's.
/// A datagram too short for the program's loads gets 0.
[[nodiscard]] SteeringProgram build_steering(unsigned workers);

/// Attaches it to the group that `fd` has been bound into. 0 or an errno.
[[nodiscard]] int attach_steering(int fd, unsigned workers);

}  // namespace weft::sys
