// SPDX-License-Identifier: Apache-2.0
// See boot_id.hpp; random(4). Any thread.
#include <fcntl.h>

#include <weft/base/boot_id.hpp>
#include <weft/base/read_to_end.hpp>

namespace weft {

std::string boot_id() {
    constexpr const char* kFile = "/proc/sys/kernel/random/boot_id";
    constexpr std::size_t kSizeMax = 64;
    const UniqueFd fd{::open(kFile, O_RDONLY | O_CLOEXEC)};
    if (!fd.valid()) {
        return {};
    }
    const Result<std::string> text = read_to_end(fd, kSizeMax, kFile);
    return text ? text->substr(0, text->find('\n')) : std::string{};
}

}  // namespace weft
