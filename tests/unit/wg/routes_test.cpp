// SPDX-License-Identifier: Apache-2.0
// Allowed prefixes as the configuration edits them and packets look them up: whose is an address.
// The kernel's selftest/allowedips.c has the same two parts, a table and a random one.
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>
#include <weft/wg/routes.hpp>

namespace weft::test {
namespace {

net::Prefix prefix_from(std::string_view text) {
    return *net::Prefix::parse(text);
}

crypto::PublicKey numbered_key(std::uint8_t number) {
    crypto::PublicKey key;
    key.bytes[0] = std::byte{number};
    return key;
}

class Routes : public ::testing::Test {
  protected:
    wg::Peer a{numbered_key(1), 0};
    wg::Peer b{numbered_key(2), 0};
    wg::AllowedIps allowed;

    [[nodiscard]] wg::Peer* find(std::string_view text) const {
        const net::IpAddress address = *net::IpAddress::parse(text);
        const auto table = allowed.snapshot();
        return address.is_v4() ? table->find_v4(address.bytes().data())
                               : table->find_v6(address.bytes().data());
    }
};

TEST_F(Routes, the_longest_prefix_decides_whosever_it_is) {
    allowed.add(prefix_from("10.0.0.0/8"), a);
    allowed.add(prefix_from("10.1.0.0/16"), b);
    allowed.add(prefix_from("::/0"), a);
    allowed.add(prefix_from("2001:db8::/32"), b);
    EXPECT_EQ(find("10.2.0.1"), &a);
    EXPECT_EQ(find("10.1.2.3"), &b);
    EXPECT_EQ(find("11.0.0.1"), nullptr);
    EXPECT_EQ(find("2001:db8::1"), &b);
    EXPECT_EQ(find("fe80::1"), &a);
}

TEST_F(Routes, adding_a_prefix_moves_it_from_its_owner) {
    allowed.add(prefix_from("10.1.2.3/16"), a);
    EXPECT_EQ(allowed.of(a), std::vector{prefix_from("10.1.0.0/16")});  // host bits masked
    allowed.add(prefix_from("10.1.99.99/16"), b);
    EXPECT_TRUE(allowed.of(a).empty());
    EXPECT_EQ(find("10.1.0.1"), &b);
}

TEST_F(Routes, only_the_owner_loses_a_prefix_by_removal) {
    allowed.add(prefix_from("10.0.0.0/8"), a);
    allowed.add(prefix_from("10.0.0.0/16"), b);
    allowed.remove(prefix_from("10.0.0.0/8"), b);
    EXPECT_EQ(find("10.200.0.1"), &a);
    allowed.remove(prefix_from("10.0.0.0/16"), b);
    EXPECT_EQ(find("10.0.0.1"), &a);
    allowed.remove_all(a);
    EXPECT_EQ(find("10.0.0.1"), nullptr);
}

TEST_F(Routes, a_snapshot_does_not_change_with_the_map) {
    allowed.add(prefix_from("10.0.0.0/8"), a);
    const auto before = allowed.snapshot();
    allowed.add(prefix_from("10.0.0.0/8"), b);
    EXPECT_EQ(before->find_v4(net::IpAddress::parse("10.0.0.1")->bytes().data()), &a);
    EXPECT_EQ(find("10.0.0.1"), &b);
}

TEST_F(Routes, answer_by_the_table) {
    struct Row {
        const char* text;
        char owner;
    };
    wg::Peer c{numbered_key(3), 0};
    wg::Peer d{numbered_key(4), 0};
    const std::map<char, wg::Peer*> peers{
        {'a', &a}, {'b', &b}, {'c', &c}, {'d', &d}, {'-', nullptr}};
    constexpr Row kPrefixes[] = {{"172.20.0.0/14", 'c'},
                                 {"172.20.7.0/24", 'a'},
                                 {"172.20.7.9", 'b'},
                                 {"172.20.7.128/25", 'a'},  // the same owner again, deeper
                                 {"198.18.96.77/27", 'd'},  // host bits
                                 {"198.18.96.64/27", 'c'},  // the same one: it moves
                                 {"203.0.113.0/31", 'b'},
                                 {"100.64.0.0/10", 'd'},
                                 {"128.0.0.0/1", 'a'},
                                 {"2001:db8:4:8::/61", 'a'},
                                 {"2001:db8:4:b::/64", 'b'},
                                 {"2001:db8:4:b:1:2:3:4", 'c'},
                                 {"2001:db8:4:b:1:2:3:4/127", 'd'},
                                 {"::/0", 'b'},
                                 {"::/0", 'd'}};
    for (const Row& row : kPrefixes) {
        allowed.add(prefix_from(row.text), *peers.at(row.owner));
    }
    constexpr Row kAddresses[] = {{"172.20.7.9", 'b'},
                                  {"172.20.7.8", 'a'},
                                  {"172.20.7.255", 'a'},
                                  {"172.20.8.0", 'c'},
                                  {"172.23.255.255", 'c'},
                                  {"172.24.0.0", 'a'},
                                  {"172.19.255.255", 'a'},
                                  {"198.18.96.64", 'c'},
                                  {"198.18.96.95", 'c'},
                                  {"198.18.96.96", 'a'},
                                  {"198.18.96.63", 'a'},
                                  {"203.0.113.1", 'b'},
                                  {"203.0.113.2", 'a'},
                                  {"100.127.255.255", 'd'},
                                  {"100.128.0.0", '-'},
                                  {"127.255.255.255", '-'},
                                  {"128.0.0.0", 'a'},
                                  {"255.255.255.255", 'a'},
                                  {"0.0.0.0", '-'},
                                  {"2001:db8:4:8::1", 'a'},
                                  {"2001:db8:4:f:ffff::", 'a'},
                                  {"2001:db8:4:10::", 'd'},
                                  {"2001:db8:4:b::", 'b'},
                                  {"2001:db8:4:b:1:2:3:4", 'c'},
                                  {"2001:db8:4:b:1:2:3:5", 'd'},
                                  {"2001:db8:4:b:1:2:3:6", 'b'},
                                  {"::", 'd'}};
    for (const Row& row : kAddresses) {
        EXPECT_EQ(find(row.text), peers.at(row.owner)) << row.text;
    }
    for (wg::Peer* each : {&a, &b, &c, &d}) {
        allowed.remove_all(*each);
    }
    EXPECT_EQ(find("172.20.7.9"), nullptr);
    EXPECT_EQ(find("::"), nullptr);
}

/// What the map means: the last addition of a prefix owns it, and the longest that holds wins.
class NaiveList {
  public:
    void add(const net::Prefix& prefix, wg::Peer& peer) {
        std::erase_if(entries_, [&](const Entry& each) { return each.prefix == prefix.masked(); });
        entries_.push_back({prefix.masked(), &peer});
    }
    void remove(const net::Prefix& prefix, const wg::Peer& peer) {
        std::erase_if(entries_, [&](const Entry& each) {
            return each.prefix == prefix.masked() && each.peer == &peer;
        });
    }
    void remove_all(const wg::Peer& peer) {
        std::erase_if(entries_, [&](const Entry& each) { return each.peer == &peer; });
    }
    [[nodiscard]] const wg::Peer* find(const net::IpAddress& address) const {
        const Entry* best = nullptr;
        for (const Entry& each : entries_) {
            if (each.prefix.contains(address) &&
                (best == nullptr || each.prefix.length > best->prefix.length)) {
                best = &each;
            }
        }
        return best == nullptr ? nullptr : best->peer;
    }

  private:
    struct Entry {
        net::Prefix prefix;
        wg::Peer* peer;
    };
    std::vector<Entry> entries_;
};

/// Few distinct bits, so that prefixes nest, meet and repeat.
net::IpAddress sparse_address(RandomSource& random, bool is_v4) {
    ByteArray<16> bytes{};
    random.fill(bytes);
    for (std::byte& byte : bytes) {
        byte &= std::byte{0x81};
    }
    return is_v4 ? net::IpAddress{std::span{std::as_const(bytes)}.first<4>()}
                 : net::IpAddress{std::span{std::as_const(bytes)}};
}

TEST_F(Routes, agree_with_a_naive_list_while_prefixes_come_move_and_go) {
    SeededRandom random{6};
    std::vector<std::unique_ptr<wg::Peer>> peers;
    for (std::uint8_t i = 0; i < 20; ++i) {
        peers.push_back(std::make_unique<wg::Peer>(numbered_key(i), std::uint8_t{0}));
    }
    NaiveList naive;
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 40; ++i) {
            const bool is_v4 = random.below(2U) == 0;
            const auto length = static_cast<std::uint8_t>(random.below(is_v4 ? 33U : 129U));
            const net::Prefix each{sparse_address(random, is_v4), length};
            wg::Peer& peer = *peers[random.below(peers.size())];
            if (random.below(4U) == 0) {
                allowed.remove(each, peer);
                naive.remove(each, peer);
            } else {
                allowed.add(each, peer);
                naive.add(each, peer);
            }
        }
        if (round % 8 == 7) {
            const wg::Peer& peer = *peers[random.below(peers.size())];
            allowed.remove_all(peer);
            naive.remove_all(peer);
        }
        const auto table = allowed.snapshot();
        for (int i = 0; i < 500; ++i) {
            const net::IpAddress each = sparse_address(random, i % 2 == 0);
            const wg::Peer* found = each.is_v4() ? table->find_v4(each.bytes().data())
                                                 : table->find_v6(each.bytes().data());
            ASSERT_EQ(found, naive.find(each)) << each.to_string();
        }
    }
}

}  // namespace
}  // namespace weft::test
