// SPDX-License-Identifier: Apache-2.0
// Text forms of bytes: base64 with padding (keys in wg's files) and lower-case hex (UAPI); the
// white space that copying puts around them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <weft/base/bytes.hpp>

namespace weft {

[[nodiscard]] std::string to_base64(ConstBytes bytes);
[[nodiscard]] std::string to_hex(ConstBytes bytes);

/// Decodes `text` into all of `out`, in time that does not depend on the content; false unless it
/// is the one canonical encoding of exactly out.size() bytes.
[[nodiscard]] bool from_base64(std::string_view text, Bytes out);
[[nodiscard]] bool from_hex(std::string_view text, Bytes out);

/// Without blanks, tabs and line ends around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// from_base64 of a text that may end in white space, as in wg's key files.
[[nodiscard]] bool from_base64_line(std::string_view text, Bytes out);

}  // namespace weft
