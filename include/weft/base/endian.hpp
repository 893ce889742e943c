// SPDX-License-Identifier: Apache-2.0
// Integers on the wire: explicit width and byte order, no alignment needed.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weft {

namespace detail {
template <std::unsigned_integral T>
constexpr T swap_bytes(T value) {
    if constexpr (sizeof(T) == 2) {
        return __builtin_bswap16(value);
    } else if constexpr (sizeof(T) == 4) {
        return __builtin_bswap32(value);
    } else {
        return __builtin_bswap64(value);
    }
}
template <std::unsigned_integral T, std::endian Order>
inline T load(const std::byte* from) {
    T value = 0;
    std::memcpy(&value, from, sizeof value);
    return Order == std::endian::native ? value : swap_bytes(value);
}
template <std::unsigned_integral T, std::endian Order>
inline void store(std::byte* to, T value) {
    value = Order == std::endian::native ? value : swap_bytes(value);
    std::memcpy(to, &value, sizeof value);
}
}  // namespace detail

inline std::uint32_t load_le32(const std::byte* p) {
    return detail::load<std::uint32_t, std::endian::little>(p);
}
inline std::uint64_t load_le64(const std::byte* p) {
    return detail::load<std::uint64_t, std::endian::little>(p);
}
inline std::uint16_t load_be16(const std::byte* p) {
    return detail::load<std::uint16_t, std::endian::big>(p);
}
inline std::uint32_t load_be32(const std::byte* p) {
    return detail::load<std::uint32_t, std::endian::big>(p);
}
inline std::uint64_t load_be64(const std::byte* p) {
    return detail::load<std::uint64_t, std::endian::big>(p);
}
inline void store_le32(std::byte* p, std::uint32_t value) {
    detail::store<std::uint32_t, std::endian::little>(p, value);
}
inline void store_le64(std::byte* p, std::uint64_t value) {
    detail::store<std::uint64_t, std::endian::little>(p, value);
}
inline void store_be16(std::byte* p, std::uint16_t value) {
    detail::store<std::uint16_t, std::endian::big>(p, value);
}
inline void store_be32(std::byte* p, std::uint32_t value) {
    detail::store<std::uint32_t, std::endian::big>(p, value);
}
inline void store_be64(std::byte* p, std::uint64_t value) {
    detail::store<std::uint64_t, std::endian::big>(p, value);
}

}  // namespace weft
