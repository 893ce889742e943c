// SPDX-License-Identifier: Apache-2.0
// Where a passphrase comes from. One thread.
#pragma once

#include <string>

#include <weft/base/result.hpp>

namespace weft::cli {

inline constexpr std::size_t kPassphraseMax = 1024;  // bytes

enum class Prompts { kOnce, kTwice };

/// A file's only line, else WEFT_PASSPHRASE, else the process's terminal. Errors: none of them is
/// there, ask_passphrase()'s, the file's; two lines or more.
[[nodiscard]] Result<std::string> find_passphrase(const std::string& file, Prompts prompts);

/// On the terminal `path`, which does not show it meanwhile; kTwice: again, and at least as long as
/// an export's must be. SIGINT, SIGTERM, SIGHUP and SIGQUIT take effect once it shows again what is
/// typed. Errors: no terminal (ENXIO or errno's), two that differ, too short (EINVAL), nothing
/// typed.
[[nodiscard]] Result<std::string> ask_passphrase(const std::string& path, Prompts prompts);

}  // namespace weft::cli
