// SPDX-License-Identifier: Apache-2.0
// See utf8.hpp. RFC 3629 4: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#include <weft/base/utf8.hpp>

namespace weft {

std::size_t utf8_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(0);
    std::size_t length = 0;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead < 0xe0) {
        length = 2;
    } else if (lead >= 0xe0 && lead < 0xf0) {
        length = 3;
    } else if (lead >= 0xf0 && lead < 0xf5) {
        length = 4;
    }
    if (length == 0 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
    const bool beyond = (lead == 0xed && at(1) > 0x9f) || (lead == 0xf4 && at(1) > 0x8f);
    return overlong || beyond ? 0 : length;
}

std::string utf8_excerpt(std::string_view text, std::size_t max) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::size_t size = length == 0 ? 1 : length;
        if (out.size() + size > max) {
            return out + "...";
        }
        if (length == 0) {
            out += '?';
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size);
    }
    return out;
}

}  // namespace weft
