// SPDX-License-Identifier: Apache-2.0
// Running a program that is not trusted to end, to be brief or to be kind: no shell, nothing of the
// daemon's descriptors, capabilities and environment, a session whose group is killed as a whole.
// Blocks its caller, which is a thread of its own (control/machine_search).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <weft/base/result.hpp>

namespace weft::discovery {

/// Who runs such programs where weftd is root and the machine has that user.
inline constexpr const char* kDiscoverUser = "weft-discover";

struct Command {
    std::vector<std::string> arguments;       ///< the first is the program's absolute path
    std::chrono::milliseconds limit{30'000};  ///< the contract's
    std::size_t output_max = 0;
    std::string user = kDiscoverUser;
};

enum class RunAs { kItsUser, kRoot, kDaemonsUser };
/// Whom such programs run as here: root where there is no kDiscoverUser, the daemon's own user
/// where that is not root, for it may not become another.
[[nodiscard]] RunAs programs_run_as();

/// What it printed, once it has ended with 0. It sees of the environment PATH, LANG, HOME and what
/// says how HTTPS is done here (https_proxy, no_proxy, SSL_CERT_FILE, SSL_CERT_DIR). Whatever it
/// leaves running is killed. `stop` is a descriptor: readable, it ends the run at once.
/// Errors: cannot be run (as that user: a root without CAP_SETUID, CAP_SETGID and CAP_KILL, or
/// users cannot be looked up), ended
/// otherwise (with the last line it wrote to stderr), did not end, printed too much, ECANCELED.
[[nodiscard]] Result<std::string> run(const Command& command, int stop);

}  // namespace weft::discovery
