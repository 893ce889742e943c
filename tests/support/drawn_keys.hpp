// SPDX-License-Identifier: Apache-2.0
// Keys that follow from numbers, as the seeded generator draws them.
#pragma once

#include <cstdint>

#include <weft/identity/keys.hpp>

namespace weft::test {

inline identity::SigningKey signing_key(std::uint64_t number) {
    SeededRandom random{number};
    return identity::SigningKey::generate(random);
}
inline crypto::PrivateKey private_key(std::uint64_t number) {
    SeededRandom random{number};
    return crypto::generate_private_key(random);
}

}  // namespace weft::test
