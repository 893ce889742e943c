// SPDX-License-Identifier: Apache-2.0
// The last good list of each source as text, for the state directory. A header line, then for each
// source a line "source TEXT" and one line for each of its addresses. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/net/address.hpp>

namespace weft::discovery {

/// Source (one line of text, no control characters) to its addresses: sorted, each once.
using Lists = std::map<std::string, std::vector<net::IpAddress>>;

[[nodiscard]] std::string to_text(const Lists& lists);
/// Errors: EBADMSG where it is damaged or a newer weft's.
[[nodiscard]] Result<Lists> parse_lists(std::string_view text);

}  // namespace weft::discovery
