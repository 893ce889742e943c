// SPDX-License-Identifier: Apache-2.0
// What a participant asks of a member about the way between the two: pings by which paths are
// measured, and what the other sees of this node.
#include "participant_impl.hpp"

namespace weft::mesh {

bool Participant::Impl::has(const gossip::NodeId& member) const {
    return member_ && member_->node->members().find(member) != nullptr;
}

bool Participant::Impl::is_foreign(const gossip::Member& member) const {
    return member.certificate->certificate.issuer_number != member_->issuer_number;
}

std::optional<gossip::ProbeNumber> Participant::Impl::ping(const gossip::NodeId& member,
                                                           const net::Endpoint& to,
                                                           std::size_t size,
                                                           const Clock& clock,
                                                           Output& out) {
    if (!has(member)) {
        return std::nullopt;
    }
    gossip::Actions actions;
    const auto number = member_->node->ping(member, to, size, moment(clock), actions);
    absorb(std::move(actions), clock, out);
    return number;
}

bool Participant::Impl::inquire(const gossip::NodeId& member,
                                const net::Endpoint& to,
                                const gossip::Inquiry& inquiry,
                                const Clock& clock,
                                Output& out) {
    if (!has(member)) {
        return false;
    }
    gossip::Actions actions;
    const bool sent = member_->node->inquire(member, to, inquiry, moment(clock), actions);
    absorb(std::move(actions), clock, out);
    return sent;
}

void Participant::Impl::answer(const gossip::Actions::Asked& asked,
                               ConstBytes bytes,
                               const Clock& clock,
                               Output& out) {
    if (has(asked.from)) {
        gossip::Actions actions;
        member_->node->answer(asked, bytes, moment(clock), actions);
        absorb(std::move(actions), clock, out);
    }
}

// ---- The door ----------------------------------------------------------------------------------

std::optional<gossip::ProbeNumber> Participant::ping(const gossip::NodeId& member,
                                                     const net::Endpoint& to,
                                                     std::size_t size,
                                                     const Clock& clock,
                                                     Output& out) {
    return impl_->ping(member, to, size, clock, out);
}
bool Participant::inquire(const gossip::NodeId& member,
                          const net::Endpoint& to,
                          const gossip::Inquiry& inquiry,
                          const Clock& clock,
                          Output& out) {
    return impl_->inquire(member, to, inquiry, clock, out);
}
void Participant::answer(const gossip::Actions::Asked& asked,
                         ConstBytes bytes,
                         const Clock& clock,
                         Output& out) {
    impl_->answer(asked, bytes, clock, out);
}

}  // namespace weft::mesh
