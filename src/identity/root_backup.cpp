// SPDX-License-Identifier: Apache-2.0
// See root_backup.hpp. Control plane and CLI; any thread.
#include <algorithm>
#include <optional>

#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/encoding.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/identity/join_message.hpp>
#include <weft/identity/root_backup.hpp>

#include "fields.hpp"

namespace weft::identity {
namespace {

constexpr std::string_view kTitle = "weft-root ";
constexpr std::string_view kBackupVersion = "1 ";
constexpr std::string_view kBlank = " \t\r\n";
constexpr std::size_t kLineSize = 64;
constexpr std::size_t kNonceSize = 24;
constexpr std::size_t kSaltSize = crypto_pwhash_SALTBYTES;
constexpr std::size_t kPlainMax = 128;
constexpr std::size_t kTextMax = 4'096;

constexpr std::string_view kWholeText = "give the whole text that `weft root export` printed";

struct Cost {
    std::uint32_t passes = kBackupPasses;
    std::uint32_t memory_kib = kBackupMemoryKib;
};

ByteWriter encode_backup(const RootBackup& backup) {
    ByteWriter out{kPlainMax};  // growing would leave copies of the seed behind
    out.append(backup.first_root.bytes);
    out.write(backup.number);
    out.append(backup.key.seed().bytes());
    out.write(backup.block4);
    out.write(backup.block6);
    std::vector<net::Prefix> pools = backup.pools;
    std::sort(pools.begin(), pools.end());
    write_prefixes(out, pools);
    WEFT_ASSERT(out.size() <= kPlainMax);
    return out;
}

Result<RootBackup> decode_backup(ConstBytes plain) {
    FieldReader reader{"the root key's text", plain};
    const VerifyKey first = reader.verify_key();
    const auto number = reader.number<std::uint32_t>();
    Secret<32> seed;
    reader.secret(seed);
    const auto block4 = reader.number<std::uint8_t>();
    const auto block6 = reader.number<std::uint8_t>();
    auto pools = reader.prefixes(kPoolsMax, PrefixUse::kPool);
    reader.require(!pools.empty(), "names no pool");
    reader.require(block4 >= 1 && block4 <= 32 && block6 >= 1 && block6 <= 64,
                   "has blocks that none can have");
    if (const Result<> read = reader.finish(); !read) {
        return read.error();
    }
    return RootBackup{
        first, number, SigningKey::from_seed(std::move(seed)), std::move(pools), block4, block6};
}

Result<crypto::AeadKey> stretch(std::string_view passphrase, ConstBytes salt, const Cost& cost) {
    crypto::AeadKey key;
    if (crypto_pwhash(key.data(),
                      crypto::AeadKey::kSize,
                      passphrase.data(),
                      passphrase.size(),
                      as_uchar(salt.data()),
                      cost.passes,
                      std::size_t{cost.memory_kib} * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return Error{std::make_error_code(std::errc::not_enough_memory),
                     "there is no memory to stretch the passphrase",
                     "it takes " + std::to_string(cost.memory_kib / 1024) + " MiB for a moment"};
    }
    return key;
}

std::string head_of(const NetworkId& network) {
    return std::string{kTitle} + std::string{kBackupVersion} + network.to_string();
}

/// All that the seal covers besides: the header line, then salt and cost.
std::vector<std::byte> associated(std::string_view head, ConstBytes public_part) {
    ByteWriter out{head.size() + public_part.size()};
    out.append(head);
    out.append(public_part);
    return std::move(out).release();
}

std::optional<std::vector<std::byte>> decode_lines(std::string_view lines) {
    std::string digits;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(digits), [](char c) {
        return kBlank.find(c) == std::string_view::npos;
    });
    const std::size_t end = digits.find_last_not_of('=');
    const std::size_t padding = end == std::string::npos ? 0 : digits.size() - end - 1;
    if (digits.empty() || digits.size() % 4 != 0 || padding > 2) {
        return std::nullopt;
    }
    std::vector<std::byte> bytes(digits.size() / 4 * 3 - padding);
    return from_base64(digits, bytes) ? std::optional{std::move(bytes)} : std::nullopt;
}

Error mistyped() {
    return invalid("the root key's text is cut short or mistyped", std::string{kWholeText});
}

Result<RootBackup> open_body(std::string_view head, ConstBytes body, std::string_view passphrase) {
    ByteReader reader{body};
    const ConstBytes salt = reader.take(kSaltSize);
    const Cost cost{reader.read<std::uint32_t>(), reader.read<std::uint32_t>()};
    const ConstBytes public_part = body.first(body.size() - reader.left());
    const ConstBytes nonce = reader.take(kNonceSize);
    const ConstBytes sealed = reader.take(reader.left());
    const bool fits = !reader.failed() && sealed.size() > crypto::kTagSize &&
                      sealed.size() <= kPlainMax + crypto::kTagSize;
    if (!fits || cost.passes == 0 || cost.passes > kBackupPassesMax || cost.memory_kib < 8 ||
        cost.memory_kib > kBackupMemoryKibMax) {
        return mistyped();
    }
    const Result<crypto::AeadKey> key = stretch(passphrase, salt, cost);
    if (!key) {
        return key.error();
    }
    std::vector<std::byte> plain(sealed.size() - crypto::kTagSize);
    if (!crypto::xopen(
            *key, nonce.first<kNonceSize>(), associated(head, public_part), sealed, plain)) {
        return Error{std::make_error_code(std::errc::permission_denied),
                     "the passphrase is another one, or the root key's text was changed",
                     "type the passphrase of `weft root export` again"};
    }
    Result<RootBackup> backup = decode_backup(plain);
    sodium_memzero(plain.data(), plain.size());
    return backup;
}

}  // namespace

Result<std::string> seal_root(const RootBackup& backup,
                              std::string_view passphrase,
                              RandomSource& random) {
    WEFT_ASSERT(!backup.pools.empty() && backup.pools.size() <= kPoolsMax);
    if (passphrase.size() < kPassphraseMin) {
        return invalid(
            "the passphrase has fewer than " + std::to_string(kPassphraseMin) + " characters",
            "a few words are easy to keep");
    }
    const Cost cost;
    ByteArray<kSaltSize> salt;
    random.fill(salt);
    ByteArray<kNonceSize> nonce;
    random.fill(nonce);
    ByteWriter body;
    body.append(salt);
    body.write(cost.passes);
    body.write(cost.memory_kib);
    const Result<crypto::AeadKey> key = stretch(passphrase, salt, cost);
    if (!key) {
        return key.error();
    }
    const std::string head = head_of(network_id_of(backup.first_root));
    std::vector<std::byte> plain = encode_backup(backup).release();
    std::vector<std::byte> sealed(plain.size() + crypto::kTagSize);
    crypto::xseal(*key, nonce, associated(head, body.bytes()), plain, sealed);
    sodium_memzero(plain.data(), plain.size());
    body.append(nonce);
    body.append(sealed);

    std::string text = head + '\n';
    const std::string digits = to_base64(body.bytes());
    for (std::size_t at = 0; at < digits.size(); at += kLineSize) {
        text += digits.substr(at, kLineSize) + '\n';
    }
    return text;
}

Result<RootBackup> open_root(std::string_view text, std::string_view passphrase) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
    if (!text.starts_with(kTitle) || text.size() > kTextMax) {
        return invalid("this is not a root key's text: those begin with `weft-root`",
                       std::string{kWholeText});
    }
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string_view head = text.substr(0, end);
    head = head.substr(0, head.find_last_not_of(kBlank) + 1);
    if (!head.substr(kTitle.size()).starts_with(kBackupVersion)) {
        return invalid("the root key's text was made by another version of weft",
                       "upgrade weft on this machine");
    }
    const auto body = decode_lines(text.substr(end));
    if (!body) {
        return mistyped();
    }
    Result<RootBackup> backup = open_body(head, *body, passphrase);
    if (backup && head != head_of(network_id_of(backup->first_root))) {
        return mistyped();
    }
    return backup;
}

}  // namespace weft::identity
