// SPDX-License-Identifier: Apache-2.0
// The packets of a write to a TUN, as weft would split them when it read it.
#pragma once

#include <vector>

#include <gtest/gtest.h>

#include "packets.hpp"
#include "super_packet.hpp"

namespace weft::dataplane {

inline std::vector<test::Buffer> split(Bytes write) {
    std::vector<test::Buffer> packets;
    const auto super = SuperPacket::parse(write);
    EXPECT_TRUE(super) << "a write that weft would not read";
    for (std::uint32_t i = 0; super && i < super->segments(); ++i) {
        SuperPacket::Scratch scratch;
        const auto segment = super->segment(i, scratch);
        test::Buffer& packet = packets.emplace_back(segment.size());
        copy_bytes(segment.payload, copy_bytes(segment.head, packet));
    }
    return packets;
}

}  // namespace weft::dataplane
