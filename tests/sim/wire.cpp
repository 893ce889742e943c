// SPDX-License-Identifier: Apache-2.0
// See wire.hpp.
#include "wire.hpp"

namespace weft::sim {

void Wire::partition(std::size_t first_of_second_half) {
    passes = [first_of_second_half](std::size_t from, std::size_t to) {
        return (from < first_of_second_half) == (to < first_of_second_half);
    };
}

void Wire::push(Time at,
                std::size_t host,
                const net::Endpoint& from,
                std::vector<std::byte> bytes) {
    queue_.push({at, happenings_++, host, from, std::move(bytes)});
}

void Wire::carry(std::size_t from,
                 std::size_t to,
                 const net::Endpoint& source,
                 const std::vector<std::byte>& bytes) {
    if (passes && !passes(from, to)) {
        return;
    }
    const int copies = dice() < weather.duplication ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        if (dice() < weather.loss) {
            continue;
        }
        const auto spread = (weather.delay_max - weather.delay_min).count();
        const Duration delay =
            weather.delay_min +
            Duration{static_cast<std::int64_t>(dice() * static_cast<double>(spread))};
        push(now_ + delay, to, source, bytes);
    }
}

void Wire::run_for(Duration duration) {
    const Time end = now_ + duration;
    while (!queue_.empty() && queue_.top().at <= end) {
        Happening next = std::move(const_cast<Happening&>(queue_.top()));
        queue_.pop();
        now_ = std::max(now_, next.at);
        happen(next);
    }
    now_ = end;
}

std::optional<Duration> Wire::run_until(const std::function<bool()>& done,
                                        Duration limit,
                                        Duration step) {
    const Time begin = now_;
    while (!done()) {
        if (now_ - begin >= limit) {
            return std::nullopt;
        }
        run_for(step);
    }
    return now_ - begin;
}

}  // namespace weft::sim
