// SPDX-License-Identifier: Apache-2.0
// Longest-prefix match as an immutable table: the prefixes flattened to disjoint sorted ranges,
// found by binary search. O(log n) for a lookup, O(n log n) to build, 8 or 20 bytes a range.
// A change builds a new table; readers keep theirs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <weft/net/address.hpp>

namespace weft::net {

class PrefixTable {
  public:
    using Value = std::uint32_t;
    static constexpr Value kNone = 0xffffffff;

    struct Entry {
        Prefix prefix;  // host bits are ignored
        Value value = kNone;
    };

    PrefixTable() = default;
    /// Of two equal prefixes the later wins.
    explicit PrefixTable(std::span<const Entry> entries);

    /// The value of the longest prefix that holds the address; kNone where none does.
    /// `address` is 4 or 16 bytes in network order.
    [[nodiscard]] Value find_v4(const std::byte* address) const;
    [[nodiscard]] Value find_v6(const std::byte* address) const;
    [[nodiscard]] Value find(const IpAddress& address) const;

  private:
    struct Key128 {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        friend auto operator<=>(const Key128&, const Key128&) = default;
    };
    // starts_[i] .. starts_[i + 1] - 1 have values_[i]; starts_[0] is 0 in a table that is not
    // empty.
    std::vector<std::uint32_t> starts4_;
    std::vector<Value> values4_;
    std::vector<Key128> starts6_;
    std::vector<Value> values6_;
};

}  // namespace weft::net
