// SPDX-License-Identifier: Apache-2.0
// See read_to_end.hpp.
#include <array>
#include <cerrno>

#include <unistd.h>

#include <weft/base/read_to_end.hpp>

namespace weft {

Result<std::string> read_to_end(const UniqueFd& fd, std::size_t size_max, const std::string& name) {
    std::string text;
    std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return errno_error(errno, name);
        }
        if (size == 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(size));
        if (text.size() > size_max) {
            return errno_error(EFBIG, name);
        }
    }
}

}  // namespace weft
