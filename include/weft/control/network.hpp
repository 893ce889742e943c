// SPDX-License-Identifier: Apache-2.0
// The network that this node is in: getting in and out of it, who else is, and on an issuer's node
// who may come. Values are the API's (weft/api/network.hpp, network_keys.hpp). Errors carry, beside
// cause and remedy:
//
//   EALREADY  a member of a network already     ENOTCONN  in no network
//   ENOTSUP   no issuer here                    ENOENT    no such token or node, no root's key here
//   EBUSY     the configuration is in the way   others    the request's or the disk's
//
// Threading the control thread; a `done` is called there, once, perhaps before the call returns.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weft/api/gossip.hpp>
#include <weft/api/network.hpp>
#include <weft/api/network_keys.hpp>
#include <weft/base/result.hpp>
#include <weft/net/address.hpp>

namespace weft::control {

class Network {
  public:
    using Joined = std::function<void(Result<api::NetworkReply>)>;
    using Left = std::function<void(Result<>)>;
    using RootExported = std::function<void(Result<api::RootText>)>;
    using RootImported = std::function<void(Result<>)>;

    /// The network begins with this node, which is its first issuer.
    [[nodiscard]] Result<api::NetworkReply> init(const api::InitRequest& request);
    /// Into the network that the token is of; in it already, nothing is done. Another join ends
    /// this one.
    void join(const api::JoinRequest& request, Joined done);
    /// While a join is under way: the issuers that it asks.
    [[nodiscard]] std::vector<net::Endpoint> asked_to_join() const;
    /// Tells the others and forgets the network, its keys included.
    void leave(Left done);

    [[nodiscard]] Result<api::TokenReply> create_token(const api::TokenRequest& request);
    [[nodiscard]] Result<std::vector<api::TokenStatus>> tokens() const;
    [[nodiscard]] Result<> withdraw_token(const std::string& id);
    /// This node's issuer does not wait for members that could tell what it has granted.
    [[nodiscard]] Result<> issue_alone();
    /// Revokes a node's certificate.
    [[nodiscard]] Result<> remove_node(const std::string& name);

    /// Other WireGuard and gossip keys for this node. An error of its own issuer ends nothing: it
    /// is tried again.
    [[nodiscard]] Result<api::RotationReply> rotate();
    [[nodiscard]] Result<api::CertificateStatus> certificate() const;

    // A certificate by hand, for a machine that reaches no issuer.
    [[nodiscard]] Result<api::CertificateWord> certificate_request(
        const api::CertificateRequest& request);
    [[nodiscard]] Result<api::CertificateWord> sign_certificate(const api::SignRequest& request);
    [[nodiscard]] Result<api::NetworkReply> install_certificate(const api::InstallRequest& request);

    // The root's key. Those with a passphrase take up to 2 s on a thread of their own, one at a
    // time.
    void export_root(api::RootExportRequest request, const RootExported& done);
    void import_root(api::RootImportRequest request, const RootImported& done);
    [[nodiscard]] Result<> remove_root();

    // Further issuers.
    [[nodiscard]] Result<api::IssuerWord> issuer_request();
    [[nodiscard]] Result<api::IssuerStatus> add_issuer(const api::IssuerRequest& request);
    /// By number or by its node's name.
    [[nodiscard]] Result<> revoke_issuer(const std::string& issuer);
    [[nodiscard]] Result<std::vector<api::IssuerStatus>> issuers() const;

    [[nodiscard]] api::Members members() const;
    [[nodiscard]] api::Ipam ipam() const;
    [[nodiscard]] api::GossipStatus gossip() const;

    class Impl;
    explicit Network(std::unique_ptr<Impl> impl);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::control
