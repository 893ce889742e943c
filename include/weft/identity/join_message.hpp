// SPDX-License-Identifier: Apache-2.0
// What a joining machine and an issuer say to each other, as sealed bytes. Pure; any thread.
//
//   request   ephemeral X25519 key 32 || XChaCha20-Poly1305 of the padded statement, under the DH
//             of that key and the issuer's: nobody on the way learns who joins, all are of one size
//   reply     nonce 24 || XChaCha20-Poly1305 under the DH of the issuer's key and the request's
//             reply key: never longer than the request, and only the issuer can have made it
//
// A request is signed twice inside: by the token's one-time key (may join) and by the node's
// identity key (has what it names), both over the issuer's key as well, so that no issuer can pass
// it on to another. Renewals are signed by the identity key and carry no token.
#pragma once

#include <weft/identity/token.hpp>

namespace weft::identity {

/// Payload bytes; with the datagram's own header (gossip/messages.hpp) 1,200 B, which passes every
/// path.
inline constexpr std::size_t kJoinRequestSize = 1'152;
inline constexpr std::size_t kJoinReplySizeMax = 1'152;
inline constexpr std::size_t kJoinSeedsMax = 8;
inline constexpr std::size_t kPoolsMax = 2;  // one of each family

struct JoinRequest {
    TokenId token{};       ///< zero: a renewal
    VerifyKey token_key;   ///< zero: a renewal
    UnixSeconds time = 0;  ///< the sender's clock; told back when far off
    VerifyKey identity_key;
    crypto::PublicKey wireguard_key;
    crypto::PublicKey gossip_key;
    std::string name;             ///< wanted; empty: whichever the issuer gives
    std::uint64_t serial = 0;     ///< renewal: of the certificate that is renewed
    crypto::PublicKey reply_key;  ///< fresh; the reply is boxed to it

    [[nodiscard]] bool is_renewal() const { return token == TokenId{}; }
};

/// `token_key`: nullptr for a renewal.
[[nodiscard]] std::vector<std::byte> seal_join_request(const JoinRequest& request,
                                                       const NetworkId& network,
                                                       const SigningKey* token_key,
                                                       const SigningKey& identity,
                                                       const crypto::PublicKey& issuer,
                                                       RandomSource& random);
/// Opens, checks both signatures. Errors (EINVAL) say what is wrong; strangers are told nothing of
/// it.
[[nodiscard]] Result<JoinRequest> open_join_request(ConstBytes sealed,
                                                    const NetworkId& network,
                                                    const crypto::PrivateKey& issuer_sealing);

/// A way into the network before any member is known.
struct Seed {
    NodeId node;
    crypto::PublicKey gossip_key;
    net::Endpoint endpoint;
};

struct JoinReply {
    enum class Status : std::uint8_t {
        kGranted = 0,
        kUnknownToken = 1,
        kExpiredToken = 2,
        kUsedToken = 3,  ///< `detail`: the first user's name
        kNameTaken = 4,  ///< `detail`: a free one
        kPoolFull = 5,
        kNotFromHere = 6,  ///< the token's --from names another address
        kRevoked = 7,
        kClockOff = 8,  ///< `time` says what the issuer's is
        kWait = 9,      ///< the issuer merges what members know, ask again
    };
    Status status = Status::kGranted;
    UnixSeconds time = 0;                       ///< the issuer's clock
    std::string detail;                         ///< at most kNameSizeMax printable ASCII characters
    std::vector<std::byte> certificate;         ///< empty unless granted
    std::vector<std::byte> issuer_certificate;  ///< empty unless granted
    std::vector<net::Prefix> pools;             ///< at most kPoolsMax
    std::vector<Seed> seeds;                    ///< at most kJoinSeedsMax
};

/// What is not one of the statuses' replies is asserted. Of the seeds, those that can be used and
/// fit beside the rest are sent, the first first.
[[nodiscard]] std::vector<std::byte> seal_join_reply(const JoinReply& reply,
                                                     const crypto::PublicKey& reply_key,
                                                     const crypto::PrivateKey& issuer_sealing,
                                                     RandomSource& random);
[[nodiscard]] Result<JoinReply> open_join_reply(ConstBytes sealed,
                                                const crypto::PrivateKey& reply_key,
                                                const crypto::PublicKey& issuer);

}  // namespace weft::identity
