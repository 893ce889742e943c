// SPDX-License-Identifier: Apache-2.0
// Closing what a UniqueFd owns. close(2) is never retried: on Linux the descriptor is gone even
// after EINTR, and a second close could hit another thread's new file. Any thread.
#include <unistd.h>

#include <weft/base/unique_fd.hpp>

namespace weft {

void UniqueFd::reset() noexcept {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

}  // namespace weft
