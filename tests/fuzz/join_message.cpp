// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a join request or reply, as they come, and as the inside of one that is
// sealed right (which a member can do). Nothing that is opened has fields that none can have.
#include <weft/identity/join_message.hpp>

#include "fields.hpp"
#include "fuzz.hpp"
#include "join_sealing.hpp"

namespace {

namespace identity = weft::identity;

/// An issuer and somebody who joins.
struct Target {
    weft::SeededRandom random{1};
    weft::crypto::PrivateKey issuer = weft::crypto::generate_private_key(random);
    weft::crypto::PublicKey issuer_public = weft::crypto::public_key_of(issuer);
    weft::crypto::PrivateKey joining = weft::crypto::generate_private_key(random);
    weft::crypto::PublicKey joining_public = weft::crypto::public_key_of(joining);
    identity::NetworkId network;
};

void check_request(weft::ConstBytes sealed, const Target& target) {
    const auto request = identity::open_join_request(sealed, target.network, target.issuer);
    if (!request) {
        WEFT_FUZZ_CHECK(!request.error().cause.empty());
        return;
    }
    WEFT_FUZZ_CHECK(sealed.size() == identity::kJoinRequestSize);
    WEFT_FUZZ_CHECK(identity::valid_key(request->identity_key));
    WEFT_FUZZ_CHECK(identity::valid_key(request->reply_key));
    WEFT_FUZZ_CHECK(request->name.empty() || identity::valid_name(request->name));
}

void check_reply(weft::ConstBytes sealed, const Target& target) {
    const auto reply = identity::open_join_reply(sealed, target.joining, target.issuer_public);
    if (!reply) {
        WEFT_FUZZ_CHECK(!reply.error().cause.empty());
        return;
    }
    WEFT_FUZZ_CHECK(reply->seeds.size() <= identity::kJoinSeedsMax && reply->pools.size() <= 2);
    for (const auto& seed : reply->seeds) {
        WEFT_FUZZ_CHECK(identity::valid_key(seed.gossip_key) &&
                        identity::valid_endpoint(seed.endpoint));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Target target;
    weft::fuzz::Input input{data, size};
    const weft::fuzz::Buffer bytes = weft::fuzz::copy_of(input.rest());
    check_request(bytes, target);
    check_reply(bytes, target);

    weft::fuzz::Buffer padded = bytes;
    padded.resize(identity::kRequestPlainSize);
    const weft::fuzz::Buffer request =
        identity::seal_request_plain(padded, target.network, target.issuer_public, target.random);
    check_request(request, target);
    if (bytes.size() <= identity::kReplyPlainMax) {
        check_reply(
            identity::seal_reply_plain(bytes, target.joining_public, target.issuer, target.random),
            target);
    }
    return 0;
}
