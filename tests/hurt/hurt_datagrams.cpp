// SPDX-License-Identifier: Apache-2.0
// Sends hostile datagrams to a WireGuard node from one socket, in GSO trains and singly, as fast as
// told. Prints one line of JSON: what was sent, and how many of it carried a right MAC1 (which
// alone may be answered, by a cookie reply). Test hosts only.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <weft/base/encoding.hpp>
#include <weft/base/unique_fd.hpp>

#include "forger.hpp"

namespace {

namespace hurt = weft::hurt;
using namespace std::chrono_literals;

constexpr const char* kUsage =
    "usage: hurt_datagrams --to ADDRESS:PORT --key PUBLIC-KEY --mode random|structured|sweep\n"
    "       [--count N] [--seed N] [--rate DATAGRAMS-A-SECOND, 0: no limit] [--record CAPTURE] "
    "[--step N]\n"
    "random: noise of 0..1472 bytes; structured: messages with right heads, indices of the\n"
    "capture, MAC1; sweep: one datagram of each size up to 2048, then of each STEPth\n";

constexpr std::size_t kBatch = 16;        // trains a sendmmsg
constexpr std::uint32_t kTrainMost = 64;  // UDP_MAX_SEGMENTS of kernels before 6.9
constexpr std::size_t kSweepEach = 2048;
constexpr std::size_t kSweepMostV4 = 65507;
constexpr std::size_t kSweepMostV6 = 65487;

struct Options {
    weft::net::Endpoint to;
    weft::crypto::PublicKey key;
    std::string mode;
    std::string record;
    std::uint64_t count = 1000;
    std::uint64_t seed = 1;
    std::uint64_t rate = 0;
    std::uint64_t step = 1;
};

Options parse_options(int argc, char** argv) {
    std::map<std::string, std::string> given;
    for (int i = 1; i + 1 < argc; i += 2) {
        given[argv[i]] = argv[i + 1];
    }
    Options options;
    const auto to = weft::net::Endpoint::parse(given["--to"]);
    options.mode = given["--mode"];
    options.record = given["--record"];
    const bool known =
        options.mode == "random" || options.mode == "structured" || options.mode == "sweep";
    if (argc % 2 == 0 || !to || !known || !weft::from_base64(given["--key"], options.key.bytes)) {
        throw std::invalid_argument(kUsage);
    }
    options.to = *to;
    for (const auto& [name, value] : {std::pair{"--count", &options.count},
                                      std::pair{"--seed", &options.seed},
                                      std::pair{"--rate", &options.rate},
                                      std::pair{"--step", &options.step}}) {
        if (given.contains(name)) {
            *value = std::stoull(given[name]);
        }
    }
    options.step = std::max<std::uint64_t>(options.step, 1);
    return options;
}

[[noreturn]] void fail(const char* what) {
    throw std::runtime_error(std::string{what} + ": " + std::strerror(errno));
}

weft::UniqueFd connect_to(const weft::net::Endpoint& to) {
    const bool v4 = to.address.is_v4();
    weft::UniqueFd fd{::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_in6 v6_address{};
    sockaddr_in v4_address{};
    v4_address.sin_family = AF_INET;
    v4_address.sin_port = v6_address.sin6_port = htons(to.port);
    v6_address.sin6_family = AF_INET6;
    const weft::ConstBytes bytes = to.address.bytes();
    void* place = v4 ? static_cast<void*>(&v4_address.sin_addr) : &v6_address.sin6_addr;
    std::memcpy(place, bytes.data(), bytes.size());
    const auto* address = v4 ? reinterpret_cast<const sockaddr*>(&v4_address)
                             : reinterpret_cast<const sockaddr*>(&v6_address);
    if (!fd.valid() || ::connect(fd.get(), address, v4 ? sizeof v4_address : sizeof v6_address)) {
        fail("connect");
    }
    return fd;
}

/// A sendmmsg of trains.
class Sender {
  public:
    explicit Sender(const weft::net::Endpoint& to) : fd_(connect_to(to)) {}

    [[nodiscard]] hurt::Train& train(std::size_t i) { return trains_[i]; }

    /// Sends the first `count` trains; a send that the kernel refuses for now is tried again.
    void send(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            prepare(i);
        }
        for (std::size_t done = 0; done < count;) {
            const int sent =
                ::sendmmsg(fd_.get(), &messages_[done], static_cast<unsigned>(count - done), 0);
            if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED &&
                errno != EINTR) {
                fail("sendmmsg");
            }
            done += sent < 0 ? 0 : static_cast<std::size_t>(sent);
        }
    }

  private:
    void prepare(std::size_t i) {
        hurt::Train& train = trains_[i];
        parts_[i] = {train.bytes.data(), train.bytes.size()};
        msghdr& header = messages_[i].msg_hdr;
        header = {};
        header.msg_iov = &parts_[i];
        header.msg_iovlen = 1;
        if (train.count() > 1) {
            cmsghdr control{};
            control.cmsg_level = IPPROTO_UDP;
            control.cmsg_type = UDP_SEGMENT;
            control.cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
            const auto segment = static_cast<std::uint16_t>(train.segment);
            std::memcpy(controls_[i].data(), &control, sizeof control);
            std::memcpy(controls_[i].data() + sizeof control, &segment, sizeof segment);
            header.msg_control = controls_[i].data();
            header.msg_controllen = controls_[i].size();
        }
    }

    weft::UniqueFd fd_;
    std::array<hurt::Train, kBatch> trains_;
    std::array<iovec, kBatch> parts_{};
    std::array<mmsghdr, kBatch> messages_{};
    struct alignas(cmsghdr) Control : weft::ByteArray<CMSG_SPACE(sizeof(std::uint16_t))> {};
    std::array<Control, kBatch> controls_{};
};

struct Sent {
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;
    std::uint64_t with_mac1 = 0;

    void add(const hurt::Train& train) {
        datagrams += train.count();
        bytes += train.bytes.size();
        with_mac1 += train.with_mac1;
    }
};

/// Waits until `datagrams` are due at `rate`.
void pace(std::chrono::steady_clock::time_point start,
          std::uint64_t datagrams,
          std::uint64_t rate) {
    if (rate != 0) {
        std::this_thread::sleep_until(
            start + std::chrono::duration_cast<std::chrono::nanoseconds>(
                        1s * (static_cast<double>(datagrams) / static_cast<double>(rate))));
    }
}

Sent attack(const Options& options, hurt::Forger& forger, Sender& sender) {
    const auto start = std::chrono::steady_clock::now();
    std::minstd_rand shape{static_cast<std::minstd_rand::result_type>(options.seed)};
    Sent sent;
    while (sent.datagrams < options.count) {
        std::size_t trains = 0;
        for (; trains < kBatch && sent.datagrams < options.count; ++trains) {
            hurt::Train& train = sender.train(trains);
            const std::uint64_t left = options.count - sent.datagrams;
            // Half of the trains are single datagrams, the others of any length.
            const auto wished = shape() % 2 == 0 ? 1 : 1 + shape() % kTrainMost;
            const auto most = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, wished));
            options.mode == "random" ? forger.random(train, most) : forger.structured(train, most);
            sent.add(train);
        }
        sender.send(trains);
        pace(start, sent.datagrams, options.rate);
    }
    return sent;
}

Sent sweep(const Options& options, hurt::Forger& forger, Sender& sender) {
    const auto start = std::chrono::steady_clock::now();
    const std::size_t most = options.to.address.is_v4() ? kSweepMostV4 : kSweepMostV6;
    Sent sent;
    for (std::size_t size = 0; size <= most; size += size < kSweepEach ? 1 : options.step) {
        forger.of_size(sender.train(0), size);
        sender.send(1);
        sent.add(sender.train(0));
        pace(start, sent.datagrams, options.rate);
    }
    return sent;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Options options = parse_options(argc, argv);
        hurt::Recording recording;
        if (!options.record.empty()) {
            recording = hurt::read_recording(options.record, options.to);
        }
        const std::size_t messages = recording.messages.size();
        const std::size_t indices = recording.indices.size();
        hurt::Forger forger{options.seed, options.key, std::move(recording)};
        Sender sender{options.to};
        const auto start = std::chrono::steady_clock::now();
        const Sent sent = options.mode == "sweep" ? sweep(options, forger, sender)
                                                  : attack(options, forger, sender);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        std::printf(
            "{\"mode\":\"%s\",\"seed\":%llu,\"sent\":%llu,\"bytes\":%llu,\"with_mac1\":%llu,"
            "\"recorded\":%zu,\"indices\":%zu,\"seconds\":%.2f}\n",
            options.mode.c_str(),
            static_cast<unsigned long long>(options.seed),
            static_cast<unsigned long long>(sent.datagrams),
            static_cast<unsigned long long>(sent.bytes),
            static_cast<unsigned long long>(sent.with_mac1),
            messages,
            indices,
            seconds.count());
        return 0;
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hurt_datagrams: %s\n", error.what());
        return 1;
    }
}
