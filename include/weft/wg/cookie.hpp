// SPDX-License-Identifier: Apache-2.0
// MAC1, MAC2 and cookies (WireGuard paper 5.4.4, 5.4.7): the checker guards our own door, the
// jar keeps the cookie that a peer under load gave us.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <weft/base/bytes.hpp>
#include <weft/base/clock.hpp>
#include <weft/base/random.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/crypto/blake2s.hpp>
#include <weft/crypto/x25519.hpp>
#include <weft/net/address.hpp>
#include <weft/wg/constants.hpp>
#include <weft/wg/messages.hpp>

namespace weft::wg {

/// For messages sent to us.
class CookieChecker {
  public:
    explicit CookieChecker(RandomSource& random) : random_(random) {}

    void set_public_key(const crypto::PublicKey& own);

    /// `message` is an initiation or response, whole. Before any DH or allocation.
    [[nodiscard]] bool mac1_valid(ConstBytes message) const;
    /// Sent with a cookie, as a flood is not.
    [[nodiscard]] static bool has_mac2(ConstBytes message);
    /// Whether mac2 proves that the sender receives at `source` (address and port).
    [[nodiscard]] bool mac2_valid(ConstBytes message, const net::Endpoint& source, Time now);
    /// A cookie reply to `message`, whose mac1 is valid.
    void create_reply(ConstBytes message,
                      const net::Endpoint& source,
                      Time now,
                      std::span<std::byte, kCookieReplySize> out);

  private:
    static constexpr std::size_t kNonceSize = 24;
    static constexpr std::size_t kNonces = 32;

    [[nodiscard]] std::span<const std::byte, kNonceSize> next_nonce();
    [[nodiscard]] ByteArray<16> make_cookie(const net::Endpoint& source) const;
    void refresh_secret(Time now);

    RandomSource& random_;
    crypto::MacKey mac1_key_;
    crypto::AeadKey cookie_key_;
    crypto::MacKey secret_;
    std::optional<Time> secret_born_;
    ByteArray<kNonces * kNonceSize> nonces_{};
    std::size_t nonces_left_ = 0;
};

/// For messages we send to one peer.
class CookieJar {
  public:
    void set_peer_key(const crypto::PublicKey& peer);

    /// Fills mac1 and, while a cookie is fresh (115 s), mac2 of an initiation or response.
    void add_macs(Bytes message, Time now);
    /// Accepted only once for each mac1 we sent; changes nothing otherwise.
    [[nodiscard]] bool consume_reply(std::span<const std::byte, kCookieReplySize> reply, Time now);

  private:
    crypto::AeadKey mac1_key_;
    crypto::AeadKey cookie_key_;
    ByteArray<16> cookie_{};
    std::optional<Time> cookie_born_;
    ByteArray<16> last_mac1_{};
    bool sent_mac1_ = false;
};

}  // namespace weft::wg
