// SPDX-License-Identifier: Apache-2.0
// A captured node: it has a certificate and its keys, and says with them whatever it likes.
#pragma once

#include "sealer.hpp"
#include "world.hpp"

namespace weft::sim {

class Liar {
  public:
    Liar(World& world, std::size_t host)
        : world_(world), host_(world.host(host)), sealer_(world.network(), random_) {
        sealer_.set_own(host_.certificate->id, host_.gossip_key);
    }

    /// `messages`, sealed for a host and sent from the liar's own address.
    void tell(std::size_t to, const std::vector<gossip::Message>& messages) {
        const gossip::Header header{world_.moment(host_).wall.now, 0, 0, 0, random_.next_u32()};
        gossip::DatagramWriter datagram{header, gossip::kPlaintextMax};
        for (const gossip::Message& message : messages) {
            datagram.add(message);
        }
        const Host& target = world_.host(to);
        world_.inject(host_.endpoint,
                      to,
                      sealer_.seal({},
                                   target.certificate->id,
                                   target.certificate->certificate.gossip_key,
                                   datagram.bytes()));
    }

    /// A record with this content, signed with this key.
    std::vector<std::byte> sign(const gossip::Record& record, const identity::SigningKey& key) {
        return build(record, world_.network(), key);
    }

  private:
    World& world_;
    Host& host_;
    SeededRandom random_{99};
    gossip::Sealer sealer_;
};

}  // namespace weft::sim
