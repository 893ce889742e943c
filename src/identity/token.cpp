// SPDX-License-Identifier: Apache-2.0
// Tokens: one argument that a person copies, so whatever can go wrong with a copy is told apart.
// The checksum is against mistakes; what protects a token is that nobody else sees it. Control
// plane and CLI; any thread.
#include <algorithm>
#include <array>

#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/checksum.hpp>
#include <weft/base/encoding.hpp>
#include <weft/identity/token.hpp>

#include "base64url.hpp"
#include "fields.hpp"

namespace weft::identity {
namespace {

constexpr std::string_view kPrefix = "weft1_";
constexpr std::string_view kAnyPrefix = "weft";
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kTokenBytesMax = kTokenTextMax * 3 / 4;

constexpr std::string_view kCopyAll =
    "copy it from `weft1_` to its last character, or make a new one";

/// "weft", digits, '_': a token of another format.
bool of_another_format(std::string_view text) {
    if (!text.starts_with(kAnyPrefix)) {
        return false;
    }
    text.remove_prefix(kAnyPrefix.size());
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    return digits > 0 && digits < text.size() && text[digits] == '_';
}

/// The fields between the version and the checksum, of a token that has both.
Result<Token> parse_fields(FieldReader reader) {
    const auto id = reader.array<sizeof(TokenId)>();
    Secret<32> seed;
    reader.secret(seed);
    const VerifyKey root = reader.verify_key();
    const crypto::PublicKey sealing_key = reader.public_key();
    const auto expiry = reader.number<UnixSeconds>();
    const std::size_t count = reader.number<std::uint8_t>();
    reader.require(id != TokenId{}, "has no id");
    reader.require(count <= kTokenEndpointsMax, "has too many endpoints");
    std::vector<net::Endpoint> endpoints;
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        endpoints.push_back(reader.endpoint());
    }
    if (const Result<> read = reader.finish(); !read) {
        return read.error();
    }
    return Token{id,
                 SigningKey::from_seed(std::move(seed)),
                 root,
                 sealing_key,
                 expiry,
                 std::move(endpoints)};
}

}  // namespace

std::string to_text(const Token& token) {
    WEFT_ASSERT(token.id != TokenId{} && token.endpoints.size() <= kTokenEndpointsMax);
    ByteWriter out{kTokenBytesMax};
    out.write(kFormatVersion);
    out.append(token.id);
    out.append(token.one_time_key.seed().bytes());
    out.append(token.root.bytes);
    out.append(token.issuer_sealing_key.bytes);
    out.write(token.expiry);
    out.write(static_cast<std::uint8_t>(token.endpoints.size()));
    for (const net::Endpoint& endpoint : token.endpoints) {
        WEFT_ASSERT(valid_endpoint(endpoint));
        net::append(out, endpoint);
    }
    out.append(checksum<kChecksumSize>(out.bytes()));
    std::vector<std::byte> bytes = std::move(out).release();
    std::string text = std::string{kPrefix} + to_base64url(bytes);
    sodium_memzero(bytes.data(), bytes.size());
    return text;
}

Result<Token> parse_token(std::string_view text) {
    text = trimmed(text);
    if (text.empty()) {
        return invalid("no token is given",
                       "`weft token create` makes one, on a member that issues");
    }
    if (!text.starts_with(kPrefix)) {
        return of_another_format(text)
                   ? invalid("the token was made by another version of weft",
                             "upgrade weft on this machine, or make a token with this version")
                   : invalid("this is not a token: tokens begin with `weft1_`",
                             std::string{kCopyAll});
    }
    if (text.size() > kTokenTextMax) {
        return invalid("the token is longer than any", std::string{kCopyAll});
    }
    std::vector<std::byte> bytes = from_base64url(text.substr(kPrefix.size()));
    const ConstBytes all{bytes};
    if (all.size() <= kChecksumSize) {
        return invalid("the token is cut short or mistyped", std::string{kCopyAll});
    }
    const ConstBytes fields = all.first(all.size() - kChecksumSize);
    const auto expected = checksum<kChecksumSize>(fields);
    if (!std::equal(expected.begin(), expected.end(), all.last(kChecksumSize).begin())) {
        sodium_memzero(bytes.data(), bytes.size());
        return invalid("the token is cut short or mistyped", std::string{kCopyAll});
    }
    if (all[0] != std::byte{kFormatVersion}) {
        return invalid("the token was made by another version of weft",
                       "upgrade weft on this machine, or make a token with this version");
    }
    Result<Token> token = parse_fields(FieldReader{"the token", fields.subspan(1)});
    sodium_memzero(bytes.data(), bytes.size());
    return token;
}

}  // namespace weft::identity
