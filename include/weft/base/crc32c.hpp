// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli; RFC 3720, appendix B.4): against damage, where libsodium is not linked.
#pragma once

#include <cstdint>

#include <weft/base/bytes.hpp>

namespace weft {

[[nodiscard]] std::uint32_t crc32c(ConstBytes bytes);

}  // namespace weft
