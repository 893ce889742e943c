// SPDX-License-Identifier: Apache-2.0
// The containers of this node in what weft ipam prints: values and JSON. The ledger they come from
// is ipam's; times are Unix ms, null where nobody wrote one down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::api {

struct ContainerLease {
    std::string container;
    std::string interface;
    std::string network;  ///< the CNI network's name
    std::string link;     ///< the host's end of the container's veth pair
    std::vector<std::string> addresses;
    std::int64_t since_ms = 0;
};

/// One line of weft ipam log.
struct LeaseEvent {
    std::string event;  ///< "reserved" | "released" | "dropped" | "resting"
    std::optional<std::int64_t> at_ms;
    std::optional<std::string> container;
    std::optional<std::string> interface;
    std::vector<std::string> addresses;
};

/// The document of GET /v1/ipam with "containers" at its end: null where they could not be read.
[[nodiscard]] std::string with_containers(
    std::string_view ipam_json, const std::optional<std::vector<ContainerLease>>& containers);

/// {"api", "events": […]}
[[nodiscard]] std::string to_json(const std::vector<LeaseEvent>& events);

}  // namespace weft::api
