// SPDX-License-Identifier: Apache-2.0
// An issuer with its node's trust store and a journal in memory, and machines that ask it, all with
// keys of small numbers. Restarting replays the journal.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weft/issuer/issuer.hpp>

#include "drawn_keys.hpp"
#include "parsed.hpp"

namespace weft::test {

using Buffer = std::vector<std::byte>;
using Status = identity::JoinReply::Status;
using issuer::UnixSeconds;

inline constexpr UnixSeconds kDay = 86'400;
inline constexpr UnixSeconds kStart = 1'800'000'000;  // January 2027
inline constexpr std::uint32_t kIssuerNumber = 1;

/// What asks: an identity and its keys, a name, a place.
struct Machine {
    explicit Machine(std::uint32_t number, std::string name_ = {})
        : identity(signing_key(1'000 + number)),
          wireguard(crypto::public_key_of(private_key(2'000 + number))),
          gossip(crypto::public_key_of(private_key(3'000 + number))),
          reply(private_key(4'000 + number)),
          name(name_.empty() ? "m" + std::to_string(number) : std::move(name_)),
          source(endpoint("192.0.2." + std::to_string(number % 250 + 1) + ":51840")) {}

    [[nodiscard]] const identity::VerifyKey& key() const { return identity.verify_key(); }
    /// A token's fields and the serial are still to be set.
    [[nodiscard]] identity::JoinRequest request(UnixSeconds time) const {
        identity::JoinRequest request;
        request.time = time;
        request.identity_key = key();
        request.wireguard_key = wireguard;
        request.gossip_key = gossip;
        request.name = name;
        request.reply_key = crypto::public_key_of(reply);
        return request;
    }

    identity::SigningKey identity;
    crypto::PublicKey wireguard;
    crypto::PublicKey gossip;
    crypto::PrivateKey reply;
    std::string name;
    net::Endpoint source;
};

/// An answer, opened by who asked.
struct Told {
    issuer::Answer answer;
    identity::JoinReply reply;

    [[nodiscard]] Status status() const { return reply.status; }
    [[nodiscard]] identity::Certificate certificate() const {
        return identity::parse_certificate(reply.certificate).value();
    }
};

class IssuerWorld {
  public:
    explicit IssuerWorld(std::vector<net::Prefix> slices = {prefix("10.64.0.0/16"),
                                                            prefix("fd00:1234:5678::/56")})
        : certificate_(make_certificate(std::move(slices))),
          certificate_bytes_(build(certificate_, root_)),
          trust(root_.verify_key()) {
        EXPECT_EQ(trust.add_issuer(certificate_bytes_, view()), std::nullopt);
        restart(true);
    }

    /// A new issuer from the journal, cut where it is torn.
    issuer::Ledger::Replayed restart(bool alone) {
        subject = make(alone);
        const auto replayed = subject->replay(journal).value();
        journal.resize(replayed.size);
        return replayed;
    }
    /// Without a journal.
    [[nodiscard]] std::unique_ptr<issuer::Issuer> make(bool alone) {
        issuer::Issuer::Parts parts{certificate_,
                                    certificate_bytes_,
                                    issuer_.clone(),
                                    sealing_.clone(),
                                    root_.verify_key(),
                                    trust,
                                    random_};
        issuer::Issuer::Settings settings{
            {}, {prefix("10.64.0.0/12"), prefix("fd00:1234:5678::/48")}, alone};
        return std::make_unique<issuer::Issuer>(std::move(parts), std::move(settings));
    }
    template <class Value>
    Result<Value> commit(Result<issuer::Decision<Value>> decision) {
        if (!decision) {
            return decision.error();
        }
        return subject->commit(*std::move(decision), [this](ConstBytes records) -> Result<> {
            journal.insert(journal.end(), records.begin(), records.end());
            return {};
        });
    }
    [[nodiscard]] issuer::TimeView view() const { return {now, trusted}; }

    // ---- What is asked ------------------------------------------------------------------------
    [[nodiscard]] Result<issuer::NewToken> try_token(issuer::TokenOptions options = {}) {
        if (options.endpoints.empty()) {
            options.endpoints = {endpoint("198.51.100.1:51840")};
        }
        return commit(subject->create_token(options, view()));
    }
    [[nodiscard]] std::string token(issuer::TokenOptions options = {}) {
        return try_token(std::move(options)).value().text;
    }
    [[nodiscard]] Buffer seal(const Machine& machine, const std::string& token_text) {
        const auto token = identity::parse_token(token_text).value();
        auto request = machine.request(now);
        request.token = token.id;
        request.token_key = token.one_time_key.verify_key();
        return seal_join_request(request,
                                 trust.network(),
                                 &token.one_time_key,
                                 machine.identity,
                                 token.issuer_sealing_key,
                                 random_);
    }
    [[nodiscard]] Buffer seal_renewal(const Machine& machine, std::uint64_t serial) {
        auto request = machine.request(now);
        request.serial = serial;
        return seal_join_request(
            request, trust.network(), nullptr, machine.identity, certificate_.sealing_key, random_);
    }
    Result<Told> try_join(const Machine& machine, const std::string& token_text) {
        return told(commit(subject->on_join(seal(machine, token_text), machine.source, view())),
                    machine);
    }
    Told join(const Machine& machine, const std::string& token_text) {
        return try_join(machine, token_text).value();
    }
    Told join(const Machine& machine) { return join(machine, token()); }
    Result<Told> try_renew(const Machine& machine, const Buffer& current) {
        const auto serial = identity::parse_certificate(current).value().serial;
        return told(commit(subject->on_renew(seal_renewal(machine, serial), current, view())),
                    machine);
    }
    Told renew(const Machine& machine, const Buffer& current) {
        return try_renew(machine, current).value();
    }
    /// Also told to the trust store, as its node would.
    Buffer revoke(const std::string& name) {
        Buffer bytes = commit(subject->revoke(name, view())).value();
        EXPECT_EQ(trust.add_revocation(bytes), std::nullopt);
        return bytes;
    }
    [[nodiscard]] const identity::IssuerCertificate& certificate() const { return certificate_; }
    [[nodiscard]] const identity::SigningKey& root() const { return root_; }

  private:
    identity::IssuerCertificate make_certificate(std::vector<net::Prefix> slices) {
        identity::IssuerCertificate certificate;
        certificate.network = identity::network_id_of(root_.verify_key());
        certificate.number = kIssuerNumber;
        certificate.not_before = kStart - kDay;
        certificate.not_after = kStart + 3'650 * kDay;
        certificate.signing_key = issuer_.verify_key();
        certificate.sealing_key = crypto::public_key_of(sealing_);
        certificate.name = "hub";
        certificate.slices = std::move(slices);
        return certificate;
    }
    Result<Told> told(Result<issuer::Answer> answer, const Machine& machine) {
        if (!answer) {
            return answer.error();
        }
        EXPECT_LE(answer->sealed.size(), identity::kJoinRequestSize);
        auto reply =
            identity::open_join_reply(answer->sealed, machine.reply, certificate_.sealing_key);
        if (!reply) {
            return reply.error();
        }
        EXPECT_EQ(reply->status, answer->status);
        EXPECT_EQ(reply->time, now);
        if (spreads_revocations && !answer->revocation.empty()) {
            EXPECT_EQ(trust.add_revocation(answer->revocation), std::nullopt);
        }
        return Told{*std::move(answer), *std::move(reply)};
    }

    SeededRandom random_{7};
    identity::SigningKey root_ = signing_key(1);
    identity::SigningKey issuer_ = signing_key(2);
    crypto::PrivateKey sealing_ = private_key(3);
    identity::IssuerCertificate certificate_;
    Buffer certificate_bytes_;

  public:
    UnixSeconds now = kStart;
    bool trusted = true;
    bool spreads_revocations = true;  // to the trust store
    identity::TrustStore trust;
    Buffer journal;
    std::unique_ptr<issuer::Issuer> subject;
};

inline issuer::SignedBytes share(const Buffer& bytes) {
    return std::make_shared<const Buffer>(bytes);
}

}  // namespace weft::test
