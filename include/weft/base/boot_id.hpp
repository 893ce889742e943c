// SPDX-License-Identifier: Apache-2.0
// Which boot of this machine this is: what the kernel made up when it started.
#pragma once

#include <string>

namespace weft {

/// The text of a UUID, in lower case; empty where the kernel does not tell it.
[[nodiscard]] std::string boot_id();

}  // namespace weft
