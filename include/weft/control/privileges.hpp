// SPDX-License-Identifier: Apache-2.0
// What the daemon may still do to the machine once it has started (capabilities(7)): administer the
// network and send echoes, whoever started it; a root that runs programs of discovery may become
// their user too. Before threads are started: the calling thread's alone are changed, and threads
// inherit them.
#pragma once

#include <weft/base/result.hpp>

namespace weft::control {

/// Gives up, for good, every capability but CAP_NET_ADMIN and CAP_NET_RAW, and whatever a program
/// that is started could gain by set-user-ID bits or file capabilities. Root that `runs_programs`
/// as another user keeps CAP_SETUID, CAP_SETGID and CAP_KILL as well. What the process never had
/// stays so. Errors: what the kernel refused.
[[nodiscard]] Result<> keep_only_needed(bool runs_programs);

}  // namespace weft::control
