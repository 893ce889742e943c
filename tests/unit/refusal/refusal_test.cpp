// SPDX-License-Identifier: Apache-2.0
// Kernels that say no: refused trains and merged writes are done in small, errors that pass are
// survived, and nothing is lost but what the error was about.
#include "engine_node.hpp"
#include "pipeline.hpp"
#include "syscall_faults.hpp"

namespace weft::dataplane {
namespace {

using test::Attempt;
using test::Call;
using test::FaultScope;

class RefusalTest : public PipelineTest {
  protected:
    /// One super-packet of `segments` full segments, and the packets that it stands for.
    void make_stream(std::size_t segments) {
        const PacketSpec spec{.payload = segments * 1300};
        read_ = test::tun_read(spec, test::build_packet(spec), 1300);
        const auto super = SuperPacket::parse(read_);
        packets_.clear();
        for (std::uint32_t i = 0; i < super->segments(); ++i) {
            SuperPacket::Scratch scratch;
            const auto segment = super->segment(i, scratch);
            Buffer& packet = packets_.emplace_back(segment.size());
            copy_bytes(segment.payload, copy_bytes(segment.head, packet));
        }
    }
    [[nodiscard]] int outer_fd() const { return udp_.workers[0].v4.fd(); }

    Buffer read_;
    std::vector<Buffer> packets_;
};

TEST_F(RefusalTest, sends_a_train_singly_when_its_path_is_too_small_and_goes_on_with_trains) {
    make_stream(20);
    for (const int error : {EMSGSIZE, EINVAL}) {
        int trains = 0;
        {
            const FaultScope scope{[&](const Attempt& attempt) {
                trains += attempt.segmented ? 1 : 0;
                return attempt.segmented ? error : 0;
            }};
            expect_carried({read_}, packets_);
        }
        EXPECT_EQ(trains, 1);
        EXPECT_TRUE(shared_.offloads.udp_gso) << "another path may carry trains";
        int singles = 0;
        const FaultScope scope{[&](const Attempt& attempt) {
            singles += attempt.call == Call::kSendmsg && !attempt.segmented ? 1 : 0;
            return 0;
        }};
        expect_carried({read_}, packets_);
        EXPECT_EQ(singles, 0) << "the path is large enough again";
    }
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(RefusalTest, gives_up_trains_where_the_device_cannot_checksum) {
    make_stream(20);
    int trains = 0;
    const FaultScope scope{[&](const Attempt& attempt) {
        trains += attempt.segmented ? 1 : 0;
        return attempt.segmented ? EIO : 0;
    }};
    for (int i = 0; i < 3; ++i) {
        expect_carried({read_}, packets_);
    }
    EXPECT_EQ(trains, 1);
    EXPECT_FALSE(shared_.offloads.udp_gso);
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(RefusalTest, writes_packets_one_by_one_when_a_merged_write_is_refused) {
    make_stream(20);
    int merged = 0;
    const FaultScope scope{[&](const Attempt& attempt) {
        const bool is_merged = attempt.call == Call::kWritev && attempt.parts > 2;
        merged += is_merged ? 1 : 0;
        return is_merged ? EINVAL : 0;
    }};
    for (int i = 0; i < 20; ++i) {
        expect_carried({read_}, packets_);
    }
    EXPECT_EQ(merged, 8) << "after repeats it is no longer tried";
    EXPECT_FALSE(shared_.offloads.tun_tso);
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(RefusalTest, counts_each_packet_that_the_tun_does_not_take) {
    make_stream(20);
    for (const int error : {EINVAL, EIO, EBADFD, ENOBUFS}) {
        const std::uint64_t before = dropped(net::DropReason::kTunWriteFailed);
        const FaultScope scope{
            [&](const Attempt& attempt) { return attempt.call == Call::kWritev ? error : 0; }};
        expect_carried({read_}, {});
        EXPECT_EQ(dropped(net::DropReason::kTunWriteFailed), before + packets_.size());
    }
    expect_carried({read_}, packets_);
}

TEST_F(RefusalTest, loses_what_an_error_was_about_and_nothing_after_it) {
    make_stream(3);
    for (const int error : {ENOBUFS, ENETDOWN, EPERM, ENETUNREACH, EAGAIN, ENOMEM}) {
        const std::uint64_t before = dropped(net::DropReason::kSendFailed);
        {
            const FaultScope scope{
                [&](const Attempt& attempt) { return attempt.call == Call::kSendmsg ? error : 0; }};
            expect_carried({read_}, {});
        }
        EXPECT_EQ(dropped(net::DropReason::kSendFailed), before + packets_.size()) << error;
        expect_carried({read_}, packets_);
    }
}

TEST_F(RefusalTest, goes_on_after_errors_of_receive_and_read_and_after_interruptions) {
    make_stream(3);
    for (const int error : {EINTR, ENOBUFS, ENETDOWN, ECONNREFUSED, EAGAIN, EIO, EINVAL}) {
        for (const Call call : {Call::kRecvmsg, Call::kRead, Call::kSendmsg, Call::kWritev}) {
            if (error != EINTR && (call == Call::kSendmsg || call == Call::kWritev)) {
                continue;  // lost then, and tested above
            }
            int left = 5;
            tun_out_.put(read_);
            const FaultScope scope{[&](const Attempt& attempt) {
                return attempt.call == call && left-- > 0 ? error : 0;
            }};
            std::vector<Buffer> carried;
            for (int round = 0; round < 10; ++round) {
                outbound_->run(now_);
                inbound_->run(now_);
                for (auto some = tun_in_.take(); !some.empty(); some = tun_in_.take()) {
                    carried.insert(carried.end(), some.begin(), some.end());
                }
            }
            EXPECT_EQ(carried, packets_)
                << "error " << error << ", call " << static_cast<int>(call);
        }
    }
    EXPECT_FALSE(shared_.interface_lost);
    EXPECT_EQ(dropped(net::DropReason::kSendFailed), 0U);
    EXPECT_EQ(dropped(net::DropReason::kTunReadFailed),
              5U * 5U);  // of each error but EINTR, EAGAIN
    EXPECT_EQ(dropped(net::DropReason::kReceiveFailed), 5U * 5U);
}

TEST_F(RefusalTest, says_that_the_interface_is_lost_once_its_descriptor_is_dead) {
    const FaultScope scope{
        [&](const Attempt& attempt) { return attempt.call == Call::kRead ? EBADFD : 0; }};
    EXPECT_FALSE(outbound_->run(now_));
    EXPECT_TRUE(shared_.interface_lost);
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(RefusalTest, forgets_a_source_address_that_went_also_while_it_sends_trains) {
    make_stream(20);
    for (const int error : {EINVAL, EADDRNOTAVAIL, ENETUNREACH, EHOSTUNREACH, ENODEV}) {
        const net::IpAddress gone = *net::IpAddress::parse("127.0.0.77");
        peer_.roam({peer_.path().remote, gone, 1});
        const FaultScope scope{
            [&](const Attempt& attempt) { return attempt.from_source ? error : 0; }};
        expect_carried({read_}, packets_);
        EXPECT_NE(peer_.path().source, gone) << error;
    }
    EXPECT_EQ(dropped(), 0U);
}

TEST_F(RefusalTest, tells_inner_senders_the_size_that_a_path_refuses_for_ten_minutes) {
    shared_.icmp_source6 = *net::IpAddress::parse("fd44::1");
    const auto refuse_above = [](std::size_t most) {
        return [most](const Attempt& attempt) {
            return attempt.call == Call::kSendmsg && attempt.bytes > most ? EMSGSIZE : 0;
        };
    };
    const auto send = [&](const Buffer& packet) {
        tun_out_.put(plain_read(packet));
        outbound_->run(now_);
        return tun_out_.take();
    };
    const FaultScope scope{refuse_above(1300 + wg::kDataOverhead)};
    const Buffer large = test::build_packet({.tcp = false, .payload = 1372});
    EXPECT_TRUE(send(large).empty());
    EXPECT_EQ(dropped(net::DropReason::kSendFailed), 1U);
    for (const std::uint16_t mtu : std::array<std::uint16_t, 2>{1380, 1280}) {
        const auto told = send(large);  // what follows is answered
        ASSERT_EQ(told.size(), 1U);
        EXPECT_EQ(load_be16(&told[0][20]), 0x0304);
        EXPECT_EQ(load_be16(&told[0][26]), mtu);
        // Its sender takes the hint.
        const Buffer next = test::build_packet({.tcp = false, .payload = mtu - 28U});
        EXPECT_TRUE(send(next).empty());
    }
    EXPECT_EQ(arrived().size(), 1U);
    EXPECT_EQ(dropped(net::DropReason::kTooLarge), 2U);

    Buffer cuttable = test::build_packet({.tcp = false, .payload = 1372});
    cuttable[6] = std::byte{0};
    EXPECT_TRUE(send(cuttable).empty()) << "without DF it is tried";
    const auto told6 = send(test::build_packet({.v4 = false, .tcp = false, .payload = 1300}));
    ASSERT_EQ(told6.size(), 1U);
    EXPECT_EQ(load_be16(&told6[0][40]), 0x0200);
    EXPECT_EQ(load_be32(&told6[0][44]), 1280U);

    std::size_t told = 3;
    for (int i = 0; i < 200; ++i) {
        told += send(large).size();
    }
    EXPECT_EQ(told, static_cast<std::size_t>(IcmpBudget::kBurst));
    now_ += PathLimits::kLifetime + std::chrono::minutes{1};
    wg::Session fresh{
        peer_, keys(1, 2), wg::Session::Indices{wg::Index{1}, in_->local_index()}, true, now_};
    peer_.publish_current(&fresh);
    const std::uint64_t failed = dropped(net::DropReason::kSendFailed);
    EXPECT_TRUE(send(large).empty());
    EXPECT_EQ(dropped(net::DropReason::kSendFailed), failed + 1) << "tried again";
}

TEST(Refusal, errors_of_every_call_do_not_stop_the_traffic_of_two_engines) {
    WEFT_ENTER_PRIVATE_NETNS();
    constexpr std::array kErrors = {EINTR, ENOBUFS, ENETDOWN, EAGAIN, EIO, ENOMEM};
    std::atomic<bool> faulty{false};
    std::atomic<std::size_t> calls{0};
    const FaultScope scope{[&](const Attempt&) {  // outlives the engines
        const std::size_t n = calls.fetch_add(1);
        return faulty && n % 3 == 0 ? kErrors[n / 3 % kErrors.size()] : 0;
    }};
    const NodePair nodes;
    const auto received = [&] { return nodes.b.received_from(nodes.a); };
    // A lost handshake would cost its five seconds.
    ASSERT_TRUE(send_until(Sender{nodes.a, nodes.b}, [&] { return received() >= 10; }));
    for (const bool now : {true, false}) {
        faulty = now;
        const std::uint64_t before = received();
        EXPECT_TRUE(
            send_until(Sender{nodes.a, nodes.b}, [&] { return received() >= before + 200; }));
    }
    EXPECT_FALSE(nodes.a.engine->interface_lost());
}

}  // namespace
}  // namespace weft::dataplane
