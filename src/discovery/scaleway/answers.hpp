// SPDX-License-Identifier: Apache-2.0
// What the API answers, as values: the servers of a page (Instances API v1, ListServers), the
// addresses of a page (IPAM API v1, ListIPs), the text of an error. Checked as input of a stranger;
// fields that weft does not use are passed over. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/discovery/machines.hpp>

namespace weft::discovery::scaleway {

inline constexpr std::size_t kPageMax = 100;  // both APIs' own

struct Server {
    std::string id;
    Machine machine;                // private: the server's own, before private networks
    std::vector<std::string> nics;  // ids of its interfaces in private networks
};

/// {"servers":[{"id","name","tags","public_ip","public_ips","ipv6","private_ip","private_nics"}]}
[[nodiscard]] Result<std::vector<Server>> parse_servers(std::string_view body);

struct AttachedAddress {
    std::string nic;  // id
    net::IpAddress address;
};
struct AddressPage {
    std::size_t size = 0;  // of those listed, attached or not
    std::size_t total = 0;
    std::vector<AttachedAddress> addresses;
};

/// {"total_count","ips":[{"address":"172.16.0.2/22","resource":{"type","id"}}]}
[[nodiscard]] Result<AddressPage> parse_addresses(std::string_view body);

/// The message of an error's body, printable and short; empty where there is none.
[[nodiscard]] std::string error_text(std::string_view body);

}  // namespace weft::discovery::scaleway
