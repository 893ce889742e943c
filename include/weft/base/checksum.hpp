// SPDX-License-Identifier: Apache-2.0
// Against damage and mistakes, not against anybody: the first bytes of BLAKE2b-128 (RFC 7693).
#pragma once

#include <weft/base/bytes.hpp>

namespace weft {

[[nodiscard]] ByteArray<16> blake2b_128(ConstBytes bytes);

template <std::size_t N>
[[nodiscard]] ByteArray<N> checksum(ConstBytes bytes) {
    const ByteArray<16> hash = blake2b_128(bytes);
    ByteArray<N> first;
    copy_bytes(ConstBytes{hash}.first(N), first);
    return first;
}

}  // namespace weft
