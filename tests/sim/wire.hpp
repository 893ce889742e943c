// SPDX-License-Identifier: Apache-2.0
// The network between simulated hosts, and the only clock: datagrams and timers happen in the order
// of virtual time; what is sent arrives late, twice or not at all, by a seeded dice. The same seed
// gives the same run.
#pragma once

#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/base/random.hpp>
#include <weft/identity/certificate.hpp>
#include <weft/net/address.hpp>

namespace weft::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr identity::UnixSeconds kBirth = 1'800'000'000;  ///< when networks are made

[[nodiscard]] inline double in_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// FIRST.x.y.z, of the host with that number.
[[nodiscard]] inline net::IpAddress address(std::uint8_t first, std::size_t number) {
    const ByteArray<4> bytes{std::byte{first},
                             static_cast<std::byte>(number >> 16),
                             static_cast<std::byte>(number >> 8),
                             static_cast<std::byte>(number)};
    return net::IpAddress{bytes};
}

/// How datagrams travel.
struct Weather {
    double loss = 0;
    double duplication = 0;
    Duration delay_min = std::chrono::microseconds{200};
    Duration delay_max = milliseconds{2};
};

class Wire {
  public:
    explicit Wire(std::uint64_t seed) : random_(seed) {}
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    virtual ~Wire() = default;

    Weather weather;
    /// Whether a datagram may pass; set by a partition.
    std::function<bool(std::size_t from, std::size_t to)> passes;
    void partition(std::size_t first_of_second_half);
    void heal() { passes = nullptr; }

    void run_for(Duration duration);
    /// Runs until `done` holds, asked each `step`; how long it took, or nullopt after `limit`.
    std::optional<Duration> run_until(const std::function<bool()>& done,
                                      Duration limit,
                                      Duration step = milliseconds{10});
    [[nodiscard]] Time now() const { return now_; }

  protected:
    struct Happening {
        Time at;
        std::uint64_t order;
        std::size_t host;
        net::Endpoint from;
        std::vector<std::byte> bytes;  // empty: a timer
    };
    virtual void happen(Happening& happening) = 0;

    void push(Time at, std::size_t host, const net::Endpoint& from, std::vector<std::byte> bytes);
    void push_timer(Time at, std::size_t host) { push(at, host, {}, {}); }
    /// As the weather has it; `source` is where it seems to come from.
    void carry(std::size_t from,
               std::size_t to,
               const net::Endpoint& source,
               const std::vector<std::byte>& bytes);
    double dice() { return random_.next_u32() / 4294967296.0; }

    SeededRandom random_;
    Time now_{seconds{1'000}};

  private:
    struct Later {
        bool operator()(const Happening& a, const Happening& b) const {
            return a.at != b.at ? a.at > b.at : a.order > b.order;
        }
    };
    std::priority_queue<Happening, std::vector<Happening>, Later> queue_;
    std::uint64_t happenings_ = 0;
};

}  // namespace weft::sim
