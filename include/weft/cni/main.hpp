// SPDX-License-Identifier: Apache-2.0
// The CNI plugin as a program: CNI_* in the environment, the configuration on stdin, the answer on
// stdout, and 0 or 1 for the exit. Nothing else is ever written to stdout.
#pragma once

namespace weft::cni {

[[nodiscard]] int run();

}  // namespace weft::cni
