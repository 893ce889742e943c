// SPDX-License-Identifier: Apache-2.0
// Addresses as tests write them; what is no such text ends the test.
#pragma once

#include <string_view>

#include <weft/net/address.hpp>

namespace weft::test {

inline net::IpAddress address(std::string_view text) {
    return net::IpAddress::parse(text).value();
}
inline net::Prefix prefix(std::string_view text) {
    return net::Prefix::parse(text).value();
}
inline net::Endpoint endpoint(std::string_view text) {
    return net::Endpoint::parse(text).value();
}

}  // namespace weft::test
