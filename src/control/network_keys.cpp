// SPDX-License-Identifier: Apache-2.0
// See network_impl.hpp: wishes about keys: this node's, the root's, further issuers'. Control
// thread.
#include "network_impl.hpp"

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
Result<api::RootText> Network::export_root(const api::RootExportRequest& request) const {
    Result<std::string> text = impl_->participant().export_root(request.passphrase);
    if (!text) {
        return text.error();
    }
    return api::RootText{std::move(*text)};
}
Result<> Network::import_root(const api::RootImportRequest& request) {
    return impl_->participant().import_root(request.text, request.passphrase);
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
