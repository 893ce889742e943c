// SPDX-License-Identifier: Apache-2.0
// See path_mtu.hpp.
#include <algorithm>

#include <weft/mesh/path_mtu.hpp>

namespace weft::mesh {

std::vector<std::uint32_t> PathMtu::due(Time now, bool sending) {
    if (!searching_) {
        if (now >= raise_at_) {
            begin(most_);
        } else if (sending && now >= confirm_at_) {
            begin(mtu_);
        } else {
            return {};
        }
        next_try_ = now;
    }
    if (now < next_try_) {
        return {};
    }
    if (passed_ == sizes_.front() || tries_ == kTries) {
        judge(now);
        if (!searching_) {
            return {};
        }
    } else if (tries_ == 1 && sizes_.size() == 1) {
        widen();
    }
    ++tries_;
    next_try_ = now + kAnswerTime;
    std::vector<std::uint32_t> sizes;
    std::copy_if(sizes_.begin(), sizes_.end(), std::back_inserter(sizes), [this](std::uint32_t s) {
        return s > passed_ || (s == kSmall && !heard_);
    });
    return sizes;
}

void PathMtu::on_answer(std::uint32_t size) {
    heard_ = true;
    passed_ = std::max(passed_, size);
}

void PathMtu::begin(std::uint32_t top) {
    searching_ = true;
    heard_ = false;
    tries_ = 0;
    passed_ = 0;
    lost_ = top + 1;
    sizes_ = {top};
}

/// The first size of a search has had time for its answer: smaller ones beside it.
void PathMtu::widen() {
    const std::uint32_t top = sizes_.front();
    const std::vector<std::uint32_t> smaller = between(kLeast, top);
    sizes_.insert(sizes_.end(), smaller.begin(), smaller.end());
    if (top > kLeast) {
        sizes_.push_back(kLeast);
    }
    sizes_.push_back(kSmall);
}

void PathMtu::judge(Time now) {
    for (const std::uint32_t size : sizes_) {
        lost_ = size > passed_ ? std::min(lost_, size) : lost_;
    }
    if (passed_ >= kLeast) {
        sizes_ = between(passed_, lost_);
    } else {
        sizes_.clear();
    }
    tries_ = 0;
    if (sizes_.empty()) {
        end(now);
    }
}

void PathMtu::end(Time now) {
    searching_ = false;
    confirm_at_ = now + kConfirmEvery;
    if (!heard_) {  // nobody there: that says nothing of sizes
        raise_at_ = std::max(raise_at_, confirm_at_);
        return;
    }
    is_below_least_ = passed_ < kLeast;
    const std::uint32_t found = std::max(passed_, kLeast);
    // What was only confirmed leaves the time to try more as it was.
    if (found != mtu_ || now >= raise_at_) {
        raise_at_ = found < most_ || is_below_least_ ? now + kRaiseEvery : Time::max();
    }
    mtu_ = found;
}

/// Sizes above `low` and below `high`, at most kSizesMax, the largest first.
std::vector<std::uint32_t> PathMtu::between(std::uint32_t low, std::uint32_t high) {
    const std::uint32_t range = high > low ? high - low : 0;
    const std::uint32_t parts = kSizesMax + 1;
    const std::uint32_t step = (range + parts * kStep - 1) / (parts * kStep) * kStep;
    std::vector<std::uint32_t> sizes;
    for (std::uint32_t size = low + step; step != 0 && size < high; size += step) {
        sizes.insert(sizes.begin(), size);
    }
    return sizes;
}

}  // namespace weft::mesh
