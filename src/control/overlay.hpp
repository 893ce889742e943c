// SPDX-License-Identifier: Apache-2.0
// The participant among the daemon's sockets, clocks and timers: gossip's sockets are the control
// thread's own (sys/udp_group), and workers relay what came to theirs. Read in bounded portions, so
// that a flood of junk leaves the loop time for everything else.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <weft/base/log.hpp>
#include <weft/dataplane/engine.hpp>
#include <weft/mesh/participant.hpp>

#include "state_storage.hpp"

namespace weft::control {

/// When weft was configured to be built; made by CMake.
extern const identity::UnixSeconds kBuildTime;

class Overlay {
  public:
    struct Parts {
        boost::asio::io_context& loop;  // all outlive it
        dataplane::Engine& engine;
        Log& log;
        RandomSource& random;
        std::filesystem::path state_dir;
        bool enabled;  // else nothing is sent, heard or timed: what was known stays as it was
        std::function<void()> on_peers_changed;
        std::function<void(const gossip::Actions::PeerTime&)> on_pinged;
        std::function<void(const gossip::Actions::Asked&)> on_asked;
        std::function<void(const gossip::Actions::Seen&)> on_seen;
    };
    explicit Overlay(Parts parts);
    ~Overlay() { stop(); }  // NOLINT(bugprone-exception-escape): a timer that cannot be cancelled
    Overlay(const Overlay&) = delete;
    Overlay& operator=(const Overlay&) = delete;

    /// How a join ends is told here.
    void on_joined(std::function<void(const Result<>&)> handler) {
        on_joined_ = std::move(handler);
    }
    /// Errors: the participant's state.
    Result<> start();
    void stop();
    /// Around Engine::rebind: the old sockets go, the new ones are read.
    void release_sockets();
    void take_sockets();

    [[nodiscard]] bool enabled() const { return parts_.enabled; }
    [[nodiscard]] mesh::Participant& participant() { return participant_; }
    [[nodiscard]] const mesh::Participant& participant() const { return participant_; }
    [[nodiscard]] const StateStorage& storage() const { return storage_; }
    [[nodiscard]] static mesh::Clock clock();
    /// Sends, logs, tells of changed peers and of a join's end, arms the timer.
    void carry_out(mesh::Output& out);

  private:
    static constexpr std::size_t kPortion = sys::kReceiveManyMax;  // trains, then others' turn
    static constexpr std::size_t kTrainMax = 9'216;                // bytes; some GRO of 1,200
    static constexpr Duration kTickMax = std::chrono::seconds{1};

    using Descriptor = boost::asio::posix::stream_descriptor;
    struct Watched {
        explicit Watched(boost::asio::io_context& loop) : descriptor(loop) {}
        Descriptor descriptor;  // a duplicate: closing it leaves the engine's own alone
        std::function<void()> drain;
    };

    void watch(Watched& watched, int fd, std::function<void()> drain);
    void wait(Watched& watched);
    void drain(const sys::UdpSocket& socket);
    void drain_relay();
    void on_train(const sys::ReceivedTrain& train, ConstBytes bytes, mesh::Output& out);
    void send(const gossip::Actions::Datagram& datagram) const;
    void tell(const mesh::Output& out) const;
    void tell_of_members(const mesh::Output& out) const;
    void arm_timer();

    Parts parts_;
    StateStorage storage_;
    mesh::Participant participant_;
    std::array<Watched, 2> sockets_;
    Watched relay_;
    boost::asio::steady_timer timer_;
    std::unique_ptr<std::byte[]> buffer_;
    std::function<void(const Result<>&)> on_joined_;
    bool running_ = false;
};

}  // namespace weft::control
