// SPDX-License-Identifier: Apache-2.0
// What a call answers on stdout, in the words of the version that was asked for (CNI specification
// 0.3.1 to 1.1.0, section 5). Keys keep their order. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include <weft/net/address.hpp>

#include "config.hpp"
#include "failure.hpp"

namespace weft::cni {

/// An interface of a result; `sandbox` "": it is the host's.
struct ResultInterface {
    std::string name;
    std::string mac;
    std::uint32_t mtu = 0;  // told from 1.1.0 on
    std::string sandbox;
};

struct ResultAddress {
    net::Prefix address;
    std::optional<net::IpAddress> gateway;
    std::size_t interface = 0;  // index
};

struct ResultRoute {
    net::Prefix destination;
    net::IpAddress gateway;
};

struct Attached {
    std::vector<ResultInterface> interfaces;
    std::vector<ResultAddress> addresses;
    std::vector<ResultRoute> routes;
};

/// Of ADD. Where plugins before this one have a result, ours is appended to it.
[[nodiscard]] std::string result_json(const Attached& attached, const Config& config);

/// What a prevResult says of one interface of one namespace, for CHECK.
struct Previous {
    std::string mac;
    std::vector<net::IpAddress> addresses;
};
/// Errors: it is no result, or has no such interface (7).
[[nodiscard]] Outcome<Previous> read_previous(const boost::json::object& result,
                                              std::string_view interface,
                                              std::string_view sandbox);

[[nodiscard]] std::string failure_json(const Failure& failure, Version version);
[[nodiscard]] std::string versions_json(Version version);

}  // namespace weft::cni
