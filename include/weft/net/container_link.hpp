// SPDX-License-Identifier: Apache-2.0
// How the host's ends of containers' veths begin: ipam names them, the guards let them pass.
#pragma once

namespace weft::net {

inline constexpr const char* kContainerLinkPrefix = "wv";

}  // namespace weft::net
