// SPDX-License-Identifier: Apache-2.0
// Journals for the targets of those that read them: whole records of any payload.
#pragma once

#include <weft/base/byte_writer.hpp>

#include "fuzz.hpp"

namespace weft::fuzz {

/// {u16 size, type, payload} becomes a record with version and checksum: no mutation would find
/// those. `add_checksum` appends the one of what the record holds by then.
template <class AddChecksum>
Buffer framed(Input& input, std::uint8_t version, const AddChecksum& add_checksum) {
    ByteWriter out;
    while (!input.empty()) {
        const std::uint16_t size = input.u16();
        const std::uint8_t type = input.u8();
        const ConstBytes payload = input.take(size);
        ByteWriter record;
        record.write(static_cast<std::uint16_t>(payload.size()));
        record.write(type);
        record.write(version);
        record.append(payload);
        add_checksum(record);
        out.append(record.bytes());
    }
    return std::move(out).release();
}

}  // namespace weft::fuzz
