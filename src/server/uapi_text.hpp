// SPDX-License-Identifier: Apache-2.0
// WireGuard's configuration protocol as text (wireguard.com/xplatform): `key=value` lines, a
// request ends with an empty line. Pure, as far as a request is read as a whole before anything is
// done: a malformed one changes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <weft/base/result.hpp>
#include <weft/control/device_edit.hpp>

namespace weft::server {

/// 130,560 prefixes, netns.sh's number, take 5 MB.
inline constexpr std::size_t kUapiRequestMax = 16U << 20;
inline constexpr std::size_t kUapiLineMax = 4096;

struct UapiGet {};
using UapiRequest = std::variant<UapiGet, control::DeviceEdit>;

/// An interface's index by its name, for zones of link-local endpoints; 0 if there is none.
using ZoneLookup = std::function<std::uint32_t(const std::string& interface)>;

/// `text` is one request with its empty line. Errors: EINVAL, EPROTO (version), ENODEV (zone).
[[nodiscard]] Result<UapiRequest> parse_uapi_request(std::string_view text, const ZoneLookup& zone);

/// The length of the first whole request in `text`, 0 if its end has not come yet.
[[nodiscard]] std::size_t find_uapi_request(std::string_view text, std::size_t searched);

/// The answer to get=1, with private and preshared keys.
[[nodiscard]] std::string print_uapi_device(const control::DeviceView& device);
/// The answer to set=1, and to anything that failed: the negated errno, as it is customary.
[[nodiscard]] std::string print_uapi_errno(int error);

}  // namespace weft::server
