// SPDX-License-Identifier: Apache-2.0
// A thread without work of its own: it sleeps, and takes parts of others' batches.
#pragma once

#include <atomic>
#include <thread>

#include <poll.h>

#include <weft/sys/work_sharing.hpp>

namespace weft::test {

class IdleWorker {
  public:
    IdleWorker(sys::WorkSharing& sharing, std::size_t number)
        : sharing_(sharing), number_(number) {}
    ~IdleWorker() {
        stopping_ = true;
        wake_.wake();
        thread_.join();
    }
    IdleWorker(const IdleWorker&) = delete;
    IdleWorker& operator=(const IdleWorker&) = delete;

  private:
    void loop() {
        while (!stopping_) {
            if (sharing_.help(number_)) {
                continue;
            }
            sharing_.falls_asleep(number_, wake_);
            pollfd woken{wake_.fd(), POLLIN, 0};
            if (::poll(&woken, 1, -1) > 0) {
                wake_.clear();
            }
            sharing_.is_awake(number_);
        }
    }

    sys::WorkSharing& sharing_;
    std::size_t number_;
    sys::WakeFd wake_;
    std::atomic<bool> stopping_{false};
    std::thread thread_{[this] { loop(); }};
};

}  // namespace weft::test
