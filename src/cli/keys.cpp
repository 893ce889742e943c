// SPDX-License-Identifier: Apache-2.0
// weft genkey, weft pubkey: wg's two commands, the same text formats. Key texts are wiped.
#include <array>
#include <istream>
#include <ostream>

#include <sodium.h>

#include <weft/base/encoding.hpp>
#include <weft/base/random.hpp>
#include <weft/crypto/x25519.hpp>

#include "commands.hpp"

namespace weft::cli {

int generate_key(const Context& context) {
    if (auto ready = crypto::initialize(); !ready) {
        return fail(context, ready.error());
    }
    SystemRandom random;
    const crypto::PrivateKey key = crypto::generate_private_key(random);
    std::string text = to_base64(key.bytes());
    context.terminal.out << text << "\n";
    sodium_memzero(text.data(), text.size());
    return kOk;
}

int derive_public_key(const Context& context) {
    if (auto ready = crypto::initialize(); !ready) {
        return fail(context, ready.error());
    }
    constexpr std::size_t kTextMost = 64;  // a key and some white space
    Secret<kTextMost + 1> buffer;
    auto* chars = reinterpret_cast<char*>(buffer.data());
    context.terminal.in.read(chars, static_cast<std::streamsize>(decltype(buffer)::kSize));
    const std::string_view text{chars, static_cast<std::size_t>(context.terminal.in.gcount())};
    const bool whole = text.size() <= kTextMost;
    crypto::PrivateKey key;
    if (!whole || !from_base64_line(text, key.mutable_bytes())) {
        return fail(context,
                    invalid("standard input does not hold a private key (44 characters of base64)",
                            "weft pubkey < private.key"));
    }
    crypto::clamp(key);
    context.terminal.out << to_base64(crypto::public_key_of(key).bytes) << "\n";
    return kOk;
}

}  // namespace weft::cli
