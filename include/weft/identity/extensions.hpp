// SPDX-License-Identifier: Apache-2.0
// The extensions at the end of every signed statement: u16 size, then TLVs {u8 type, u8 length} of
// ascending type, bit 7 of the type marks a critical one. This version knows none. Pure; any
// thread.
#pragma once

#include <weft/base/byte_reader.hpp>

namespace weft::identity {

inline constexpr std::uint8_t kExtensionCritical = 0x80;
inline constexpr std::uint16_t kNoExtensions = 0;  // their size

enum class ExtensionFault : std::uint8_t { kNone, kCutShort, kOutOfOrder, kCritical };

/// Passes over those that nobody needs to know; the first thing that is wrong with them. Where the
/// statement itself ends before them, the reader fails.
inline ExtensionFault skip_extensions(ByteReader& reader) {
    ByteReader rest{reader.take(reader.read<std::uint16_t>())};
    int last = -1;
    while (rest.left() > 0) {
        const auto type = rest.read<std::uint8_t>();
        static_cast<void>(rest.take(rest.read<std::uint8_t>()));
        if (rest.failed()) {
            return ExtensionFault::kCutShort;
        }
        if (type <= last) {
            return ExtensionFault::kOutOfOrder;
        }
        if ((type & kExtensionCritical) != 0) {
            return ExtensionFault::kCritical;
        }
        last = type;
    }
    return ExtensionFault::kNone;
}

}  // namespace weft::identity
