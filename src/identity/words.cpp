// SPDX-License-Identifier: Apache-2.0
// See words.hpp. Control plane; any thread.
#include "words.hpp"

#include <weft/base/encoding.hpp>

#include "base64url.hpp"

namespace weft::identity {

std::string to_word(const WordKind& kind, ConstBytes bytes) {
    return std::string{kind.prefix} + to_base64url(bytes);
}

Error mistyped(const WordKind& kind) {
    return invalid(std::string{kind.the} + " is cut short or mistyped",
                   std::string{kind.copy_again});
}

Result<std::vector<std::byte>> from_word(const WordKind& kind, std::string_view text) {
    text = trimmed(text);
    if (!text.starts_with(kind.prefix)) {
        return text.starts_with(kind.any_version)
                   ? invalid(std::string{kind.the} + " was made by another version of weft",
                             "upgrade weft there and here")
                   : invalid("this is not " + std::string{kind.one} + ": those begin with `" +
                                 std::string{kind.prefix} + '`',
                             std::string{kind.copy_again});
    }
    if (text.size() > kind.size_max) {
        return mistyped(kind);
    }
    std::vector<std::byte> bytes = from_base64url(text.substr(kind.prefix.size()));
    if (bytes.empty()) {
        return mistyped(kind);
    }
    return bytes;
}

}  // namespace weft::identity
