// SPDX-License-Identifier: Apache-2.0
// Which socket of the SO_REUSEPORT group takes a datagram: a classic BPF program over the UDP
// payload, run by the kernel for every datagram (or GRO train) that arrives, before any thread of
// ours. Transport data goes to the worker that its receiver index names; responses, cookie replies
// and initiations with a mac2 go to the handshake lane's socket; gossip to the control thread's;
// all else to the crowd's, which is the lane's too, so that a flood of initiations without a cookie
// crowds out none with one (paper 5.3). Kernel: net/core/sock_reuseport.c; packet(7), socket(7)
// SO_ATTACH_REUSEPORT_CBPF.
#pragma once

#include <array>
#include <cstdint>

#include <linux/filter.h>

namespace weft::sys {

/// The worker is in the low bits of the receiver index, thus in the first of its four bytes.
inline constexpr std::uint32_t kSteeringWorkerMask = 0x0f;

using SteeringProgram = std::array<sock_filter, 19>;

/// Result of the program: socket 0..workers-1 in order of bind, `workers`, the lane's,
/// `workers` + 1, the crowd's, or `workers` + 2, gossip's. Transport data too short for the
/// program's loads gets 0, as does an empty datagram.
[[nodiscard]] SteeringProgram build_steering(unsigned workers);

/// Attaches it to the group that `fd` has been bound into. 0 or an errno.
[[nodiscard]] int attach_steering(int fd, unsigned workers);

}  // namespace weft::sys
