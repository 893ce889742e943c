// SPDX-License-Identifier: Apache-2.0
// Reads tests/vectors/*.txt: one case a line, fields between blanks, '#' opens a comment line.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::test {

/// Every case of the file; throws where there is none.
inline std::vector<std::vector<std::string>> read_vectors(const std::string& name) {
    std::ifstream file{WEFT_VECTORS "/" + name};
    std::vector<std::vector<std::string>> cases;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') {
            continue;
        }
        std::istringstream fields{line};
        auto& one = cases.emplace_back();
        for (std::string field; fields >> field;) {
            one.push_back(field);
        }
    }
    if (cases.empty()) {
        throw std::runtime_error("no test vectors in " + name);
    }
    return cases;
}

}  // namespace weft::test
