// SPDX-License-Identifier: Apache-2.0
// What weft report is made of: files of text, cleared of secrets, in one tar. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weft::cli {

struct ReportFile {
    std::string name;   // within the report's directory
    std::string about;  // what it is, for its index
    std::string text;
};

/// `text` without what may be secret: words that weft makes (tokens, requests, certificates: from
/// "weft…1_" on), and 32 bytes or more in base64 or hexadecimal that are not in `known`, as public
/// keys are. Each is replaced by what it seemed to be.
[[nodiscard]] std::string redact(std::string_view text, const std::set<std::string>& known);

/// A POSIX tar (ustar) of the files, each mode 0600, below `directory`. Names that do not fit 100
/// bytes are cut.
[[nodiscard]] std::string build_tar(const std::string& directory,
                                    const std::vector<ReportFile>& files,
                                    std::int64_t unix_seconds);

}  // namespace weft::cli
