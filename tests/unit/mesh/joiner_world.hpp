// SPDX-License-Identifier: Apache-2.0
// A real issuer behind a real gossip node, and a machine that joins through them: datagrams arrive
// at once, time is a value, keys follow from numbers.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/issuer/issuer.hpp>
#include <weft/mesh/joiner.hpp>

#include "drawn_keys.hpp"
#include "parsed.hpp"

namespace weft::mesh::joining {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Buffer = std::vector<std::byte>;
using Status = identity::JoinReply::Status;
using Datagram = Joiner::Datagram;
using identity::UnixSeconds;

inline constexpr UnixSeconds kDay = 86'400;
inline constexpr UnixSeconds kBirth = 1'800'000'000;  // January 2027
inline constexpr Time kStart{seconds{10'000}};

using test::endpoint;
using test::prefix;
using test::private_key;
using test::signing_key;

inline crypto::PublicKey public_key(std::uint64_t number) {
    return crypto::public_key_of(private_key(number));
}
inline bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

inline const net::Endpoint kHub = endpoint("198.51.100.1:51840");
inline const net::Endpoint kDead = endpoint("[2001:db8::1]:51840");
inline const net::Endpoint kMachine = endpoint("192.0.2.7:40000");
inline const net::Endpoint kElsewhere = endpoint("203.0.113.9:51840");

// ---- The issuer's side --------------------------------------------------------------------------

/// A node that issues: gossip for the cookies, an issuer for the answers.
class Hub {
  public:
    Hub() : issuer_bytes(build(certificate(), root)), trust(root.verify_key()) {
        EXPECT_EQ(trust.add_issuer(issuer_bytes, wall()), std::nullopt);
        restart(true);
        const auto own = commit(issuer->issue(request_of(90), {}, wall())).value();
        node = std::make_unique<gossip::Node>(
            gossip::OwnIdentity{
                cache.certificate(own, trust, wall()).value(), signing_key(90), private_key(92)},
            kBirth,
            trust,
            cache,
            random);
    }
    /// From an empty journal where `alone`, else one that does not grant before a merge.
    void restart(bool alone) {
        issuer = std::make_unique<issuer::Issuer>(
            issuer::Issuer::Parts{certificate(),
                                  issuer_bytes,
                                  signing_key(2),
                                  sealing.clone(),
                                  root.verify_key(),
                                  trust,
                                  random},
            issuer::Issuer::Settings{
                {}, {prefix("10.64.0.0/12"), prefix("fd00:1234:5678::/48")}, alone});
        EXPECT_TRUE(issuer->replay(journal));
    }
    [[nodiscard]] identity::IssuerCertificate certificate() const {
        identity::IssuerCertificate made;
        made.network = identity::network_id_of(root.verify_key());
        made.number = 1;
        made.not_before = kBirth - kDay;
        made.not_after = kBirth + 3'650 * kDay;
        made.signing_key = signing_key(2).verify_key();
        made.sealing_key = crypto::public_key_of(sealing);
        made.name = "hub";
        made.slices = {prefix("10.64.0.0/16"), prefix("fd00:1234:5678::/56")};
        return made;
    }
    /// Keys follow from `number` and the next two.
    static identity::JoinRequest request_of(std::uint64_t number) {
        identity::JoinRequest request;
        request.identity_key = signing_key(number).verify_key();
        request.wireguard_key = public_key(number + 1);
        request.gossip_key = public_key(number + 2);
        request.name = "m" + std::to_string(number);
        return request;
    }
    template <class Value>
    Result<Value> commit(Result<issuer::Decision<Value>> decision) {
        if (!decision) {
            return decision.error();
        }
        return issuer->commit(*std::move(decision), [this](ConstBytes records) -> Result<> {
            journal.insert(journal.end(), records.begin(), records.end());
            return {};
        });
    }
    [[nodiscard]] identity::TimeView wall() const {
        const auto passed = std::chrono::duration_cast<seconds>(now - kStart).count();
        return {kBirth + later + static_cast<UnixSeconds>(passed), true};
    }
    identity::Token token(issuer::TokenOptions options = {}) {
        if (options.endpoints.empty()) {
            options.endpoints = {kHub};
        }
        return identity::parse_token(commit(issuer->create_token(options, wall()))->text).value();
    }
    /// Revoked as an operator does.
    void revoke(const std::string& name) {
        const auto bytes = commit(issuer->revoke(name, wall())).value();
        EXPECT_EQ(trust.add_revocation(bytes), std::nullopt);
    }
    /// What it answers.
    std::vector<Datagram> hear(const net::Endpoint& from, ConstBytes bytes) {
        gossip::Actions actions;
        node->on_datagram(from, bytes, {now, wall()}, actions);
        std::vector<Datagram> answers;
        for (const auto& one : actions.datagrams) {
            if (one.to == from) {
                answers.push_back(one);
            }
        }
        for (const auto& join : actions.joins) {
            ++joins;
            if (silent) {
                continue;
            }
            if (answer) {
                answers.push_back(gossip::Node::join_reply(join, answer(join.sealed)));
            } else if (auto made = commit(issuer->on_join(join.sealed, join.from, wall()))) {
                answers.push_back(gossip::Node::join_reply(join, made->sealed));
            }
        }
        return answers;
    }
    /// From now on every request is answered by this, sealed as it should be.
    void answer_by(std::function<identity::JoinReply(const identity::JoinRequest&)> make) {
        answer = [this, make = std::move(make)](ConstBytes sealed) {
            const auto request = identity::open_join_request(sealed, trust.network(), sealing);
            return seal_join_reply(make(*request), request->reply_key, sealing, random);
        };
    }
    /// A grant for the request, with what can be changed.
    [[nodiscard]] identity::Certificate certify(const identity::JoinRequest& request) const {
        identity::Certificate made;
        made.network = trust.network();
        made.issuer_number = 1;
        made.serial = (std::uint64_t{1} << 32U) + 5;
        made.not_before = kBirth;
        made.not_after = kBirth + 365 * kDay;
        made.identity_key = request.identity_key;
        made.wireguard_key = request.wireguard_key;
        made.gossip_key = request.gossip_key;
        made.name = "web";
        made.blocks = {prefix("10.64.5.0/24"), prefix("fd00:1234:5678:5::/64")};
        return made;
    }
    [[nodiscard]] identity::JoinReply grant(Buffer certificate_bytes, Buffer its_issuer) const {
        identity::JoinReply reply;
        reply.time = wall().now;
        reply.certificate = std::move(certificate_bytes);
        reply.issuer_certificate = std::move(its_issuer);
        reply.pools = {prefix("10.64.0.0/12"), prefix("fd00:1234:5678::/48")};
        return reply;
    }

    Time now = kStart;
    UnixSeconds later = 0;  // than kBirth, at kStart
    SeededRandom random{7};
    identity::SigningKey root = signing_key(1);
    crypto::PrivateKey sealing = private_key(3);
    Buffer issuer_bytes;
    identity::TrustStore trust;
    Buffer journal;
    gossip::StatementCache cache;
    std::unique_ptr<issuer::Issuer> issuer;
    std::unique_ptr<gossip::Node> node;
    std::function<Buffer(ConstBytes)> answer;
    bool silent = false;  // to joins; cookies are sent all the same
    std::size_t joins = 0;
};

// ---- The machine's side -------------------------------------------------------------------------

struct Joining : testing::Test {
    Joiner& start(identity::Token token, std::string name = "web", std::uint64_t number = 100) {
        const auto identity = signing_key(number);
        joiner = std::make_unique<Joiner>(Joiner::Parts{std::move(token),
                                                        identity,
                                                        public_key(number + 1),
                                                        public_key(number + 2),
                                                        std::move(name),
                                                        wall ? *wall : hub.wall(),
                                                        random},
                                          hub.now);
        sent.clear();
        return *joiner;
    }
    /// Timers in their time and datagrams at once, until there is an outcome or `span` has passed.
    void run(Duration span = seconds{120}) {
        const Time end = hub.now + span;
        while (!joiner->outcome() && joiner->next_timer() <= end) {
            hub.now = std::max(hub.now, joiner->next_timer());
            std::vector<Datagram> out;
            joiner->on_timer(hub.now, out);
            deliver(std::move(out));
        }
        hub.now = joiner->outcome() ? hub.now : end;
    }
    void deliver(std::vector<Datagram> out) {
        for (std::size_t i = 0; i < out.size(); ++i) {
            ASSERT_LT(i, 100U) << "datagrams without end";
            sent.push_back({hub.now, out[i].to, out[i].bytes});
            if (out[i].to != kHub) {
                continue;
            }
            for (const Datagram& answer : hub.hear(kMachine, Buffer{out[i].bytes})) {
                EXPECT_LE(answer.bytes.size(), gossip::kDatagramSizeMax);
                joiner->on_datagram(kHub, answer.bytes, hub.now, out);
            }
        }
    }
    /// Asks the first endpoint; returns what was sent, undelivered.
    Buffer ask() {
        std::vector<Datagram> out;
        joiner->on_timer(hub.now, out);
        return out.at(0).bytes;
    }
    std::vector<Datagram> hear(const net::Endpoint& from, ConstBytes bytes) {
        std::vector<Datagram> out;
        joiner->on_datagram(from, bytes, hub.now, out);
        return out;
    }
    void join(identity::Token token, std::string name = "web", std::uint64_t number = 100) {
        start(std::move(token), std::move(name), number);
        run();
    }
    [[nodiscard]] bool granted() const {
        return joiner->outcome() && joiner->outcome()->has_value();
    }
    [[nodiscard]] const Joiner::Grant& grant() const { return joiner->outcome()->value(); }
    [[nodiscard]] Error error() const {
        return joiner->outcome() && joiner->outcome()->has_error()
                   ? joiner->outcome()->error()
                   : Error{{}, "there is no error", ""};
    }
    void expect_error(std::errc code, std::string_view cause, std::string_view remedy) const {
        EXPECT_EQ(error().code, code) << error().message();
        EXPECT_TRUE(has(error().cause, cause)) << error().message();
        EXPECT_TRUE(has(error().remedy, remedy)) << error().message();
        EXPECT_FALSE(has(error().message(), "\n"));
    }

    struct Sent {
        Time at;
        net::Endpoint to;
        Buffer bytes;
    };
    Hub hub;
    SeededRandom random{11};
    std::optional<identity::TimeView> wall;  // where it is not the hub's
    std::unique_ptr<Joiner> joiner;
    std::vector<Sent> sent;
};

inline constexpr std::size_t kRequestAt = 2 + gossip::kCookieSize;

}  // namespace weft::mesh::joining
