// SPDX-License-Identifier: Apache-2.0
// weft-bench-pipeline-real, weft-bench-pipeline-null: Outbound of one node and Inbound of another
// in one thread, over TUN queues and sockets in memory (memory_io.hpp); super-packets also with a
// second worker on either side that has no packets of its own ("TABLE-2"). Time per packet on
// either side, allocations and losses. The null program has a null AEAD (ceiling/null_aead.cpp):
// what is left is weft's own work and the copies that stand for the kernel's.
//
// usage: weft-bench-pipeline-real [MILLISECONDS of each figure]; prints for each kernel table and
// workload: table <tab> workload <tab> ns out <tab> ns in <tab> allocations per packet <tab> lost
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <weft/base/assert.hpp>
#include <weft/wg/device.hpp>

#include "idle_worker.hpp"
#include "inbound.hpp"
#include "memory_io.hpp"
#include "outbound.hpp"
#include "packets.hpp"

namespace {
std::uint64_t allocations = 0;  // one thread
}

// Counted, every one of this program. Inlined, they look mismatched to g++.
[[gnu::noinline]] void* operator new(std::size_t size) {
    allocations += 1;
    if (void* memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new[](std::size_t size) {
    return operator new(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

namespace weft::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kMtu = 1420;
constexpr int kWarmUpBursts = 50;

struct Workload {
    const char* name;
    test::PacketSpec spec;
    std::uint16_t gso = 0;  // 0: single packets
    std::size_t burst = 0;  // TUN reads between two runs of the other side
};

/// A super-packet of 44 full segments; single datagrams of 1300 and 64 bytes.
const std::vector<Workload>& workloads() {
    static const std::vector<Workload> all = {
        {"tcp", {.tcp = true, .payload = std::size_t{44} * 1368}, 1368, 4},
        {"udp1300", {.tcp = false, .payload = 1300}, 0, 128},
        {"udp64", {.tcp = false, .payload = 64}, 0, 128},
    };
    return all;
}

std::vector<Buffer> build_reads(const Workload& workload) {
    std::vector<Buffer> reads;
    test::PacketSpec spec = workload.spec;
    for (std::size_t i = 0; i < workload.burst; ++i) {
        reads.push_back(test::tun_read(spec, test::build_packet(spec), workload.gso));
        spec.seq += static_cast<std::uint32_t>(spec.payload);
        spec.id = static_cast<std::uint16_t>(spec.id + 1);
    }
    return reads;
}

std::uint64_t packets_in(const std::vector<Buffer>& reads) {
    std::uint64_t packets = 0;
    for (Buffer read : reads) {
        packets += dataplane::SuperPacket::parse(read)->segments();
    }
    return packets;
}

/// A node with one peer and its half of the wire.
class Node {
  public:
    Node(const crypto::AeadKernels& kernels,
         std::size_t workers,
         MemorySocket socket,
         std::uint64_t seed)
        : random_{seed},
          shared_(kernels, device_.indices(), workers),
          socket_(socket),
          queue_(attach(tun)) {
        udp_.v4 = sys::UdpSocket{attach(socket_), net::Family::kIpv4};
        shared_.mtu = kMtu;
        shared_.offloads.udp_gso = true;
        shared_.offloads.udp_gro = true;
        shared_.offloads.tun_tso = true;
        shared_.offloads.tun_uso = true;
        device_.set_private_key(crypto::generate_private_key(random_), actions_);
        outbound_ = std::make_unique<dataplane::Outbound>(shared_, 0, queue_, udp_, drops_);
        inbound_ = std::make_unique<dataplane::Inbound>(shared_, 0, queue_, udp_, drops_);
        for (std::size_t i = 1; i < workers; ++i) {
            idle_.push_back(std::make_unique<test::IdleWorker>(shared_.sharing, i));
        }
    }

    /// Everything is this peer's.
    void add_peer(const Node& other) {
        tunnel_ = device_.ensure_peer(other.device_.identity().public_key);
        tunnel_->peer().set_endpoint(kPeerPath.remote);
        device_.add_allowed_ip(*tunnel_, *net::Prefix::parse("0.0.0.0/0"), actions_);
        routes_ = device_.routes().snapshot();
        shared_.routes = routes_.get();
    }
    void initiate() {
        const auto handshake = static_cast<std::uint32_t>(wg::PeerRequest::kHandshake);
        device_.on_requests(tunnel_->peer(), handshake, now(), actions_);
    }
    /// What the other node's lane has sent arrives here.
    void hear(Node& other) {
        for (const auto& datagram : std::exchange(other.actions_.datagrams, {})) {
            WEFT_ASSERT(device_.on_datagram(datagram.view(), kPeerPath, 0, now(), actions_) ==
                        net::DropReason::kNone);
        }
    }
    void run_outbound() {
        while (outbound_->run(time_)) {
        }
    }
    void run_inbound() {
        while (inbound_->run(time_)) {
        }
    }

    MemoryTun tun;

  private:
    [[nodiscard]] wg::Now now() const { return {time_, wall_now()}; }

    Time time_ = BootClock::now();  // stands still: no key grows old
    SeededRandom random_;
    wg::Device device_{random_, 1};
    wg::Actions actions_;
    wg::Tunnel* tunnel_ = nullptr;
    std::unique_ptr<const wg::RouteTable> routes_;
    dataplane::Shared shared_;
    MemorySocket socket_;
    sys::TunQueue queue_;
    sys::UdpPair udp_;
    dataplane::DropCounters drops_;
    std::unique_ptr<dataplane::Outbound> outbound_;
    std::unique_ptr<dataplane::Inbound> inbound_;
    std::vector<std::unique_ptr<test::IdleWorker>> idle_;
};

/// How many each node has; all but the first are idle.
struct Workers {
    std::size_t sender = 1;
    std::size_t receiver = 1;
};

/// A whole handshake, so that `from` has a session to send on.
void connect(Node& from, Node& to) {
    from.add_peer(to);
    to.add_peer(from);
    from.initiate();
    to.hear(from);
    from.hear(to);
}

struct Figures {
    double out_ns = 0;  // per packet
    double in_ns = 0;
    double allocations = 0;  // per packet
    std::int64_t lost = 0;
};

Figures measure(const crypto::AeadKernels& kernels,
                const Workload& workload,
                std::chrono::milliseconds wanted,
                Workers workers = {}) {
    MemoryWire wire;
    Node sender{kernels, workers.sender, {.out = &wire, .in = nullptr}, 1};
    Node receiver{kernels, workers.receiver, {.out = nullptr, .in = &wire}, 2};
    connect(sender, receiver);
    sender.tun.reads = build_reads(workload);
    const std::uint64_t per_burst = packets_in(sender.tun.reads);

    Clock::duration out{};
    Clock::duration in{};
    std::uint64_t sent = 0;
    const auto burst = [&] {
        sender.tun.next = 0;
        const auto start = Clock::now();
        sender.run_outbound();
        const auto middle = Clock::now();
        receiver.run_inbound();
        out += middle - start;
        in += Clock::now() - middle;
        sent += per_burst;
    };
    for (int i = 0; i < kWarmUpBursts; ++i) {
        burst();
    }
    out = in = {};
    sent = 0;
    receiver.tun.packets_written = 0;
    const std::uint64_t allocated_before = allocations;
    while (out + in < wanted) {
        burst();
    }
    const std::uint64_t allocated = allocations - allocated_before;
    const auto per_packet = [&](Clock::duration took) {
        return std::chrono::duration<double, std::nano>{took}.count() / static_cast<double>(sent);
    };
    return {per_packet(out),
            per_packet(in),
            static_cast<double>(allocated) / static_cast<double>(sent),
            static_cast<std::int64_t>(sent - receiver.tun.packets_written)};
}

void print(const std::string& table, const Workload& workload, const Figures& figures) {
    std::cout << table << '\t' << workload.name << '\t' << figures.out_ns << '\t' << figures.in_ns
              << '\t' << figures.allocations << '\t' << figures.lost << '\n';
}

/// Either side in turn has the other core: two helpers that wait would take it from each other.
Figures measure_helped(const crypto::AeadKernels& kernels,
                       const Workload& workload,
                       std::chrono::milliseconds wanted) {
    Figures figures = measure(kernels, workload, wanted, {.sender = 2});
    const Figures other = measure(kernels, workload, wanted, {.receiver = 2});
    figures.in_ns = other.in_ns;
    figures.allocations = std::max(figures.allocations, other.allocations);
    figures.lost += other.lost;
    return figures;
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
    using namespace weft;
    const int milliseconds = argc > 1 ? std::atoi(argv[1]) : 200;
    if (argc > 2 || milliseconds <= 0 || !crypto::initialize()) {
        std::cerr << "usage: " << argv[0] << " [MILLISECONDS of each figure]\n";
        return 2;
    }
    for (const crypto::AeadKernels* kernels : crypto::available_kernels()) {
        for (const bench::Workload& workload : bench::workloads()) {
            const std::chrono::milliseconds wanted{milliseconds};
            bench::print(kernels->name, workload, bench::measure(*kernels, workload, wanted));
            if (workload.gso != 0) {
                bench::print(std::string{kernels->name} + "-2",
                             workload,
                             bench::measure_helped(*kernels, workload, wanted));
            }
        }
    }
    return 0;
}
