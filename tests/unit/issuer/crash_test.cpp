// SPDX-License-Identifier: Apache-2.0
// Crashes: random commands to an issuer with few blocks; then the journal is cut behind every byte,
// the issuer started from that, and the command that was under way given again. No block has two
// owners, what was told before the crash is told again, nothing is half done, and the command
// succeeds.
#include <map>

#include <gtest/gtest.h>

#include <weft/base/encoding.hpp>

#include "issuer_world.hpp"
#include "journal.hpp"
#include "seed.hpp"

namespace weft::test {
namespace {

constexpr std::uint32_t kMachines = 16;

/// A command, how long the journal was before and after it, and what it was told.
struct Command {
    enum class Kind { kToken, kReplace, kJoin, kRenew, kRevoke, kWithdraw };
    Kind kind{};
    std::uint32_t machine = 0;
    std::size_t token = 0;  // of Past::tokens; made by it, or used
    UnixSeconds time = 0;
    std::size_t from = 0;
    std::size_t to = 0;
    Buffer current;  // of a renewal
    Status status{};
    Buffer told;  // certificate, revocation
};

/// Plays random commands, and any of them again.
class Past {
  public:
    explicit Past(std::uint64_t seed) : random_(seed) {
        world.spreads_revocations = false;  // the trust store does not go back in time
        for (std::uint32_t i = 0; i < kMachines; ++i) {
            machines_.emplace_back(i);
        }
        for (int i = 0; i < 100; ++i) {
            step();
        }
        whole_ = world.journal;
    }

    void cut(std::size_t size) {
        world.journal.assign(whole_.begin(), whole_.begin() + static_cast<std::ptrdiff_t>(size));
    }
    /// Of a restart with so much of the journal.
    Buffer snapshot_of(std::size_t size) {
        cut(size);
        replayed = world.restart(true);
        return world.subject->snapshot({0, false});
    }
    [[nodiscard]] const std::vector<Command>& commands() const { return commands_; }
    [[nodiscard]] const Buffer& whole() const { return whole_; }

    /// Gives a command to the issuer as it is now; what it is told, as the first time.
    std::pair<Status, Buffer> give(const Command& command) {
        world.now = command.time;
        const Machine& machine = machines_[command.machine];
        switch (command.kind) {
            case Command::Kind::kJoin: {
                const Told told = world.join(machine, tokens_[command.token]);
                return {told.status(), told.reply.certificate};
            }
            case Command::Kind::kRenew: {
                const Told told = world.renew(machine, command.current);
                return {told.status(), told.reply.certificate};
            }
            case Command::Kind::kRevoke: {
                auto revoked = world.commit(world.subject->revoke(machine.key(), world.view()));
                return {Status::kGranted, revoked ? *revoked : Buffer{}};
            }
            case Command::Kind::kWithdraw: {
                const auto id = identity::parse_token(tokens_[command.token]).value().id;
                // A snapshot may have forgotten it: then there is nothing to withdraw.
                static_cast<void>(world.commit(world.subject->withdraw_token(id)));
                return {Status::kGranted, {}};
            }
            case Command::Kind::kToken:
                return {Status::kGranted,
                        bytes_of_text(
                            world.token({.lifetime = 30 * kDay, .uses = 1 + command.machine % 2}))};
            case Command::Kind::kReplace:
                return {Status::kGranted, replacing_token(machine)};
        }
        return {};
    }

    issuer::Ledger::Replayed replayed;
    /// Slices of four blocks, so that they are reused and run out.
    IssuerWorld world{{prefix("10.64.0.0/22"), prefix("fd00::/62")}};

  private:
    static Buffer bytes_of_text(const std::string& text) {
        const ConstBytes bytes = bytes_of(text);
        return {bytes.begin(), bytes.end()};
    }
    Buffer replacing_token(const Machine& machine) {
        const auto* node = world.subject->ledger().live(machine.key());
        const auto token =
            node == nullptr
                ? Result<issuer::NewToken>{invalid("gone")}
                : world.try_token({.lifetime = 30 * kDay, .replace = node->certificate.name});
        return token ? bytes_of_text(token->text) : Buffer{};
    }

    void step() {
        Command command;
        command.kind = kind();
        command.machine = random_.below(kMachines);
        command.time = world.now + random_.below(std::uint64_t{6 * 3'600});
        if (random_.below(16U) == 0) {
            command.time += 100 * kDay;
        }
        if (command.kind == Command::Kind::kJoin || command.kind == Command::Kind::kWithdraw) {
            if (tokens_.empty()) {
                return;
            }
            // Mostly a recent one, which is not expired.
            command.token =
                tokens_.size() - 1 - random_.below(std::min<std::size_t>(tokens_.size(), 3));
            command.time = command.kind == Command::Kind::kJoin ? world.now + 60 : command.time;
        }
        if (command.kind == Command::Kind::kRenew) {
            const auto* node = world.subject->ledger().live(machines_[command.machine].key());
            if (node == nullptr) {
                return;
            }
            command.current = *node->bytes;
        }
        command.from = world.journal.size();
        std::tie(command.status, command.told) = give(command);
        command.to = world.journal.size();
        if ((command.kind == Command::Kind::kToken || command.kind == Command::Kind::kReplace) &&
            !command.told.empty()) {
            tokens_.emplace_back(reinterpret_cast<const char*>(command.told.data()),
                                 command.told.size());
        }
        commands_.push_back(std::move(command));
    }
    Command::Kind kind() {
        using Kind = Command::Kind;
        constexpr Kind kKinds[] = {Kind::kToken,
                                   Kind::kToken,
                                   Kind::kToken,
                                   Kind::kToken,
                                   Kind::kJoin,
                                   Kind::kJoin,
                                   Kind::kJoin,
                                   Kind::kJoin,
                                   Kind::kJoin,
                                   Kind::kJoin,
                                   Kind::kRenew,
                                   Kind::kRenew,
                                   Kind::kRenew,
                                   Kind::kRevoke,
                                   Kind::kReplace,
                                   Kind::kWithdraw};
        return kKinds[random_.below(std::size(kKinds))];
    }

    SeededRandom random_;
    std::vector<Machine> machines_;
    std::vector<std::string> tokens_;
    std::vector<Command> commands_;
    Buffer whole_;
};

/// No block in two live certificates, each token's user with a certificate or a revocation.
void expect_sound(const issuer::Ledger& ledger) {
    std::map<net::Prefix, identity::VerifyKey> owners;
    for (const auto& [key, node] : ledger.nodes()) {
        if (node.revoked) {
            continue;
        }
        ASSERT_EQ(node.certificate.blocks.size(), 2U);
        for (const net::Prefix& block : node.certificate.blocks) {
            ASSERT_TRUE(owners.emplace(block, key).second) << block.to_string();
        }
    }
    ASSERT_EQ(ledger.pool().count(net::Family::kIpv4).owned, owners.size() / 2);
    ASSERT_EQ(ledger.pool().count(net::Family::kIpv6).owned, owners.size() / 2);
    for (const auto& [id, token] : ledger.tokens()) {
        for (const auto& use : token.used) {
            ASSERT_TRUE(ledger.live(use.identity_key) != nullptr ||
                        ledger.is_revoked(use.identity_key));
        }
    }
}

TEST(IssuerCrash, leaves_nothing_half_done_wherever_it_comes) {
    SCOPED_TRACE(seed_text());
    for (int round = 0; round < rounds(2, 20); ++round) {
        Past past{seed() + static_cast<std::uint64_t>(round)};
        Buffer before = past.snapshot_of(0);
        std::size_t records = 0;
        for (const Command& command : past.commands()) {
            for (std::size_t size = command.from + 1; size < command.to; ++size) {
                const auto read =
                    issuer::journal::read(ConstBytes{past.whole()}.first(size)).value();
                ASSERT_EQ(read.size, command.from);
                ASSERT_EQ(read.events.size(), records);
                // What was read decides what the ledger is, so that these few may stand for the
                // rest.
                const bool restarts =
                    is_full() || size == command.from + 1 || size == command.to - 1;
                if (restarts) {
                    ASSERT_EQ(past.snapshot_of(size), before);
                    ASSERT_EQ(past.replayed.torn, size - command.from);
                }
            }
            before = past.snapshot_of(command.to);
            records = past.replayed.records;
            ASSERT_EQ(past.replayed.torn, 0U);
            expect_sound(past.world.subject->ledger());
        }
        EXPECT_GT(records, 0U) << "nothing was written, so nothing was torn";
    }
}

TEST(IssuerCrash, the_same_command_succeeds_afterwards_and_is_told_the_same) {
    SCOPED_TRACE(seed_text());
    using Kind = Command::Kind;
    constexpr int kRoundsMost = 50;
    std::map<Kind, int> written;
    for (int round = 0; round < rounds(1, 20) || (written.size() < 4 && round < kRoundsMost);
         ++round) {
        Past past{seed() + 1'000 + static_cast<std::uint64_t>(round)};
        for (const Command& command : past.commands()) {
            if (command.from == command.to) {
                continue;
            }
            ++written[command.kind];
            const bool makes_token = command.kind == Kind::kToken || command.kind == Kind::kReplace;
            // Before the record, within it, and behind it: told, or not told any more.
            for (const std::size_t size :
                 {command.from, (command.from + command.to) / 2, command.to}) {
                past.cut(size);
                past.world.restart(true);
                const auto [status, told] = past.give(command);
                ASSERT_EQ(status, command.status);
                if (!makes_token) {  // a token has a fresh key each time
                    ASSERT_EQ(told, command.told) << static_cast<int>(command.kind);
                    ASSERT_EQ(past.world.journal.size(), command.to);
                }
                expect_sound(past.world.subject->ledger());
            }
        }
    }
    EXPECT_GE(written.size(), 4U) << "kinds of commands that wrote something";
}

TEST(IssuerCrash, a_snapshot_may_take_the_journals_place_at_any_time) {
    SCOPED_TRACE(seed_text());
    for (int round = 0; round < rounds(1, 20); ++round) {
        Past past{seed() + 2'000 + static_cast<std::uint64_t>(round)};
        for (const Command& command : past.commands()) {
            if (command.kind == Command::Kind::kToken || command.kind == Command::Kind::kReplace) {
                continue;
            }
            past.cut(command.from);
            past.world.restart(true);
            past.world.journal = past.world.subject->snapshot({command.time, true});
            past.world.restart(true);
            expect_sound(past.world.subject->ledger());
            const auto [status, told] = past.give(command);
            ASSERT_EQ(told, command.told);
            // A snapshot forgets tokens that have long expired: a refusal may be for that then.
            const bool forgotten =
                status == Status::kUnknownToken && command.status != Status::kGranted;
            ASSERT_TRUE(status == command.status || forgotten)
                << static_cast<int>(command.kind) << ": " << static_cast<int>(status) << " was "
                << static_cast<int>(command.status);
        }
    }
}

}  // namespace
}  // namespace weft::test
