// SPDX-License-Identifier: Apache-2.0
// Rotation: other WireGuard and gossip keys for the same identity, certified by a renewal that
// names them. At every moment the certificate in the network's file is for one of two files of
// keys:
//
//   next.key written --> asked for (participant_renewal.cpp)
//       --> network's file: the new certificate --> node.key: the new keys --> next.key removed
//
// A crash before the network's file leaves the old keys in use and goes on asking for the new ones,
// for the issuer may have granted them; one after it finds the new ones in use.
#include <utility>

#include "participant_impl.hpp"

namespace weft::mesh {

/// Those that the certificate is for; `next`: those that a rotation still asks for.
Result<NodeKeys> Participant::Impl::keys_in_use(const identity::Certificate& certificate,
                                                std::optional<NodeKeys>& next) {
    auto keys = state_.node_keys();
    if (!keys) {
        return keys.error();
    }
    auto other = state_.next_keys();
    if (!other) {
        return other.error();
    }
    const bool current = *keys && (*keys)->are_of(certificate);
    const bool rotated = *other && (*other)->are_of(certificate);
    if (current && !rotated) {
        next = std::move(*other);
        return std::move(**keys);
    }
    if (!rotated) {
        return Error{
            std::make_error_code(std::errc::no_such_file_or_directory),
            *keys ? "the keys in the state file node.key are not those of this node's "
                    "certificate"
                  : "this node is in a network, but its keys (the state file node.key) are "
                    "gone",
            "restore node.key from a backup; or move the state files away, start weftd and join "
            "again: weft token create --replace NAME gives a token for the same blocks"};
    }
    Result<> settled = current ? Result<>{} : state_.keep(**other);
    if (settled) {
        settled = state_.remove_next_keys();
    }
    if (!settled) {
        return settled.error();
    }
    return std::move(**other);
}

/// node.key has the keys in use, and next.key may be written again.
Result<> Participant::Impl::settle_keys() {
    if (member_->renewal.keys_settled) {
        return {};
    }
    Result<> kept = state_.keep(member_->keys);
    if (kept) {
        kept = state_.remove_next_keys();
    }
    member_->renewal.keys_settled = kept.has_value();
    return kept;
}

/// When a certificate was adopted: it may be for the keys that were asked for.
void Participant::Impl::take_next_keys(Output& out) {
    Renewal& renewal = member_->renewal;
    if (!renewal.keys || !renewal.keys->are_of(member_->certificate->certificate)) {
        return;
    }
    member_->keys = std::move(*renewal.keys);
    renewal.keys.reset();
    renewal.keys_settled = false;
    if (const Result<> settled = settle_keys(); !settled) {
        // The next start finds them in next.key.
        out.notices.push_back({"state_not_kept", true, "node.key", settled.error().message()});
    }
    out.notices.push_back({"keys_rotated", false, member_->certificate->certificate.name, {}});
}

Result<> Participant::Impl::rotate(const Clock& clock, Output& out) {
    if (!member_) {
        return not_a_member();
    }
    Renewal& renewal = member_->renewal;
    if (!renewal.keys) {
        if (Result<> settled = settle_keys(); !settled) {
            return settled;
        }
        NodeKeys next = member_->keys.next(random_);
        if (Result<> kept = state_.keep_next(next); !kept) {
            return kept;
        }
        renewal.keys = std::move(next);
    }
    return renewal.call ? Result<>{} : attempt_renewal(clock, out);
}

// ---- The door ----------------------------------------------------------------------------------

Result<> Participant::rotate(const Clock& clock, Output& out) {
    return impl_->rotate(clock, out);
}
bool Participant::is_rotating() const {
    return impl_->member_ && impl_->member_->renewal.keys.has_value();
}
bool Participant::is_renewing() const {
    return impl_->member_ && impl_->renewal_is_due();
}

}  // namespace weft::mesh
