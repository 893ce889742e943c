// SPDX-License-Identifier: Apache-2.0
// Seals and opens members' datagrams: the head of messages.hpp, and one key for each pair of nodes,
// made when first needed and kept.
#pragma once

#include <map>

#include <weft/base/random.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/gossip/messages.hpp>

namespace weft::gossip {

inline constexpr std::size_t kNonceSize = 24;
/// type, version, sender, nonce
inline constexpr std::size_t kSealedHeadSize = 2 + 16 + kNonceSize;
inline constexpr std::size_t kPlaintextMax = kDatagramSizeMax - kSealedHeadSize - crypto::kTagSize;
/// type, version, cookie, certificate's size
inline constexpr std::size_t kIntroduceHeadSize = 2 + kCookieSize + 2;

class Sealer {
  public:
    Sealer(const identity::NetworkId& network, RandomSource& random)
        : network_(network), random_(random) {}

    void set_own(const NodeId& id, const crypto::PrivateKey& key);

    /// `prefix` (an introduction's head and certificate, or nothing) ‖ sealed datagram. Empty where
    /// the other's key is one that none can have.
    [[nodiscard]] std::vector<std::byte> seal(ConstBytes prefix,
                                              const NodeId& to,
                                              const crypto::PublicKey& to_key,
                                              ConstBytes plaintext);
    /// `sealed`: from its type byte on, `prefix` as above. The plaintext, or nullopt.
    [[nodiscard]] std::optional<std::vector<std::byte>> open(ConstBytes prefix,
                                                             ConstBytes sealed,
                                                             const crypto::PublicKey& from_key);
    static NodeId sender_of(ConstBytes sealed);
    /// What a cookie for this datagram repeats: the front of its nonce.
    static Echo echo_of(ConstBytes sealed);

    void forget(const NodeId& id) { pairs_.erase(id); }

  private:
    struct Pair {
        crypto::PublicKey key;
        crypto::AeadKey shared;
    };
    const crypto::AeadKey* pair_key(const NodeId& other, const crypto::PublicKey& key);

    identity::NetworkId network_;
    RandomSource& random_;
    NodeId own_;
    crypto::PrivateKey own_key_;
    std::map<NodeId, Pair> pairs_;
};

}  // namespace weft::gossip
