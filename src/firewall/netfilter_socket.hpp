// SPDX-License-Identifier: Apache-2.0
// A netlink socket to the kernel's netfilter, and how its answers are read: all of them are there
// when a request has been sent, for the kernel carries it out in the sender's name. Blocking.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <linux/netlink.h>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::firewall {

inline constexpr std::size_t kRequestMax = 512;  // of a dump: names of a table and a set

/// Bound; `port` gets its number.
[[nodiscard]] Result<UniqueFd> open_netfilter_socket(std::uint32_t& port);

/// The same socket in another process, or in a later one: what was not read is dropped. Errors: it
/// is none, or of another network namespace.
[[nodiscard]] Result<> adopt_netfilter_socket(int fd, std::uint32_t& port);

/// Sends a batch and reads what the kernel says to it. Errors: the first one's.
[[nodiscard]] Result<> transact(int fd, ConstBytes batch, const std::string& doing);

/// Sends a dump's request and calls `take` for each message of the answer.
[[nodiscard]] Result<> dump(int fd,
                            ConstBytes request,
                            const std::string& doing,
                            const std::function<void(const nlmsghdr&)>& take);

/// The first message of `rest`, which then begins behind it; nullptr where none is whole. `rest`
/// begins at an address that fits a header.
[[nodiscard]] const nlmsghdr* take_message(ConstBytes& rest);

}  // namespace weft::firewall
