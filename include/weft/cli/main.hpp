// SPDX-License-Identifier: Apache-2.0
// `weft`, the command line: one call runs one command. Data goes to `out`, talk to `err`. Exit
// codes: 0 ok, 1 failed, 2 usage, 3 daemon not running, 4 degraded, 5 timeout, 6 permission.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace weft::cli {

struct Terminal {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool colour = false;      // on `out`
    std::int64_t now_ms = 0;  // Unix time, for ages
};

/// The process's own terminal and arguments: all of main(). Colour on a tty, unless NO_COLOR is set
/// or TERM is dumb.
[[nodiscard]] int run(int argc, char** argv);

/// `arguments` without the program's name. Reads the WEFT_* environment.
[[nodiscard]] int run(const std::vector<std::string>& arguments, const Terminal& terminal);

}  // namespace weft::cli
