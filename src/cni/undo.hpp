// SPDX-License-Identifier: Apache-2.0
// What has been done so far, to be undone in reverse unless all of it succeeds.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace weft::cni {

class UndoStack {
  public:
    UndoStack() = default;
    UndoStack(const UndoStack&) = delete;
    UndoStack& operator=(const UndoStack&) = delete;
    ~UndoStack() {
        while (!steps_.empty()) {
            steps_.back()();
            steps_.pop_back();
        }
    }

    /// `step` takes care of its own errors.
    void push(std::function<void()> step) { steps_.push_back(std::move(step)); }
    /// What was done stays.
    void dismiss() { steps_.clear(); }

  private:
    std::vector<std::function<void()>> steps_;
};

}  // namespace weft::cni
