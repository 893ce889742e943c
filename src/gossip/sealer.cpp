// SPDX-License-Identifier: Apache-2.0
// See sealer.hpp.
#include "sealer.hpp"

#include <weft/crypto/blake2s.hpp>

#include "encoding.hpp"

namespace weft::gossip {
namespace {

constexpr std::string_view kContext = "weft/v1/gossip";

/// Everything before the ciphertext, and for whom it is.
std::vector<std::byte> associated_data(ConstBytes prefix, ConstBytes head, const NodeId& to) {
    ByteWriter data{prefix.size() + head.size() + to.bytes.size()};
    data.append(prefix);
    data.append(head);
    append(data, to);
    return std::move(data).release();
}

}  // namespace

void Sealer::set_own(const NodeId& id, const crypto::PrivateKey& key) {
    own_ = id;
    own_key_ = key.clone();
    pairs_.clear();
}

std::vector<std::byte> Sealer::seal(ConstBytes prefix,
                                    const NodeId& to,
                                    const crypto::PublicKey& to_key,
                                    ConstBytes plaintext) {
    const crypto::AeadKey* key = pair_key(to, to_key);
    if (key == nullptr) {
        return {};
    }
    ByteArray<kNonceSize> nonce{};
    random_.fill(nonce);
    ByteWriter head{kSealedHeadSize};
    head.write(static_cast<std::uint8_t>(DatagramType::kSealed));
    head.write(kFormatVersion);
    append(head, own_);
    head.append(nonce);

    std::vector<std::byte> datagram(prefix.size() + kSealedHeadSize + plaintext.size() +
                                    crypto::kTagSize);
    const Bytes sealed = copy_bytes(head.bytes(), copy_bytes(prefix, datagram));
    crypto::xseal(*key, nonce, associated_data(prefix, head.bytes(), to), plaintext, sealed);
    return datagram;
}

std::optional<std::vector<std::byte>> Sealer::open(ConstBytes prefix,
                                                   ConstBytes sealed,
                                                   const crypto::PublicKey& from_key) {
    if (sealed.size() < kSealedHeadSize + crypto::kTagSize) {
        return std::nullopt;
    }
    const crypto::AeadKey* key = pair_key(sender_of(sealed), from_key);
    if (key == nullptr) {
        return std::nullopt;
    }
    const ConstBytes head = sealed.first(kSealedHeadSize);
    const ConstBytes ciphertext = sealed.subspan(kSealedHeadSize);
    std::vector<std::byte> plaintext(ciphertext.size() - crypto::kTagSize);
    if (!crypto::xopen(*key,
                       head.last<kNonceSize>(),
                       associated_data(prefix, head, own_),
                       ciphertext,
                       plaintext)) {
        return std::nullopt;
    }
    return plaintext;
}

NodeId Sealer::sender_of(ConstBytes sealed) {
    ByteReader reader{sealed.subspan(2)};
    return read_id(reader);
}

Echo Sealer::echo_of(ConstBytes sealed) {
    Echo echo{};
    copy_bytes(sealed.subspan(kSealedHeadSize - kNonceSize, kEchoSize), echo);
    return echo;
}

const crypto::AeadKey* Sealer::pair_key(const NodeId& other, const crypto::PublicKey& key) {
    const auto [at, added] = pairs_.try_emplace(other);
    Pair& pair = at->second;
    if (!added && pair.key == key) {
        return &pair.shared;
    }
    crypto::SharedSecret shared;
    if (!crypto::dh(own_key_, key, shared)) {
        pairs_.erase(at);
        return nullptr;
    }
    pair.key = key;
    crypto::Blake2s{crypto::kHashSize, shared.bytes()}
        .update(bytes_of(kContext))
        .update(network_.bytes)
        .finish(pair.shared.mutable_bytes());
    return &pair.shared;
}

}  // namespace weft::gossip
