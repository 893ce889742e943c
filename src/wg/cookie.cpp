// SPDX-License-Identifier: Apache-2.0
// MAC1, MAC2 and cookies (WireGuard paper 5.3, 5.4.4, 5.4.7; kernel cookie.c). The first thing a
// handshake message meets, before any DH and any memory of its sender. Handshake lane only.
#include <weft/crypto/blake2s.hpp>
#include <weft/wg/cookie.hpp>

#include "layout.hpp"
#include "source_name.hpp"

namespace weft::wg {
namespace {

constexpr std::string_view kMac1Label = "mac1----";
constexpr std::string_view kCookieLabel = "cookie--";

crypto::AeadKey labelled_key(std::string_view label, const crypto::PublicKey& key) {
    return crypto::AeadKey{crypto::blake2s(bytes_of(label), key.bytes)};
}

bool same_mac(const ByteArray<kMacSize>& computed, std::span<const std::byte, kMacSize> received) {
    return sodium_memcmp(computed.data(), received.data(), kMacSize) == 0;
}

}  // namespace

// ---- Our own door -----------------------------------------------------------------------------

void CookieChecker::set_public_key(const crypto::PublicKey& own) {
    mac1_key_ = crypto::MacKey{labelled_key(kMac1Label, own).bytes()};
    cookie_key_ = labelled_key(kCookieLabel, own);
}

bool CookieChecker::mac1_valid(ConstBytes message) const {
    return same_mac(mac1_key_.mac(layout::before_mac1(message)), layout::mac1_of(message));
}

bool CookieChecker::has_mac2(ConstBytes message) {
    const auto mac2 = layout::mac2_of(message);
    return sodium_is_zero(as_uchar(mac2.data()), mac2.size()) == 0;
}

bool CookieChecker::mac2_valid(ConstBytes message, const net::Endpoint& source, Time now) {
    if (!has_mac2(message)) {
        return false;  // not worth two MACs
    }
    refresh_secret(now);
    return same_mac(crypto::blake2s_mac(make_cookie(source), layout::before_mac2(message)),
                    layout::mac2_of(message));
}

void CookieChecker::create_reply(ConstBytes message,
                                 const net::Endpoint& source,
                                 Time now,
                                 std::span<std::byte, kCookieReplySize> out) {
    namespace field = layout::cookie_reply;
    static_assert(layout::initiation::kSender == layout::response::kSender);
    refresh_secret(now);

    layout::store_type(out, MessageType::kCookieReply);
    layout::store_index(
        out, field::kReceiver, layout::load_index(message, layout::initiation::kSender));
    const auto nonce = out.subspan<field::kNonce, field::kNonceSize>();
    copy_bytes(next_nonce(), nonce);
    crypto::xseal(cookie_key_,
                  nonce,
                  layout::mac1_of(message),
                  make_cookie(source),
                  out.subspan<field::kCookie>());
}

/// Drawn in advance: under a flood a system call for each would cost more than the reply's sealing.
std::span<const std::byte, CookieChecker::kNonceSize> CookieChecker::next_nonce() {
    if (nonces_left_ == 0) {
        random_.fill(nonces_);
        nonces_left_ = kNonces;
    }
    return ConstBytes{nonces_}.subspan(--nonces_left_ * kNonceSize).first<kNonceSize>();
}

ByteArray<16> CookieChecker::make_cookie(const net::Endpoint& source) const {
    return secret_.mac(SourceName{source}.view());
}

void CookieChecker::refresh_secret(Time now) {
    if (secret_born_ && now - *secret_born_ < kCookieSecretMaxAge) {
        return;
    }
    Secret<32> secret;
    random_.fill(secret.mutable_bytes());
    secret_ = crypto::MacKey{secret.bytes()};
    secret_born_ = now;
}

// ---- At the peer's door -----------------------------------------------------------------------

void CookieJar::set_peer_key(const crypto::PublicKey& peer) {
    mac1_key_ = labelled_key(kMac1Label, peer);
    cookie_key_ = labelled_key(kCookieLabel, peer);
}

void CookieJar::add_macs(Bytes message, Time now) {
    last_mac1_ = crypto::blake2s_mac(mac1_key_.bytes(), layout::before_mac1(message));
    sent_mac1_ = true;
    copy_bytes(last_mac1_, layout::mac1_of(message));

    // Given up a little before the peer's secret changes: the message has yet to travel.
    const bool fresh =
        cookie_born_ && now - *cookie_born_ < kCookieSecretMaxAge - kCookieSecretLatency;
    const auto mac2 =
        fresh ? crypto::blake2s_mac(cookie_, layout::before_mac2(message)) : ByteArray<kMacSize>{};
    copy_bytes(mac2, layout::mac2_of(message));
}

bool CookieJar::consume_reply(std::span<const std::byte, kCookieReplySize> reply, Time now) {
    namespace field = layout::cookie_reply;
    ByteArray<16> cookie;
    if (!sent_mac1_ || !crypto::xopen(cookie_key_,
                                      reply.subspan<field::kNonce, field::kNonceSize>(),
                                      last_mac1_,
                                      reply.subspan<field::kCookie>(),
                                      cookie)) {
        return false;
    }
    cookie_ = cookie;
    cookie_born_ = now;
    sent_mac1_ = false;
    return true;
}

}  // namespace weft::wg
