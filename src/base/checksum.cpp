// SPDX-License-Identifier: Apache-2.0
// See checksum.hpp. Pure; any thread.
#include <sodium.h>

#include <weft/base/checksum.hpp>

namespace weft {

ByteArray<16> blake2b_128(ConstBytes bytes) {
    ByteArray<16> hash;
    static_assert(sizeof hash == crypto_generichash_BYTES_MIN);
    crypto_generichash(
        as_uchar(hash.data()), hash.size(), as_uchar(bytes.data()), bytes.size(), nullptr, 0);
    return hash;
}

}  // namespace weft
