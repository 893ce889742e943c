// SPDX-License-Identifier: Apache-2.0
// A small file as text.
#pragma once

#include <cstddef>
#include <string>

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft {

/// All that is left of an open file, which errors call `name`. Errors: errno's; EFBIG where it is
/// more than `size_max` bytes.
[[nodiscard]] Result<std::string> read_to_end(const UniqueFd& fd,
                                              std::size_t size_max,
                                              const std::string& name);

}  // namespace weft
