// SPDX-License-Identifier: Apache-2.0
// The command line program. Everything is in the cli room; see src/cli/run.cpp.
#include <weft/cli/main.hpp>

int main(int argc, char** argv) {
    return weft::cli::run(argc, argv);
}
