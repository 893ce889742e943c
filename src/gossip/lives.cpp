// SPDX-License-Identifier: Apache-2.0
// See lives.hpp.
#include "lives.hpp"

namespace weft::gossip {

bool Lives::on_change(const Record& before, const Record& after, Time now) {
    if (after.boot_id == before.boot_id) {
        return false;
    }
    const bool is_back = std::erase(followed_, after.boot_id) > 0;
    std::erase(followed_, before.boot_id);
    if (followed_.size() == kKept) {
        followed_.erase(followed_.begin());
    }
    followed_.push_back(before.boot_id);
    const bool jumped = after.order.epoch >= before.order.epoch &&
                        after.order.epoch - before.order.epoch <= kUnheardMax;
    if (!is_back || !jumped) {
        return false;
    }
    const bool in_turn = came_back_ && now - *came_back_ <= kTurn;
    came_back_ = now;
    return in_turn;
}

}  // namespace weft::gossip
