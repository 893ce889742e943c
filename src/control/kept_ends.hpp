// SPDX-License-Identifier: Apache-2.0
// The packet's two ends, interface and port, over a restart: the service manager keeps their
// descriptors (DescriptorStore: "tun-NN", "udp4-NN", "udp6-NN"), and the next weftd takes them over
// with addresses, routes and what waits in their queues. No key is kept: what comes in old sessions
// is of an unknown index. Where the configuration wants other ones, they are let go and opened
// anew. Control thread.
//
// Numbers are places: a queue's worker, a socket's in the group. Other places want other names.
#pragma once

#include <string>

#include <weft/base/log.hpp>
#include <weft/base/result.hpp>
#include <weft/control/descriptor_store.hpp>
#include <weft/sys/tun.hpp>
#include <weft/sys/udp_group.hpp>

namespace weft::control {

struct Ends {
    sys::Tun tun;  // a queue for each of the group's workers
    sys::UdpGroup udp;
};

/// The interface called `interface` and the port that `config` names, as they were kept or new; the
/// wish in it is for both. From then on they are kept.
[[nodiscard]] Result<Ends> open_ends(const std::string& interface,
                                     const sys::UdpGroupConfig& config,
                                     DescriptorStore& store,
                                     Log& log);

/// Another port than before is kept, or none that is not steered.
void keep_port(const sys::UdpGroup& group, DescriptorStore& store);

}  // namespace weft::control
