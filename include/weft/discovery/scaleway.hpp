// SPDX-License-Identifier: Apache-2.0
// weft-discover-scaleway as a function: its main() is bin/weft_discover_scaleway.cpp. A program of
// its own, since it brings libcurl; weftd never links it.
#pragma once

namespace weft::discovery {

/// Prints the account's Instances as the discovery contract has them (machines.hpp). Exit codes: 0
/// printed, 1 failed (one line on stderr, nothing on stdout), 2 usage. Never prints the token.
int scaleway_main(int argc, char** argv);

}  // namespace weft::discovery
