// SPDX-License-Identifier: Apache-2.0
// What went wrong and what to do about it, as one value for the whole control plane.
#pragma once

#include <string>
#include <system_error>

namespace weft {

/// An error that a person will read: the cause, and where one is known the remedy, each a clause
/// without a final stop. `code` is for programs. Never carries a secret.
struct Error {
    std::error_code code;
    std::string cause;
    std::string remedy;

    /// "cause (remedy)", or the cause alone.
    [[nodiscard]] std::string message() const;
};

/// An error from a failed system call: "DOING: strerror(ERRNO)".
[[nodiscard]] Error errno_error(int error_number, std::string doing, std::string remedy = {});

/// An error of input that is wrong whatever the system does (EINVAL).
[[nodiscard]] Error invalid(std::string cause, std::string remedy = {});

}  // namespace weft
