// SPDX-License-Identifier: Apache-2.0
// Fuzz target: two nodes talk in virtual time while the input, as a script, loses, delays, replays
// and forges what is on their wire; forgeries are real messages with bytes changed and MAC1 made
// good again. What arrives was sent and arrives once, no forgery moves a peer's endpoint or is
// answered by more than a shorter cookie reply, and in the end the two reach each other again.
#include <set>
#include <string>

#include "fuzz.hpp"
#include "wg_world.hpp"

namespace {

namespace wg = weft::wg;
namespace test = weft::test;
using namespace std::chrono_literals;

constexpr int kStepsMax = 64;
constexpr auto kReachAtMost = 60;  // seconds: a session's keys, a lost handshake and its cookie

class Play {
  public:
    explicit Play(weft::fuzz::Input input) : input_(input) {
        world_.introduce(a_, b_);
        world_.introduce(b_, a_);
    }

    void run() {
        for (int i = 0; i < kStepsMax && !input_.empty(); ++i) {
            step();
            check_inboxes();
        }
        a_.queue_depth = b_.queue_depth = 0;
        reach(a_, b_);
        reach(b_, a_);
    }

  private:
    struct Flow {
        std::set<std::string> sent;
        std::set<std::string> received;
    };

    void step() {
        const std::uint8_t what = input_.u8();
        test::Node& node = (what & 0x80U) != 0 ? a_ : b_;
        test::Node& other = &node == &a_ ? b_ : a_;
        auto& under_way = world_.wire.under_way;
        switch (what & 0x07U) {
            case 0:
                say(node, other);
                break;
            case 1:
                world_.deliver();
                break;
            case 2:
                world_.advance(std::chrono::milliseconds{input_.u8() * 50});
                break;
            case 3:
                world_.advance(std::chrono::seconds{input_.u8()});
                break;
            case 4:
                if (!under_way.empty()) {
                    under_way.erase(under_way.begin() + input_.u8() % std::ssize(under_way));
                }
                break;
            case 5:
                node.queue_depth = (what & 0x40U) != 0 ? wg::kUnderLoadAt : 0;
                break;
            case 6:
                replay();
                break;
            default:
                forge(node);
        }
    }

    void say(test::Node& from, const test::Node& to) {
        const std::string text = "packet " + std::to_string(said_++);
        flow_to(to).sent.insert(text);
        from.send(to, text);
    }

    /// A message of the past, to where it went.
    void replay() {
        const auto& log = world_.wire.log;
        if (!log.empty()) {
            world_.wire.under_way.push_back(log[input_.u16() % log.size()]);
        }
    }

    /// A message of the past with bytes changed, from a stranger's address.
    void forge(test::Node& victim) {
        const auto& log = world_.wire.log;
        if (log.empty()) {
            return;
        }
        test::WirePacket packet = log[input_.u16() % log.size()];
        const test::Payload genuine = packet.bytes;
        const std::uint8_t changes = input_.u8();
        for (int i = 0; i <= changes % 4; ++i) {
            packet.bytes[input_.u8() % packet.bytes.size()] ^= std::byte{input_.u8()};
        }
        if ((changes & 0x10U) != 0) {
            packet.bytes.resize(packet.bytes.size() - input_.u8() % packet.bytes.size());
        }
        if ((changes & 0x20U) != 0) {
            make_mac1_good(packet.bytes, victim.key());
        }
        if (same_but_macs(packet.bytes, genuine)) {
            return;  // MAC2 counts under load only: that would be the genuine one
        }
        packet.from = stranger_;
        expect_no_effect(victim, packet);
    }

    void expect_no_effect(test::Node& victim, const test::WirePacket& packet) {
        const std::size_t sent = world_.wire.log.size();
        const auto reason = victim.receive(packet);
        WEFT_FUZZ_CHECK(reason != weft::net::DropReason::kNone);
        const test::Node& other = &victim == &a_ ? b_ : a_;
        WEFT_FUZZ_CHECK(victim.peer(other).path().remote == other.endpoint());
        const auto& log = world_.wire.log;
        WEFT_FUZZ_CHECK(log.size() <= sent + 1);
        if (log.size() > sent) {
            WEFT_FUZZ_CHECK(reason == weft::net::DropReason::kCookieRequired);
            WEFT_FUZZ_CHECK(log.back().bytes.size() < packet.bytes.size());
            WEFT_FUZZ_CHECK(log.back().to == stranger_);
        }
    }

    static void make_mac1_good(weft::Bytes message, const weft::crypto::PublicKey& to) {
        const auto type = wg::classify(message);
        if (type == wg::MessageType::kInitiation || type == wg::MessageType::kResponse) {
            const auto key = weft::crypto::blake2s(weft::bytes_of("mac1----"), to.bytes);
            const auto at = message.size() - 2 * wg::kMacSize;
            weft::copy_bytes(weft::crypto::blake2s_mac(key, message.first(at)),
                             message.subspan(at));
        }
    }

    static bool same_but_macs(const test::Payload& a, const test::Payload& b) {
        const auto type = wg::classify(a);
        const bool macs =
            type == wg::MessageType::kInitiation || type == wg::MessageType::kResponse;
        const std::ptrdiff_t end = std::ssize(a) - (macs ? 2 * std::ptrdiff_t{wg::kMacSize} : 0);
        return a.size() == b.size() && std::equal(a.begin(), a.begin() + end, b.begin());
    }

    void check_inboxes() {
        for (test::Node* node : {&a_, &b_}) {
            Flow& flow = flow_to(*node);
            for (const test::Payload& payload : node->inbox) {
                const auto* bytes = reinterpret_cast<const char*>(payload.data());
                const std::string text{bytes, payload.size()};
                WEFT_FUZZ_CHECK(flow.sent.contains(text));
                WEFT_FUZZ_CHECK(flow.received.insert(text).second);
            }
            node->inbox.clear();
        }
    }

    void reach(test::Node& from, const test::Node& to) {
        const std::size_t before = flow_to(to).received.size();
        for (int i = 0; i < kReachAtMost && flow_to(to).received.size() == before; ++i) {
            say(from, to);
            world_.advance(1s);
            check_inboxes();
        }
        WEFT_FUZZ_CHECK(flow_to(to).received.size() > before);
    }

    Flow& flow_to(const test::Node& node) { return &node == &a_ ? to_a_ : to_b_; }

    weft::fuzz::Input input_;
    test::World world_{7};
    test::Node& a_ = world_.add_node();
    test::Node& b_ = world_.add_node();
    const weft::net::Endpoint stranger_ = *weft::net::Endpoint::parse("198.51.100.66:666");
    Flow to_a_;
    Flow to_b_;
    int said_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Play{weft::fuzz::Input{data, size}}.run();
    return 0;
}
