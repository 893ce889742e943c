// SPDX-License-Identifier: Apache-2.0
// See network_impl.hpp: wishes about keys: this node's, the root's, further issuers'. Control
// thread.
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>

#include <weft/base/wipe.hpp>

#include "network_impl.hpp"
#include "signals_blocked.hpp"

namespace weft::control {

Result<api::RotationReply> Network::Impl::rotate() {
    mesh::Output out;
    Result<> rotated = participant().rotate(Overlay::clock(), out);
    parts_.overlay.carry_out(out);  // after an error too: the new keys may be there
    if (rotated) {
        return rotation_of(participant());
    }
    Error error = rotated.error();
    if (error.remedy.empty() && participant().is_rotating()) {
        error.remedy = "it is tried again by itself: weft cert show";
    }
    return error;
}

Result<api::CertificateWord> Network::Impl::certificate_request(
    const api::CertificateRequest& request) {
    auto word = participant().certificate_request(node_name(request.name, parts_.config));
    if (!word) {
        return word.error();
    }
    return api::CertificateWord{*std::move(word)};
}

Result<api::CertificateWord> Network::Impl::sign_certificate(const api::SignRequest& request) {
    mesh::Participant::Signing signing{
        request.request, request.name, request.replace, request.ephemeral, {}};
    for (const std::string& text : request.routed) {
        const auto prefix = net::Prefix::parse(text);
        if (!prefix) {
            return invalid("no prefix: --route " + text, "as in --route 192.0.2.0/24");
        }
        signing.routed.push_back(*prefix);
    }
    mesh::Output out;
    auto word = participant().sign_certificate(signing, Overlay::clock(), out);
    parts_.overlay.carry_out(out);
    if (!word) {
        return word.error();
    }
    return api::CertificateWord{*std::move(word)};
}

Result<api::NetworkReply> Network::Impl::install_certificate(const api::InstallRequest& request) {
    const bool already = participant().is_member();
    if (Result<> checked = check_configuration(); !checked) {
        return checked.error();
    }
    mesh::Output out;
    const Result<> installed = participant().install_certificate(
        request.text, parts_.surroundings().in_use, Overlay::clock(), out);
    parts_.overlay.carry_out(out);
    if (!installed) {
        return installed.error();
    }
    if (!already) {
        parts_.changed();
    }
    return network_reply(participant(), already);
}

Result<api::IssuerStatus> Network::Impl::add_issuer(const api::IssuerRequest& request) {
    mesh::Output out;
    const auto signed_one = participant().sign_issuer(request.request, Overlay::clock(), out);
    parts_.overlay.carry_out(out);
    if (!signed_one) {
        return signed_one.error();
    }
    return issuer_of(participant(), signed_one->number);
}

Result<> Network::Impl::revoke_issuer(const std::string& issuer) {
    mesh::Output out;
    const auto number = participant().revoke_issuer(issuer, Overlay::clock(), out);
    parts_.overlay.carry_out(out);
    return number ? Result<>{} : number.error();
}

// ---- The root's key ----------------------------------------------------------------------------

Network::Impl::~Impl() {
    if (stretching_.joinable()) {
        stretching_.join();
    }
}

Result<> Network::Impl::check_not_stretching() const {
    return stretching_.joinable()
               ? Result<>{Error{std::make_error_code(std::errc::device_or_resource_busy),
                                "another export or import of the root's key is under way",
                                "try again in a moment"}}
               : Result<>{};
}

template <class Finish>
void Network::Impl::on_stretched(const std::weak_ptr<Impl*>& self, Finish& finish) {
    if (const auto there = self.lock()) {
        (*there)->stretching_.join();
        finish(**there);
    }
}

template <class Work>
Result<> Network::Impl::stretch(Work work) {
    const SignalsBlocked blocked;
    try {
        stretching_ = std::thread{
            [&loop = parts_.loop, self = std::weak_ptr{self_}, work = std::move(work)]() mutable {
                boost::asio::post(
                    loop, [self, finish = work()]() mutable { on_stretched(self, finish); });
            }};
    } catch (const std::system_error& error) {
        return Error{error.code(), "there is no thread to stretch the passphrase on", {}};
    }
    return {};
}

void Network::Impl::export_root(api::RootExportRequest request, const RootExported& done) {
    const Wiped wiped{request.passphrase};
    auto backup = participant().export_root();
    const Result<> free = check_not_stretching();
    if (!backup || !free) {
        done(backup ? free.error() : backup.error());
        return;
    }
    const Result<> begun =
        stretch([kept = std::make_shared<api::RootExportRequest>(std::move(request)),
                 backup = *std::move(backup),
                 done]() {
            const Wiped passphrase{kept->passphrase};
            SystemRandom random;
            return [done, text = identity::seal_root(backup, kept->passphrase, random)](Impl&) {
                done(text ? Result<api::RootText>{api::RootText{*text}} : text.error());
            };
        });
    if (!begun) {
        done(begun.error());
    }
}

void Network::Impl::import_root(api::RootImportRequest request, const RootImported& done) {
    const Wiped wiped{request.passphrase};
    const Result<> free = check_not_stretching();
    if (!participant().is_member() || !free) {
        done(participant().is_member() ? free.error() : mesh::not_a_member());
        return;
    }
    const Result<> begun =
        stretch([kept = std::make_shared<api::RootImportRequest>(std::move(request)), done]() {
            const Wiped passphrase{kept->passphrase};
            return [done, backup = identity::open_root(kept->text, kept->passphrase)](
                       Impl& network) mutable {
                done(backup ? network.participant().import_root(*std::move(backup))
                            : backup.error());
            };
        });
    if (!begun) {
        done(begun.error());
    }
}

// ---- The door --------------------------------------------------------------------------------

Result<api::RotationReply> Network::rotate() {
    return impl_->rotate();
}
Result<api::CertificateStatus> Network::certificate() const {
    if (!impl_->participant().is_member()) {
        return mesh::not_a_member();
    }
    return certificate_of(impl_->participant());
}
Result<api::CertificateWord> Network::certificate_request(const api::CertificateRequest& request) {
    return impl_->certificate_request(request);
}
Result<api::CertificateWord> Network::sign_certificate(const api::SignRequest& request) {
    return impl_->sign_certificate(request);
}
Result<api::NetworkReply> Network::install_certificate(const api::InstallRequest& request) {
    return impl_->install_certificate(request);
}
void Network::export_root(api::RootExportRequest request, const RootExported& done) {
    impl_->export_root(std::move(request), done);
}
void Network::import_root(api::RootImportRequest request, const RootImported& done) {
    impl_->import_root(std::move(request), done);
}
Result<> Network::remove_root() {
    return impl_->participant().remove_root();
}
Result<api::IssuerWord> Network::issuer_request() {
    Result<std::string> word = impl_->participant().issuer_request();
    if (!word) {
        return word.error();
    }
    return api::IssuerWord{std::move(*word)};
}
Result<api::IssuerStatus> Network::add_issuer(const api::IssuerRequest& request) {
    return impl_->add_issuer(request);
}
Result<> Network::issue_alone() {
    return impl_->participant().issue_alone();
}
Result<> Network::revoke_issuer(const std::string& issuer) {
    return impl_->revoke_issuer(issuer);
}
Result<std::vector<api::IssuerStatus>> Network::issuers() const {
    if (!impl_->participant().is_member()) {
        return mesh::not_a_member();
    }
    return issuers_of(impl_->participant());
}

}  // namespace weft::control
