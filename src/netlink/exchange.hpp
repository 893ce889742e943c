// SPDX-License-Identifier: Apache-2.0
// One request to rtnetlink and all that the kernel answers to it. Blocking, for the control thread
// and the CNI plugin; the kernel answers while it takes the request, so nothing waits for long.
// netlink(7); kernel net/netlink/af_netlink.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

#include "message.hpp"

namespace weft::netlink {

/// An answer that is not the acknowledgement.
struct Reply {
    std::uint16_t type = 0;
    std::vector<std::byte> payload;
};

/// Where the request goes; both outlive the call. `sequence` is counted up.
struct Channel {
    int fd = -1;
    std::uint32_t& sequence;
};

/// A NETLINK_ROUTE socket in this thread's network namespace.
[[nodiscard]] Result<UniqueFd> open_route_socket();

/// Sends `request` (which asks for an acknowledgement or a dump) and collects the answers until the
/// kernel has said that it is done. A dump during which the kernel's tables changed is begun again.
/// An error's code is the kernel's, its cause "DOING: strerror: the kernel's words".
[[nodiscard]] Result<std::vector<Reply>> exchange(const Channel& channel,
                                                  MessageBuilder& request,
                                                  const std::string& doing);

}  // namespace weft::netlink
