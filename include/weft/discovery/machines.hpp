// SPDX-License-Identifier: Apache-2.0
// The discovery contract: what a program (or a file) says about the machines of an account.
//
//   {"schema":1,"machines":[{"name":"a","public":["192.0.2.1"],"private":["10.0.0.1"],"tags":[]}]}
//
// Read with suspicion: one value that is wrong refuses the whole document, since half a list would
// lock the other half out. Fields that are not known are passed over. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/net/address.hpp>

namespace weft::discovery {

inline constexpr std::size_t kDocumentMax = std::size_t{16} << 20;  // bytes
inline constexpr std::size_t kMachinesMax = std::size_t{1} << 14;   // wg::kPeersMax
inline constexpr std::size_t kAddressesMax = 64;                    // of a machine, of each kind
inline constexpr std::size_t kAllAddressesMax = std::size_t{1} << 16;
inline constexpr std::size_t kNameMax = 253;  // a host name's length
inline constexpr std::size_t kTagsMax = 256;  // of a machine
inline constexpr std::size_t kTagMax = 1024;  // bytes

struct Machine {
    std::string name;
    std::vector<net::IpAddress> public_addresses;
    std::vector<net::IpAddress> private_addresses;
    std::vector<std::string> tags;
};

/// Errors name the field: not JSON, another schema, a field that is missing (but "tags") or of
/// another type, more than a limit, an address that no machine is reached at from elsewhere
/// (unspecified, loopback, link-local, multicast).
[[nodiscard]] Result<std::vector<Machine>> parse_machines(std::string_view text);

/// One document that parse_machines() reads.
[[nodiscard]] std::string to_json(const std::vector<Machine>& machines);

/// May a machine be reached at it from elsewhere?
[[nodiscard]] bool is_machines(const net::IpAddress& address);

/// Of all machines and both kinds: sorted, each once.
[[nodiscard]] std::vector<net::IpAddress> addresses_of(const std::vector<Machine>& machines);

}  // namespace weft::discovery
