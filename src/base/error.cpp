// SPDX-License-Identifier: Apache-2.0
// Error: the one error value of the control plane, built and put into words.
// Off the packet's way; any thread.
#include <cerrno>
#include <utility>

#include <weft/base/error.hpp>

namespace weft {

std::string Error::message() const {
    if (remedy.empty()) {
        return cause;
    }
    return cause + " (" + remedy + ")";
}

Error errno_error(int error_number, std::string doing, std::string remedy) {
    const std::error_code code{error_number, std::system_category()};
    return {code, std::move(doing) + ": " + code.message(), std::move(remedy)};
}

Error invalid(std::string cause, std::string remedy) {
    return {{EINVAL, std::system_category()}, std::move(cause), std::move(remedy)};
}

}  // namespace weft
