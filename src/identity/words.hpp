// SPDX-License-Identifier: Apache-2.0
// Words that an operator carries from one machine to another: a prefix that names kind and version,
// then base64url. Whatever can go wrong with a copy is told apart. Private to this room; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>

namespace weft::identity {

struct WordKind {
    std::string_view prefix;       ///< "weftissuer1_"
    std::string_view any_version;  ///< "weftissuer"
    std::string_view one;          ///< "an issuer's request"
    std::string_view the;          ///< "the issuer's request"
    std::string_view copy_again;   ///< what to do about a bad copy
    std::size_t size_max;          ///< characters
};

[[nodiscard]] std::string to_word(const WordKind& kind, ConstBytes bytes);
/// White space around it is allowed. Errors (EINVAL): of another kind or version; mistyped().
[[nodiscard]] Result<std::vector<std::byte>> from_word(const WordKind& kind, std::string_view text);
[[nodiscard]] Error mistyped(const WordKind& kind);

}  // namespace weft::identity
