// SPDX-License-Identifier: Apache-2.0
// What signed statements, tokens and join messages are made of: the writer of each field and a
// reader that takes its one canonical form only. Private to this room; pure. Layouts:
// certificate.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weft/base/byte_reader.hpp>
#include <weft/base/byte_writer.hpp>
#include <weft/identity/certificate.hpp>
#include <weft/identity/extensions.hpp>
#include <weft/net/address_bytes.hpp>

namespace weft::identity {

inline constexpr std::uint8_t kFormatVersion = 1;
inline constexpr std::size_t kMagicSize = 3;

/// What a list of prefixes is for: routed ones may be the whole Internet.
enum class PrefixUse : std::uint8_t { kPool, kRouted };

/// A prefix that hosts can have: masked, not loopback's, link-local or multicast.
[[nodiscard]] bool valid_prefix(const net::Prefix& prefix, PrefixUse use);
/// An endpoint that can be reached from elsewhere without a zone. Loopback is one: for tests on one
/// machine.
[[nodiscard]] bool valid_endpoint(const net::Endpoint& endpoint);

// ---- Writing: whatever it is; build() asserts that it reads back -------------------------------

void write_head(ByteWriter& out, std::string_view magic, const NetworkId& network);
void write_text(ByteWriter& out, std::string_view text);
void write_blob(ByteWriter& out, ConstBytes blob);
void write_prefixes(ByteWriter& out, const std::vector<net::Prefix>& prefixes);
[[nodiscard]] std::size_t prefixes_size(const std::vector<net::Prefix>& prefixes);

// ---- Reading ------------------------------------------------------------------------------------

/// Reads fields off a statement, front to back. The first thing that is wrong sticks, with its
/// cause.
class FieldReader {
  public:
    /// `what`: the statement's name in errors, "a certificate".
    FieldReader(std::string_view what, ConstBytes bytes) : what_(what), reader_(bytes) {}

    /// Magic and version; then the fields of version 1 follow.
    void head(std::string_view magic);
    template <std::unsigned_integral T>
    [[nodiscard]] T number() {
        return reader_.read<T>();
    }
    template <std::size_t N>
    [[nodiscard]] ByteArray<N> array() {
        ByteArray<N> bytes{};
        reader_.read_into(bytes);
        return bytes;
    }
    void secret(Secret<32>& out) { reader_.read_into(out.mutable_bytes()); }
    [[nodiscard]] NetworkId network() { return {array<16>()}; }
    [[nodiscard]] VerifyKey verify_key();
    [[nodiscard]] crypto::PublicKey public_key();
    [[nodiscard]] std::string name();
    /// At most kNameSizeMax printable ASCII characters, or none.
    [[nodiscard]] std::string text();
    /// u16 size and as many bytes, at most `max`.
    [[nodiscard]] std::vector<std::byte> blob(std::size_t max);
    [[nodiscard]] std::vector<net::Prefix> prefixes(std::size_t max, PrefixUse use);
    [[nodiscard]] net::Endpoint endpoint();
    /// Passes over the extensions that nobody needs to know.
    void extensions();
    /// The rest: zeros.
    void padding();

    /// Makes the statement an error, unless it is one already.
    void refuse(std::string_view cause, std::string_view remedy = {});
    void require(bool condition, std::string_view cause) {
        if (!condition) {
            refuse(cause);
        }
    }
    [[nodiscard]] bool failed() const { return reader_.failed(); }
    [[nodiscard]] std::size_t left() const { return reader_.left(); }
    /// Whether everything was there, right, and nothing is left.
    [[nodiscard]] Result<> finish();

  private:
    [[nodiscard]] net::IpAddress address();
    [[nodiscard]] net::Prefix prefix(PrefixUse use);

    std::string_view what_;
    ByteReader reader_;
    std::string_view cause_;
    std::string_view remedy_;
};

// ---- Around the fields --------------------------------------------------------------------------

/// body || signature.
[[nodiscard]] std::vector<std::byte> append_signature(std::string_view kind,
                                                      const NetworkId& network,
                                                      ByteWriter body,
                                                      const SigningKey& signer);
/// Everything before the signature; empty where there is not even room for one.
[[nodiscard]] ConstBytes body_of(ConstBytes signed_bytes);
[[nodiscard]] Signature signature_of(ConstBytes signed_bytes);

}  // namespace weft::identity
