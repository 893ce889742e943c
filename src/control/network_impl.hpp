// SPDX-License-Identifier: Apache-2.0
// The operator's wishes against the participant (network.cpp; of keys, the root and issuers
// network_keys.cpp), and what there is to show of the network as the API's values
// (network_view.cpp). Control thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <weft/config/config.hpp>
#include <weft/control/network.hpp>

#include "overlay.hpp"
#include "surroundings.hpp"

namespace weft::control {

class Network::Impl {
  public:
    struct Parts {
        boost::asio::io_context& loop;  // all outlive it
        Overlay& overlay;
        RandomSource& random;
        const config::Config& config;  // the one in force
        std::function<Surroundings()> surroundings;
        std::function<void()> changed;  // into a network or out of it
    };
    explicit Impl(Parts parts);

    Result<api::NetworkReply> init(const api::InitRequest& request);
    void join(const api::JoinRequest& request, Joined done);
    [[nodiscard]] const std::vector<net::Endpoint>& asked_to_join() const { return asked_; }
    void leave(Left done);
    Result<api::TokenReply> create_token(const api::TokenRequest& request);
    Result<> withdraw_token(const std::string& id);
    Result<> remove_node(const std::string& name);

    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    // network_keys.cpp
    void export_root(api::RootExportRequest request, const RootExported& done);
    void import_root(api::RootImportRequest request, const RootImported& done);
    Result<api::RotationReply> rotate();
    Result<api::CertificateWord> certificate_request(const api::CertificateRequest& request);
    Result<api::CertificateWord> sign_certificate(const api::SignRequest& request);
    Result<api::NetworkReply> install_certificate(const api::InstallRequest& request);
    Result<api::IssuerStatus> add_issuer(const api::IssuerRequest& request);
    Result<> revoke_issuer(const std::string& issuer);

    [[nodiscard]] mesh::Participant& participant() { return parts_.overlay.participant(); }

  private:
    [[nodiscard]] Result<> check_configuration() const;
    [[nodiscard]] Result<std::vector<net::Prefix>> pools_for(const api::InitRequest& request);
    void finish_join(const Result<>& outcome);
    void sign_off(int tries);
    void finish_leave();
    void answer_join(Result<api::NetworkReply> answer);
    /// `work` on the stretching thread, then what it returns on the control thread.
    template <class Finish>
    static void on_stretched(const std::weak_ptr<Impl*>& self, Finish& finish);
    template <class Work>
    Result<> stretch(Work work);
    [[nodiscard]] Result<> check_not_stretching() const;

    Parts parts_;
    Joined joined_;                     // who waits
    std::vector<net::Endpoint> asked_;  // while somebody does
    Left left_;
    boost::asio::steady_timer leave_timer_;
    std::thread stretching_;  // a passphrase; joined when it is done
    // What is under way asks whether it is there.
    std::shared_ptr<Impl*> self_ = std::make_shared<Impl*>(this);
};

/// What is wished, else what the configuration says. Host names may have capitals; certificates do
/// not.
[[nodiscard]] std::string node_name(const std::string& wished, const config::Config& config);

// Of a member.
[[nodiscard]] api::NetworkReply network_reply(const mesh::Participant& participant, bool already);
[[nodiscard]] api::Members members_of(const mesh::Participant& participant);
[[nodiscard]] api::Ipam ipam_of(const mesh::Participant& participant);
/// Also of a node that is in no network.
[[nodiscard]] api::GossipStatus gossip_of(const mesh::Participant& participant);
[[nodiscard]] std::vector<api::TokenStatus> tokens_of(const mesh::Participant& participant);
[[nodiscard]] api::RotationReply rotation_of(const mesh::Participant& participant);
[[nodiscard]] api::CertificateStatus certificate_of(const mesh::Participant& participant);
[[nodiscard]] std::vector<api::IssuerStatus> issuers_of(const mesh::Participant& participant);
[[nodiscard]] api::IssuerStatus issuer_of(const mesh::Participant& participant,
                                          std::uint32_t number);

[[nodiscard]] inline std::int64_t milliseconds(identity::UnixSeconds seconds) {
    return static_cast<std::int64_t>(seconds) * 1000;
}
/// As people write them.
template <class Values>
[[nodiscard]] std::vector<std::string> texts(const Values& values) {
    std::vector<std::string> out;
    out.reserve(values.size());
    for (const auto& value : values) {
        out.push_back(value.to_string());
    }
    return out;
}

}  // namespace weft::control
