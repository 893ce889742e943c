// SPDX-License-Identifier: Apache-2.0
// Join requests and replies: statements (fields.cpp), signed (keys.cpp), padded and sealed here.
// The order of work for a stranger's request: one DH, one tag, and only then fields and signatures.
// Control plane.
//
//   request   ephemeral 32 | sealed { "WFJ" version network_id token token_key time identity_key
//             wireguard_key gossip_key name serial reply_key | possession 64 | join 64 | zeros }
//   reply     nonce 24 | sealed { "WFR" version status time detail certificate
//             issuer_certificate pools, u8 count, seeds {gossip_key, endpoint} }
#include <weft/base/assert.hpp>
#include <weft/identity/join_message.hpp>

#include "fields.hpp"
#include "join_sealing.hpp"

namespace weft::identity {
namespace {

constexpr std::string_view kRequestMagic = "WFJ";
constexpr std::string_view kReplyMagic = "WFR";
constexpr auto kLastStatus = JoinReply::Status::kWait;

// ---- Requests -----------------------------------------------------------------------------------

ByteWriter encode_request(const JoinRequest& request, const NetworkId& network) {
    ByteWriter out{kRequestPlainSize};
    write_head(out, kRequestMagic, network);
    out.append(request.token);
    out.append(request.token_key.bytes);
    out.write(request.time);
    out.append(request.identity_key.bytes);
    out.append(request.wireguard_key.bytes);
    out.append(request.gossip_key.bytes);
    write_text(out, request.name);
    out.write(request.serial);
    out.append(request.reply_key.bytes);
    return out;
}

/// What both signatures of a request cover.
std::vector<std::byte> addressed(const crypto::PublicKey& issuer, ConstBytes fields) {
    ByteWriter out{sizeof issuer + fields.size()};
    out.append(issuer.bytes);
    out.append(fields);
    return std::move(out).release();
}

JoinRequest read_request(FieldReader& reader, const NetworkId& network) {
    JoinRequest request;
    reader.head(kRequestMagic);
    reader.require(reader.network() == network, "is another network's");
    request.token = reader.array<sizeof(TokenId)>();
    request.token_key.bytes = reader.array<32>();
    request.time = reader.number<UnixSeconds>();
    request.identity_key = reader.verify_key();
    request.wireguard_key = reader.public_key();
    request.gossip_key = reader.public_key();
    request.name = reader.text();
    request.serial = reader.number<std::uint64_t>();
    request.reply_key = reader.public_key();
    reader.require(request.name.empty() || valid_name(request.name),
                   "has a name that none can have");
    reader.require(request.is_renewal() == (request.token_key == VerifyKey{}), "has half a token");
    return request;
}

Result<JoinRequest> parse_request(ConstBytes plain,
                                  const NetworkId& network,
                                  const crypto::PublicKey& issuer) {
    FieldReader reader{"a join request", plain};
    JoinRequest request = read_request(reader, network);
    const std::size_t fields_size = plain.size() - reader.left();
    const auto possession = reader.array<kSignatureSize>();
    const auto join = reader.array<kSignatureSize>();
    reader.padding();
    if (const Result<> read = reader.finish(); !read) {
        return read.error();
    }
    const std::vector<std::byte> message = addressed(issuer, plain.first(fields_size));
    if (!verify(kKindPossession, network, message, possession, request.identity_key)) {
        return invalid("a join request is not signed by the key that it names");
    }
    const bool may_join = request.is_renewal()
                              ? join == Signature{}
                              : verify(kKindJoin, network, message, join, request.token_key);
    if (!may_join) {
        return invalid("a join request is not signed by its token's key");
    }
    return request;
}

// ---- Replies ------------------------------------------------------------------------------------

JoinReply::Status read_status(FieldReader& reader) {
    const auto status = reader.number<std::uint8_t>();
    if (status > static_cast<std::uint8_t>(kLastStatus)) {
        reader.refuse("says something that is not known here", "upgrade weft on this machine");
        return kLastStatus;
    }
    return static_cast<JoinReply::Status>(status);
}

}  // namespace

std::vector<std::byte> encode_reply(const JoinReply& reply) {
    ByteWriter out{kReplyPlainMax};
    out.append(kReplyMagic);
    out.write(kFormatVersion);
    out.write(static_cast<std::uint8_t>(reply.status));
    out.write(reply.time);
    write_text(out, reply.detail);
    write_blob(out, reply.certificate);
    write_blob(out, reply.issuer_certificate);
    write_prefixes(out, reply.pools);

    ByteWriter seeds;
    std::uint8_t count = 0;
    for (const Seed& seed : reply.seeds) {
        const std::size_t size = sizeof(NodeId) + sizeof(crypto::PublicKey) + 1 +
                                 seed.endpoint.address.bytes().size() + sizeof(seed.endpoint.port);
        if (!valid_key(seed.gossip_key) || !valid_endpoint(seed.endpoint)) {
            continue;  // others' words: the rest are as good without them
        }
        if (count == kJoinSeedsMax || out.size() + 1 + seeds.size() + size > kReplyPlainMax) {
            break;
        }
        seeds.append(seed.node.bytes);
        seeds.append(seed.gossip_key.bytes);
        net::append(seeds, seed.endpoint);
        ++count;
    }
    out.write(count);
    out.append(seeds.bytes());
    return std::move(out).release();
}

Result<JoinReply> parse_reply(ConstBytes plain) {
    FieldReader reader{"the issuer's reply", plain};
    JoinReply reply;
    reader.head(kReplyMagic);
    reply.status = read_status(reader);
    reply.time = reader.number<UnixSeconds>();
    reply.detail = reader.text();
    reply.certificate = reader.blob(kCertificateSizeMax);
    reply.issuer_certificate = reader.blob(kCertificateSizeMax);
    reply.pools = reader.prefixes(kPoolsMax, PrefixUse::kPool);
    const std::size_t count = reader.number<std::uint8_t>();
    reader.require(count <= kJoinSeedsMax, "has too many seeds");
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        const NodeId node{reader.array<sizeof(NodeId)>()};
        const crypto::PublicKey key = reader.public_key();
        reply.seeds.push_back({node, key, reader.endpoint()});
    }
    const bool granted = reply.status == JoinReply::Status::kGranted;
    reader.require(
        granted != reply.certificate.empty() && granted != reply.issuer_certificate.empty(),
        "grants without a certificate, or refuses with one");
    if (const Result<> read = reader.finish(); !read) {
        return read.error();
    }
    return reply;
}

// ---- Sealed -------------------------------------------------------------------------------------

std::vector<std::byte> seal_join_request(const JoinRequest& request,
                                         const NetworkId& network,
                                         const SigningKey* token_key,
                                         const SigningKey& identity,
                                         const crypto::PublicKey& issuer,
                                         RandomSource& random) {
    WEFT_ASSERT(request.is_renewal() == (token_key == nullptr));
    WEFT_ASSERT(token_key == nullptr || token_key->verify_key() == request.token_key);
    ByteWriter plain = encode_request(request, network);
    const std::vector<std::byte> message = addressed(issuer, plain.bytes());
    plain.append(sign(kKindPossession, network, message, identity));
    plain.append(token_key == nullptr ? Signature{}
                                      : sign(kKindJoin, network, message, *token_key));
    WEFT_ASSERT(plain.size() <= kRequestPlainSize);
    plain.append_zeros(kRequestPlainSize - plain.size());
    WEFT_ASSERT(parse_request(plain.bytes(), network, issuer).has_value());

    return seal_request_plain(plain.bytes(), network, issuer, random);
}

Result<JoinRequest> open_join_request(ConstBytes sealed,
                                      const NetworkId& network,
                                      const crypto::PrivateKey& issuer_sealing) {
    const auto plain = open_request_plain(sealed, network, issuer_sealing);
    if (!plain) {
        return invalid("a join request is not sealed to this issuer, or was changed on its way");
    }
    return parse_request(*plain, network, crypto::public_key_of(issuer_sealing));
}

std::vector<std::byte> seal_join_reply(const JoinReply& reply,
                                       const crypto::PublicKey& reply_key,
                                       const crypto::PrivateKey& issuer_sealing,
                                       RandomSource& random) {
    const std::vector<std::byte> plain = encode_reply(reply);
    WEFT_ASSERT(parse_reply(plain).has_value());
    return seal_reply_plain(plain, reply_key, issuer_sealing, random);
}

Result<JoinReply> open_join_reply(ConstBytes sealed,
                                  const crypto::PrivateKey& reply_key,
                                  const crypto::PublicKey& issuer) {
    const auto plain = open_reply_plain(sealed, reply_key, issuer);
    if (!plain) {
        return invalid("the issuer's reply is not from that issuer, or was changed on its way");
    }
    return parse_reply(*plain);
}

}  // namespace weft::identity
