// SPDX-License-Identifier: Apache-2.0
// base64url (RFC 4648 5) without padding: what tokens and issuers' requests look like. Private to
// this room; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weft/base/bytes.hpp>

namespace weft::identity {

[[nodiscard]] std::string to_base64url(ConstBytes bytes);
/// Empty where it is not its one form.
[[nodiscard]] std::vector<std::byte> from_base64url(std::string_view text);

}  // namespace weft::identity
