// SPDX-License-Identifier: Apache-2.0
// Two devices over a network that loses, doubles and reorders, for hours of virtual time and for
// many rekeys: nothing is accepted twice, no nonce is used twice under a key, nothing that waits
// for a session waits long. WEFT_SEED repeats a run, WEFT_FULL=yes makes it a long one
// (seed.hpp).
#include <cstring>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "seed.hpp"
#include "wg_world.hpp"

namespace weft::test {
namespace {

using net::DropReason;
using wg::MessageType;

/// Payloads are 8 bytes: their number.
Payload numbered(std::uint64_t number) {
    Payload payload(8);
    store_le64(payload.data(), number);
    return payload;
}

/// Every (key, nonce) that sealed something: under one key they may only grow.
class NonceLog {
  public:
    void watch(Node& node) {
        node.on_seal = [this](const crypto::AeadKey& key, std::uint64_t nonce) {
            // Half a key tells keys apart.
            const auto [seen, is_new] = next_.try_emplace(load_le64(key.bytes().data()), nonce);
            if (nonce < seen->second) {
                ADD_FAILURE() << "nonce " << nonce << " again under one key";
            }
            seen->second = nonce + 1;
        };
    }
    [[nodiscard]] std::size_t keys() const { return next_.size(); }

  private:
    std::unordered_map<std::uint64_t, std::uint64_t> next_;
};

/// Which numbers have come, none twice.
class Receipts {
  public:
    void take(Node& node) {
        for (const Payload& payload : node.inbox) {
            if (payload.size() != 8 || !numbers_.insert(load_le64(payload.data())).second) {
                ADD_FAILURE() << "accepted twice, or not what was sent";
            }
        }
        node.inbox.clear();
    }
    [[nodiscard]] bool has(std::uint64_t number) const { return numbers_.contains(number); }
    [[nodiscard]] std::size_t size() const { return numbers_.size(); }

  private:
    std::unordered_set<std::uint64_t> numbers_;
};

class LongHaul : public ::testing::Test {
  protected:
    static constexpr std::size_t kReorderDepth = 2000;

    LongHaul() {
        pair_.world.wire.keeps_log = false;
        nonces_.watch(pair_.a);
        nonces_.watch(pair_.b);
        RecordProperty("seed", std::to_string(test::seed()));
        std::cout << "seed " << test::seed() << '\n';
    }

    bool chance(std::uint64_t one_in) { return dice_.below(one_in) == 0; }
    Duration up_to(Duration most) {
        return Duration{
            static_cast<std::int64_t>(dice_.below(static_cast<std::uint64_t>(most.count())))};
    }
    Node& other(const Node& node) { return &node == &pair_.a ? pair_.b : pair_.a; }
    Node& either() { return chance(2) ? pair_.a : pair_.b; }
    /// Returns the packet's number.
    std::uint64_t send(Node& from) {
        from.send(from.peer(other(from)), numbered(++sent_));
        return sent_;
    }
    /// Doubles one packet in 50 of what is under way, and moves each back by up to 2,000 places.
    void disturb() {
        auto& under_way = pair_.world.wire.under_way;
        std::vector<std::pair<std::size_t, WirePacket>> places;
        for (std::size_t at = 0; at < under_way.size(); ++at) {
            for (int copies = chance(50) ? 2 : 1; copies > 0; --copies) {
                places.emplace_back(at + dice_.below(kReorderDepth), under_way[at]);
            }
        }
        std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) {
            return a.first < b.first;
        });
        under_way.clear();
        for (auto& [place, packet] : places) {
            under_way.push_back(std::move(packet));
        }
    }
    void take_receipts() {
        received_.take(pair_.a);
        received_.take(pair_.b);
    }
    [[nodiscard]] std::uint64_t dropped(DropReason reason) {
        return pair_.a.drops[reason] + pair_.b.drops[reason];
    }

    Pair pair_{test::seed()};
    SeededRandom dice_{test::seed()};
    NonceLog nonces_;
    Receipts received_;
    std::uint64_t sent_ = 0;
};

TEST_F(LongHaul, two_hours_of_loss_reordering_and_duplication) {
    std::set<std::tuple<std::uint16_t, std::uint32_t, std::uint64_t>> arrived;  // data, by session
    std::uint64_t second_copies = 0;
    pair_.world.lost = [&](const WirePacket& packet) {
        if (chance(20)) {
            return true;
        }
        if (packet.type() == MessageType::kData) {
            const auto id =
                std::tuple{static_cast<std::uint16_t>(packet.from.address.bytes()[3]),
                           static_cast<std::uint32_t>(wg::receiver_of_data(packet.bytes)),
                           wg::counter_of_data(packet.bytes)};
            second_copies += arrived.insert(id).second ? 0U : 1U;
        }
        return false;
    };
    const Time end = pair_.world.wire.time + 2h;
    const std::uint64_t burst = test::rounds<std::uint64_t>(2200, 8000);
    while (pair_.world.wire.time < end) {
        for (auto left = chance(8) ? burst : dice_.below(40); left > 0; --left) {
            send(either());
        }
        disturb();
        pair_.world.advance(up_to(chance(20) ? 400s : 20s));
        take_receipts();
        arrived.clear();
    }
    // What was refused are second copies and nothing else: 2,000 places are within the window.
    EXPECT_GT(second_copies, 100U);
    EXPECT_LE(dropped(DropReason::kCounterRejected), second_copies);
    EXPECT_EQ(dropped(DropReason::kAuthFailed), 0U);
    EXPECT_GT(nonces_.keys(), 30U);
    EXPECT_GT(received_.size(), sent_ / 2);  // some bursts met no session, and 128 packets wait
    EXPECT_LT(received_.size(), sent_ * 97 / 100);
    std::cout << sent_ << " sent, " << received_.size() << " received, " << nonces_.keys()
              << " keys, " << dropped(DropReason::kCounterRejected) << " refused\n";
}

TEST_F(LongHaul, rekeys_with_lost_and_crossed_initiations) {
    const std::uint64_t rekeys = test::rounds<std::uint64_t>(5000, 1'000'000);
    constexpr std::array kPauses{0s, 1s, 5s, 6s, 20s, 121s, 170s, 185s, 545s};
    std::deque<WirePacket> taken;  // what arrived, for replays
    std::uint64_t loss = 0;        // one in
    pair_.world.lost = [&](const WirePacket& packet) {
        if (loss != 0 && chance(loss)) {
            return true;
        }
        taken.push_back(packet);
        if (taken.size() > 12) {
            taken.pop_front();
        }
        return false;
    };
    Duration longest_wait{};
    for (unsigned round = 0; nonces_.keys() < 2 * rekeys; ++round) {
        SCOPED_TRACE(round);
        // Whatever may go wrong: neither, one or both begin a handshake, and packets get lost.
        pair_.world.advance(kPauses[dice_.below(kPauses.size())] + up_to(1s));
        loss = std::array<std::uint64_t, 4>{0, 5, 3, 2}[dice_.below(4)];
        for (Node* node : {&pair_.a, &pair_.b}) {
            if (chance(2)) {
                node->request(node->peer(other(*node)), wg::PeerRequest::kHandshake);
            }
            if (chance(2)) {
                send(*node);
            }
        }
        disturb();
        pair_.world.advance(up_to(8s));
        take_receipts();
        for (const WirePacket& packet : std::deque{taken}) {
            (packet.to == pair_.a.endpoint() ? pair_.a : pair_.b).receive(packet);
        }
        take_receipts();

        // From here nothing is lost: what has to wait for a session must not wait long.
        loss = 0;
        const Time from = pair_.world.wire.time;
        std::vector<std::uint64_t> waiting;
        for (Node* node : {&pair_.a, &pair_.b}) {
            if (chance(3)) {
                continue;
            }
            const wg::Session* session = node->peer(other(*node)).current();
            const bool waits = session == nullptr || !session->may_send(from);
            const std::uint64_t number = send(*node);
            if (waits) {
                waiting.push_back(number);
            }
        }
        const auto all_through = [&] {
            take_receipts();
            return std::all_of(waiting.begin(), waiting.end(), [&](std::uint64_t number) {
                return received_.has(number);
            });
        };
        pair_.world.deliver();
        while (!all_through() && pair_.world.wire.time - from < 60s) {
            pair_.world.advance(1s);
        }
        longest_wait = std::max(longest_wait, pair_.world.wire.time - from);
        ASSERT_LE(pair_.world.wire.time - from, 20s);
    }
    EXPECT_EQ(dropped(DropReason::kAuthFailed), 0U);
    std::cout << nonces_.keys() / 2 << " sessions, longest wait "
              << std::chrono::duration_cast<std::chrono::seconds>(longest_wait).count() << " s\n";
}

}  // namespace
}  // namespace weft::test
