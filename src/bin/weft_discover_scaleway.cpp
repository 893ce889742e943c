// SPDX-License-Identifier: Apache-2.0
// Prints a Scaleway account's machines for [[discovery]]; all of it is discovery/scaleway.
#include <exception>
#include <iostream>

#include <sys/prctl.h>

#include <weft/discovery/scaleway.hpp>

int main(int argc, char** argv) {
    prctl(PR_SET_DUMPABLE, 0);  // it holds a token: no core dumps, no ptrace by the same user
    try {
        return weft::discovery::scaleway_main(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "weft-discover-scaleway: " << error.what() << '\n';
        return 1;
    }
}
