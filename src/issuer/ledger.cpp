// SPDX-License-Identifier: Apache-2.0
// See ledger.hpp. What each event does to what is known, and the snapshot.
#include <algorithm>

#include <weft/base/byte_writer.hpp>
#include <weft/issuer/ledger.hpp>

#include "journal.hpp"
#include "verdict.hpp"

namespace weft::issuer {
namespace {

SignedBytes shared(const std::vector<std::byte>& bytes) {
    return std::make_shared<const std::vector<std::byte>>(bytes);
}

bool holds(const std::vector<net::Prefix>& blocks, const net::Prefix& block) {
    return std::find(blocks.begin(), blocks.end(), block) != blocks.end();
}

/// An event that reads well and yet cannot have happened.
Error contradiction(std::string what) {
    return invalid("issuer ledger: " + std::move(what),
                   "restore the ledger of this issuer, or move it away and start anew: the issuer "
                   "then learns from a member what it granted");
}

}  // namespace

// ---- Events -------------------------------------------------------------------------------------

struct Ledger::Apply {
    Ledger& ledger;

    Result<> operator()(const journal::TokenCreated& event) {
        if (!ledger.tokens_.emplace(event.id, event.token).second) {
            return contradiction("a token was created twice");
        }
        return {};
    }

    Result<> operator()(const journal::TokenUsed& event) {
        const auto token = ledger.tokens_.find(event.id);
        if (token == ledger.tokens_.end()) {
            return contradiction("a token was used before it was created");
        }
        std::vector<Use>& used = token->second.used;
        if (used.size() >= token->second.uses ||
            token->second.use_of(event.use.identity_key) != nullptr) {
            return contradiction("a token was used too often");
        }
        used.push_back(event.use);
        const auto node = ledger.nodes_.find(event.use.identity_key);
        if (node != ledger.nodes_.end()) {
            note_use(node->second, event);
        }
        return {};
    }

    Result<> operator()(const journal::TokenWithdrawn& event) {
        const auto token = ledger.tokens_.find(event.id);
        if (token == ledger.tokens_.end()) {
            return contradiction("a token was withdrawn before it was created");
        }
        token->second.withdrawn = true;
        return {};
    }

    Result<> operator()(const journal::Revoked& event) {
        const auto parsed = identity::parse_revocation(event.bytes);
        if (!parsed) {
            return contradiction("a revocation is none: " + parsed.error().cause);
        }
        if (parsed->network != ledger.network_ || parsed->signer != ledger.issuer_number_) {
            return contradiction("a revocation is another issuer's");
        }
        if (parsed->number != ledger.revocations_.size() + 1 ||
            parsed->kind != identity::Revocation::Kind::kNode) {
            return contradiction("revocation " + std::to_string(parsed->number) +
                                 " came out of order");
        }
        ledger.revoked_.emplace(parsed->key, ledger.revocations_.size());
        ledger.revocations_.push_back({shared(event.bytes), event.dated});
        const auto found = ledger.nodes_.find(parsed->key);
        if (found == ledger.nodes_.end() || found->second.revoked) {
            return {};
        }
        Node& node = found->second;
        node.revoked = true;
        ledger.names_.erase({node.certificate.name, parsed->key});
        for (const net::Prefix& block : node.blocks) {
            ledger.last_revoked_[block] = parsed->key;
            ledger.pool_.rest(block, event.dated ? std::optional{parsed->time} : std::nullopt);
        }
        return {};
    }

    Result<> operator()(const journal::Granted& event) {
        if (event.revoked) {
            if (Result<> revoked = (*this)(*event.revoked); !revoked) {
                return revoked;
            }
        }
        const auto parsed = identity::parse_certificate(event.certificate);
        if (!parsed) {
            return contradiction("a certificate is none: " + parsed.error().cause);
        }
        if (Result<> possible = check(*parsed); !possible) {
            return possible;
        }
        add(*parsed, shared(event.certificate));
        if (!event.by) {
            return {};
        }
        if (event.by->use.identity_key != parsed->identity_key) {
            return contradiction("a certificate was granted to another than the token's user");
        }
        return (*this)(*event.by);
    }

    Result<> operator()(const journal::Counter& event) {
        if (event.next == 0 || ledger.next_counter_ == 0) {
            ledger.next_counter_ = 0;
        } else {
            ledger.next_counter_ = std::max(ledger.next_counter_, event.next);
        }
        return {};
    }

    /// The latest counts, whatever the order in which a snapshot has them.
    static void note_use(Node& node, const journal::TokenUsed& event) {
        if (!node.token ||
            std::pair{event.use.time, event.id} > std::pair{node.use.time, *node.token}) {
            node.token = event.id;
            node.use = event.use;
        }
    }

    [[nodiscard]] Result<> check(const identity::Certificate& certificate) const {
        if (certificate.network != ledger.network_ ||
            certificate.issuer_number != ledger.issuer_number_ ||
            certificate.serial >> 32 != ledger.issuer_number_) {
            return contradiction("a certificate is another issuer's");
        }
        if (ledger.is_revoked(certificate.identity_key)) {
            return contradiction("a revoked node got a certificate");
        }
        for (const net::Prefix& block : certificate.blocks) {
            if (!ledger.pool_.can_hold(block)) {
                return contradiction("a block is too large: " + block.to_string());
            }
        }
        return {};
    }

    void add(const identity::Certificate& certificate, const SignedBytes& bytes) {
        ledger.take_counter(static_cast<std::uint32_t>(certificate.serial));
        const auto [entry, is_first] = ledger.nodes_.try_emplace(certificate.identity_key);
        Node& node = entry->second;
        for (const net::Prefix& block : certificate.blocks) {
            ledger.own(node, block);
        }
        if (is_first || is_newer(certificate, node.certificate)) {
            if (!is_first) {
                ledger.names_.erase({node.certificate.name, certificate.identity_key});
                node.older.push_back({node.bytes, node.certificate.blocks});
            }
            node.certificate = certificate;
            node.bytes = bytes;
            ledger.names_.emplace(certificate.name, certificate.identity_key);
        } else if (certificate != node.certificate) {
            node.older.push_back({bytes, certificate.blocks});
        }
        std::erase_if(node.older, [&](const Older& each) {
            return std::all_of(
                each.blocks.begin(), each.blocks.end(), [&](const net::Prefix& block) {
                    return holds(node.certificate.blocks, block);
                });
        });
    }
};

void Ledger::own(Node& node, const net::Prefix& block) {
    if (!holds(node.blocks, block)) {
        node.blocks.push_back(block);
        pool_.take(block);
    }
}

void Ledger::take_counter(std::uint32_t counter) {
    // 0 stays 0: the last serial was given. Of the last one, the successor is 0.
    if (next_counter_ != 0 && counter >= next_counter_) {
        next_counter_ = counter + 1;
    }
}

// ---- The ledger ---------------------------------------------------------------------------------

Ledger::Ledger(const identity::IssuerCertificate& issuer, BlockSizes sizes)
    : network_(issuer.network), issuer_number_(issuer.number), pool_(issuer.slices, sizes) {}

Result<Ledger::Replayed> Ledger::replay(ConstBytes journal) {
    const Result<journal::Read> read = journal::read(journal);
    if (!read) {
        return read.error();
    }
    for (const journal::Event& event : read->events) {
        if (const Result<> applied = std::visit(Apply{*this}, event); !applied) {
            return applied.error();
        }
        ++version_;
    }
    return Replayed{read->events.size(), read->size, journal.size() - read->size};
}

Result<> Ledger::apply(ConstBytes records) {
    const Result<Replayed> replayed = replay(records);
    if (!replayed) {
        return replayed.error();
    }
    return replayed->torn == 0 ? Result<>{} : contradiction("records are not whole");
}

const Ledger::Token* Ledger::token(const TokenId& id) const {
    const auto found = tokens_.find(id);
    return found == tokens_.end() ? nullptr : &found->second;
}

const Ledger::Node* Ledger::live(const VerifyKey& identity_key) const {
    const auto found = nodes_.find(identity_key);
    return found == nodes_.end() || found->second.revoked ? nullptr : &found->second;
}

const Ledger::Node* Ledger::holder(const std::string& name) const {
    const auto found = names_.lower_bound({name, VerifyKey{}});
    return found == names_.end() || found->first != name ? nullptr : live(found->second);
}

const Ledger::Node* Ledger::live_owner(const net::Prefix& block, const VerifyKey& except) const {
    for (const auto& [key, node] : nodes_) {
        if (!node.revoked && key != except &&
            std::any_of(node.blocks.begin(), node.blocks.end(), [&](const net::Prefix& each) {
                return each.overlaps(block);
            })) {
            return &node;
        }
    }
    return nullptr;
}

SignedBytes Ledger::revocation_of(const VerifyKey& identity_key) const {
    const auto found = revoked_.find(identity_key);
    return found == revoked_.end() ? nullptr : revocations_[found->second].bytes;
}

const Ledger::Use* Ledger::Token::use_of(const VerifyKey& identity_key) const {
    const auto found = std::find_if(used.begin(), used.end(), [&](const Use& each) {
        return each.identity_key == identity_key;
    });
    return found == used.end() ? nullptr : &*found;
}

// ---- Compaction ---------------------------------------------------------------------------------

/// Live, or a block's last owner that was revoked: the block rests since then, once it has none
/// that is live.
bool Ledger::still_matters(const VerifyKey& key, const Node& node) const {
    return !node.revoked ||
           std::any_of(node.blocks.begin(), node.blocks.end(), [&](const net::Prefix& block) {
               return last_revoked_.at(block) == key;
           });
}

/// Not long expired, or the one by which a live node joined: a clone of it is told by that.
bool Ledger::still_matters(const Token& token, const TimeView& time) const {
    return !time.trusted || time.now < kTokenKept || token.expiry >= time.now - kTokenKept ||
           std::any_of(token.used.begin(), token.used.end(), [&](const Use& use) {
               return live(use.identity_key) != nullptr;
           });
}

std::vector<std::byte> Ledger::snapshot(const TimeView& time) const {
    ByteWriter out;
    const auto add = [&](const journal::Event& event) { out.append(journal::encode(event)); };
    add(journal::Counter{next_counter_});
    for (const auto& [key, node] : nodes_) {
        if (!still_matters(key, node)) {
            continue;
        }
        for (const Older& each : node.older) {
            add(journal::Granted{{}, {}, *each.bytes});
        }
        add(journal::Granted{{}, {}, *node.bytes});
    }
    for (const Revoked& each : revocations_) {
        add(journal::Revoked{*each.bytes, each.dated});
    }
    for (const auto& [id, token] : tokens_) {
        if (!still_matters(token, time)) {
            continue;
        }
        Token created = token;
        created.used.clear();
        created.withdrawn = false;
        add(journal::TokenCreated{id, std::move(created)});
        for (const Use& use : token.used) {
            add(journal::TokenUsed{id, use});
        }
        if (token.withdrawn) {
            add(journal::TokenWithdrawn{id});
        }
    }
    return std::move(out).release();
}

}  // namespace weft::issuer
