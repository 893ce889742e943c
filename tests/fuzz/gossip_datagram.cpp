// SPDX-License-Identifier: Apache-2.0
// Fuzz target: datagrams to a gossip node, as strangers send them and as captured members do, whose
// keys the target has and seals with. Nobody is answered with more than they sent before their
// address is proven; nobody becomes a member whom an issuer has not certified, and nobody is
// withdrawn.
//
// Input: chunks {u8 who, u8 ms that pass, u16 size, bytes}. who: 0 a stranger, raw; 1 a captured
// member, sealed with a header that is honest but for what the bytes say; 2 the same, header and
// all from the bytes; 3 the captured member raw; 4 a certified stranger's introduction, with a
// valid cookie.
#include <weft/base/byte_writer.hpp>

#include "../unit/gossip/gossip_world.hpp"
#include "fuzz.hpp"

namespace {

namespace gossip = weft::gossip;
using namespace weft::test;

constexpr std::uint32_t kNode = 10;
constexpr std::uint32_t kCaptured = 20;
constexpr std::uint32_t kFriend = 30;
constexpr std::uint32_t kStranger = 40;
constexpr std::size_t kChunksMax = 64;
/// A datagram to a member may bring a ping of ours besides its answer.
constexpr std::size_t kPlaintext = gossip::kPlaintextMax;

/// Machines as keys, and one node that begins anew with each input; only its random numbers go on.
struct Target {
    Target() {
        for (const std::uint32_t number : {kCaptured, kFriend, 100U, 101U, 102U, 103U}) {
            known.emplace_back(number);
        }
    }
    void begin() {
        world.now = kStart;
        node.events.clear();
        node.restart(kBirth);
        node.publish();
        for (const Statements& statements : known) {
            World::restore(node, statements);
        }
        world.drop();
    }

    void from_stranger(weft::ConstBytes bytes) {
        const auto answer = node.hear(endpoint("198.51.100.1:4444"), bytes);
        WEFT_FUZZ_CHECK(answer.datagrams.size() <= 1 && answer.events.empty());
        for (const auto& one : answer.datagrams) {
            WEFT_FUZZ_CHECK(one.bytes.size() <= bytes.size());
            WEFT_FUZZ_CHECK(one.to == endpoint("198.51.100.1:4444"));
        }
    }
    void from_captured(weft::ConstBytes plaintext) {
        const auto& key = node.certificate->certificate.gossip_key;
        const auto fitting = plaintext.first(std::min(plaintext.size(), kPlaintext));
        node.hear(captured, captured.sealer.seal({}, node.id(), key, fitting));
    }
    void honest_header(weft::ConstBytes messages) {
        const gossip::DatagramWriter header{captured.header(), kPlaintext};
        Buffer plaintext = weft::fuzz::copy_of(header.bytes());
        plaintext.insert(plaintext.end(), messages.begin(), messages.end());
        from_captured(plaintext);
    }
    void introduction(weft::ConstBytes messages) {
        const auto cause = stranger.seal(node, {});
        const auto answer = node.hear(stranger, cause);
        if (answer.datagrams.size() != 1 || answer.datagrams[0].bytes.size() != 34) {
            return;  // it is a member by now, or cookies are used up
        }
        gossip::Cookie cookie{};
        weft::copy_bytes(weft::ConstBytes{answer.datagrams[0].bytes}.last(16), cookie);
        weft::ByteWriter head;
        head.append(std::string_view{"\x11\x01"});
        head.append(cookie);
        head.write(static_cast<std::uint16_t>(certificate.size()));
        head.append(certificate);
        const gossip::DatagramWriter header{captured.header(), kPlaintext};
        Buffer plaintext = weft::fuzz::copy_of(header.bytes());
        plaintext.insert(plaintext.end(), messages.begin(), messages.end());
        plaintext.resize(std::min<std::size_t>(plaintext.size(), 600));
        const auto& key = node.certificate->certificate.gossip_key;
        node.hear(stranger, stranger.sealer.seal(head.bytes(), node.id(), key, plaintext));
    }

    void one(std::uint8_t who, weft::ConstBytes bytes) {
        switch (who % 5) {
            case 0:
                from_stranger(bytes);
                break;
            case 1:
                honest_header(bytes);
                break;
            case 2:
                from_captured(bytes);
                break;
            case 3:
                node.hear(captured, bytes);
                break;
            default:
                introduction(bytes);
        }
        for (const Packet& packet : world.wire) {
            WEFT_FUZZ_CHECK(packet.bytes.size() <= gossip::kDatagramSizeMax);
        }
        world.drop();
    }
    void pass(std::uint8_t ms) {
        world.now += milliseconds{ms};
        if (node.node->next_timer() <= world.now) {
            node.on_timer();
            WEFT_FUZZ_CHECK(node.node->next_timer() > world.now);
        }
        world.drop();
    }
    void check() const {
        for (const auto& [id, member] : node.node->members().members()) {
            WEFT_FUZZ_CHECK(id == member.id() && id == member.record->record.node);
            WEFT_FUZZ_CHECK(weft::identity::check_signature(weft::identity::kKindCertificate,
                                                            network(),
                                                            member.certificate->bytes,
                                                            issuer_key().verify_key()));
        }
        // Four that are known from the disk, the captured, the friend and itself.
        WEFT_FUZZ_CHECK(node.node->members().size() >= 7);
        WEFT_FUZZ_CHECK(node.count(gossip::Event::Kind::kMemberWithdrawn) == 0);
        WEFT_FUZZ_CHECK(node.node->seen_endpoint(other.id()) == std::nullopt);
    }

    World world;
    Machine& node = world.start(kNode);
    Machine& captured = world.start(kCaptured);
    Machine& other = world.start(kFriend);
    Machine& stranger = world.add(kStranger);
    Buffer certificate = certificate_bytes(kStranger);
    std::vector<Statements> known;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Target target;
    target.begin();
    weft::fuzz::Input input{data, size};
    for (std::size_t chunks = 0; !input.empty() && chunks < kChunksMax; ++chunks) {
        const std::uint8_t who = input.u8();
        target.pass(input.u8());
        const weft::fuzz::Buffer bytes = weft::fuzz::copy_of(input.take(input.u16() % 2'048));
        target.one(who, bytes);
    }
    target.pass(255);
    target.check();
    return 0;
}
