// SPDX-License-Identifier: Apache-2.0
// Longest-prefix match: outbound the inner destination picks the peer, inbound the inner source
// must lead back to it. Built by the control thread; looked up by workers, without locks.
//
//   10.0.0.0/8 -> A, 10.1.0.0/16 -> B       starts  0      10.0.0.0  10.1.0.0  10.2.0.0  11.0.0.0
//   flattened by a sweep with a stack:      values  none   A         B         A         none
#include <algorithm>
#include <concepts>
#include <utility>

#include <weft/base/endian.hpp>
#include <weft/net/prefix_table.hpp>

namespace weft::net {

namespace {

/// First and last address of one prefix.
template <class Key>
struct Range {
    Key first;
    Key last;
    PrefixTable::Value value;
};

template <class Key>
Key load_key(const std::byte* address) {
    if constexpr (std::integral<Key>) {
        return load_be32(address);
    } else {
        return {load_be64(address), load_be64(address + 8)};
    }
}

/// a <= b, without a branch.
template <class Key>
bool not_after(const Key& a, const Key& b) {
    if constexpr (std::integral<Key>) {
        return a <= b;
    } else {
        return (a.high < b.high) | ((a.high == b.high) & (a.low <= b.low));
    }
}

/// key + 1; the last key of all becomes zero.
template <class Key>
Key after(Key key) {
    if constexpr (std::integral<Key>) {
        return key + 1;
    } else {
        const std::uint64_t low = key.low + 1;
        return {key.high + static_cast<std::uint64_t>(low == 0), low};
    }
}

template <class Key>
Range<Key> range_of(const PrefixTable::Entry& entry) {
    const Prefix prefix = entry.prefix.masked();
    ByteArray<16> last{};
    copy_bytes(prefix.address.bytes(), last);
    for (std::size_t bit = prefix.length; bit < prefix.address.bits(); ++bit) {
        last[bit / 8] |= std::byte{0x80} >> (bit % 8);
    }
    return {load_key<Key>(prefix.address.bytes().data()), load_key<Key>(last.data()), entry.value};
}

/// The table of one family while it grows from left to right.
template <class Key>
struct Sweep {
    std::vector<Key>& starts;
    std::vector<PrefixTable::Value>& values;
    std::vector<Range<Key>> open;  // prefixes around the current position, innermost last

    /// From `start` on, `value` holds.
    void emit(const Key& start, PrefixTable::Value value) {
        if (!starts.empty() && starts.back() == start) {
            starts.pop_back();
            values.pop_back();
        }
        if (values.empty() || values.back() != value) {
            starts.push_back(start);
            values.push_back(value);
        }
    }

    void close_innermost() {
        const Key end = after(open.back().last);
        open.pop_back();
        if (end != Key{}) {
            emit(end, open.empty() ? PrefixTable::kNone : open.back().value);
        }
    }
};

template <class Key>
void flatten(std::vector<Range<Key>> ranges,
             std::vector<Key>& starts,
             std::vector<PrefixTable::Value>& values) {
    if (ranges.empty()) {
        return;
    }
    // Outer before inner; equal prefixes stay in order, so that the later one covers the earlier.
    std::stable_sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : b.last < a.last;
    });
    Sweep<Key> sweep{starts, values, {}};
    sweep.emit(Key{}, PrefixTable::kNone);
    for (const Range<Key>& range : ranges) {
        while (!sweep.open.empty() && sweep.open.back().last < range.first) {
            sweep.close_innermost();
        }
        sweep.emit(range.first, range.value);
        sweep.open.push_back(range);
    }
    while (!sweep.open.empty()) {
        sweep.close_innermost();
    }
    starts.shrink_to_fit();
    values.shrink_to_fit();
}

/// The value of the last range that starts at or before `key`.
template <class Key>
PrefixTable::Value find_in(const std::vector<Key>& starts,
                           const std::vector<PrefixTable::Value>& values,
                           const Key& key) {
    if (starts.empty()) {
        return PrefixTable::kNone;
    }
    const Key* base = starts.data();
    for (std::size_t count = starts.size(); count > 1;) {
        const std::size_t half = count / 2;
        base += not_after(base[half], key) ? half : 0;
        count -= half;
    }
    return values[static_cast<std::size_t>(base - starts.data())];
}

}  // namespace

PrefixTable::PrefixTable(std::span<const Entry> entries) {
    std::vector<Range<std::uint32_t>> ranges4;
    std::vector<Range<Key128>> ranges6;
    for (const Entry& entry : entries) {
        if (entry.prefix.address.is_v4()) {
            ranges4.push_back(range_of<std::uint32_t>(entry));
        } else {
            ranges6.push_back(range_of<Key128>(entry));
        }
    }
    flatten(std::move(ranges4), starts4_, values4_);
    flatten(std::move(ranges6), starts6_, values6_);
}

PrefixTable::Value PrefixTable::find_v4(const std::byte* address) const {
    return find_in(starts4_, values4_, load_key<std::uint32_t>(address));
}

PrefixTable::Value PrefixTable::find_v6(const std::byte* address) const {
    return find_in(starts6_, values6_, load_key<Key128>(address));
}

PrefixTable::Value PrefixTable::find(const IpAddress& address) const {
    const std::byte* const bytes = address.bytes().data();
    return address.is_v4() ? find_v4(bytes) : find_v6(bytes);
}

}  // namespace weft::net
