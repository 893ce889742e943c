// SPDX-License-Identifier: Apache-2.0
// Texts that are secrets while they are under way: what they held is overwritten. By the C library:
// weft-cni, which reads JSON too, has no libsodium in it.
#pragma once

#include <cstring>
#include <string>

namespace weft {

/// All that the text holds or held where it lies now; it is empty then.
inline void wipe(std::string& text) {
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

/// At the end of its scope.
class Wiped {
  public:
    explicit Wiped(std::string& text) : text_(text) {}
    ~Wiped() { wipe(text_); }
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;

  private:
    std::string& text_;
};

}  // namespace weft
