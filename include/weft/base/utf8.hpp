// SPDX-License-Identifier: Apache-2.0
// Text from outside that is to be shown: valid UTF-8 (RFC 3629), whatever it was, and not too long.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft {

/// The length of the sequence at the front of `text`, which is not empty; 0 if there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// At most `max` bytes of `text` and then "..." if there was more; what is not UTF-8 becomes '?',
/// and no sequence is cut through.
[[nodiscard]] std::string utf8_excerpt(std::string_view text, std::size_t max);

}  // namespace weft
