// SPDX-License-Identifier: Apache-2.0
// The root's key: on the node of init until it is removed, then wherever it is imported, in memory
// alone. It signs issuers and takes them back; nothing else needs it. Design 6 (Keys).
#include <utility>

#include "participant_impl.hpp"

namespace weft::mesh {

const RootKey* Participant::Impl::root() const {
    if (!member_) {
        return nullptr;
    }
    const std::optional<RootKey>& kept = member_->network.root;
    return kept ? &*kept : member_->imported_root ? &*member_->imported_root : nullptr;
}

Error Participant::Impl::no_root() const {
    return member_ ? Error{std::make_error_code(std::errc::no_such_file_or_directory),
                           "the root's key is not on this node",
                           "weft root import, with the text and the passphrase of weft root export"}
                   : not_a_member();
}

Result<identity::RootBackup> Participant::Impl::export_root() const {
    const RootKey* const key = root();
    if (key == nullptr) {
        return no_root();
    }
    const NetworkState& network = member_->network;
    return identity::RootBackup{network.first_root,
                                key->number,
                                key->key.clone(),
                                network.pools,
                                network.blocks.v4,
                                network.blocks.v6};
}

Result<> Participant::Impl::import_root(identity::RootBackup backup) const {
    if (!member_) {
        return not_a_member();
    }
    if (backup.first_root != member_->network.first_root) {
        return invalid("this is the root's key of network " +
                           identity::network_id_of(backup.first_root).to_string() +
                           ", and this node is in " + member_->trust.network().to_string(),
                       "import it on a node of its network");
    }
    if (backup.number != member_->trust.successors().size() ||
        backup.key.verify_key() != member_->trust.root()) {
        return invalid("another root has followed this one", "import the text of its successor");
    }
    member_->imported_root = RootKey{backup.number, std::move(backup.key)};
    return {};
}

Result<> Participant::Impl::remove_root() {
    if (!member_) {
        return not_a_member();
    }
    member_->imported_root.reset();
    std::optional<RootKey>& kept = member_->network.root;
    if (!kept) {
        return {};
    }
    std::optional<RootKey> removed = std::exchange(kept, std::nullopt);
    Result<> written = state_.keep(member_->network);
    if (!written) {
        kept = std::move(removed);
    }
    return written;
}

// ---- The door ----------------------------------------------------------------------------------

bool Participant::has_root() const {
    return impl_->root() != nullptr;
}
Result<identity::RootBackup> Participant::export_root() const {
    return impl_->export_root();
}
Result<> Participant::import_root(identity::RootBackup backup) {
    return impl_->import_root(std::move(backup));
}
Result<> Participant::remove_root() {
    return impl_->remove_root();
}

}  // namespace weft::mesh
