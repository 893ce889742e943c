// SPDX-License-Identifier: Apache-2.0
// The discovery contract's JSON, checked field by field. Pure; any thread.
#include <algorithm>
#include <new>
#include <optional>

#include <boost/json.hpp>

#include <weft/base/utf8.hpp>
#include <weft/discovery/machines.hpp>

namespace weft::discovery {
namespace {

constexpr std::int64_t kSchema = 1;
constexpr std::size_t kDepthMax = 8;   // the contract's own is 4
constexpr std::size_t kShownMax = 64;  // bytes of what was found, in an error
// Four times the largest document; one of nothing but "[[],[],…" would take forty times its size.
constexpr std::size_t kMemoryMax = 4 * kDocumentMax;

const char* const kRemedy =
    "the contract: {\"schema\":1,\"machines\":[{\"name\":\"a\",\"public\":"
    "[\"192.0.2.1\"],\"private\":[],\"tags\":[]}]}";

/// Refuses what goes beyond kMemoryMax. Whatever alignment JSON asks for is the usual one.
class BoundedMemory : public boost::json::memory_resource {
  private:
    void* do_allocate(std::size_t size, std::size_t /*alignment*/) override {
        if (size > left_) {
            throw std::bad_alloc{};
        }
        void* const memory = ::operator new(size);
        left_ -= size;
        return memory;
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t /*alignment*/) override {
        ::operator delete(memory);
        left_ += size;
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::size_t left_ = kMemoryMax;
};

Error wrong(const std::string& field, const std::string& what) {
    return invalid("the list of machines: " + field + " " + what, kRemedy);
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::string shown(std::string_view text) {
    std::string out = utf8_excerpt(text, kShownMax);
    std::replace_if(out.begin(), out.end(), is_control, '?');
    return "'" + out + "'";
}

/// The field's array of at most `most` elements; nothing where it is absent and may be.
Result<const boost::json::array*> array_in(const boost::json::object& object,
                                           const std::string& path,
                                           std::string_view key,
                                           std::size_t most,
                                           bool required) {
    const std::string field = path + std::string{key};
    const boost::json::value* value = object.if_contains(key);
    if (value == nullptr && !required) {
        return nullptr;
    }
    if (value == nullptr || !value->is_array()) {
        return wrong(field, value == nullptr ? "is missing" : "is not an array");
    }
    if (value->get_array().size() > most) {
        return wrong(field, "has more than " + std::to_string(most) + " elements");
    }
    return &value->get_array();
}

Result<std::string> text_of(const boost::json::value* value,
                            const std::string& field,
                            std::size_t most) {
    const auto* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr) {
        return wrong(field, value == nullptr ? "is missing" : "is not a string");
    }
    if (text->empty() || text->size() > most) {
        return wrong(field, "must be 1.." + std::to_string(most) + " bytes long");
    }
    if (std::any_of(text->begin(), text->end(), is_control)) {
        return wrong(field, "holds a control character");
    }
    return std::string{text->data(), text->size()};
}

Result<std::vector<net::IpAddress>> addresses_in(const boost::json::object& object,
                                                 const std::string& path,
                                                 std::string_view key) {
    const auto array = array_in(object, path, key, kAddressesMax, true);
    if (!array) {
        return array.error();
    }
    const std::string field = path + std::string{key};
    std::vector<net::IpAddress> addresses;
    for (const boost::json::value& element : **array) {
        const auto text = text_of(&element, field, kShownMax);
        if (!text) {
            return text.error();
        }
        const auto address = net::IpAddress::parse(*text);
        if (!address) {
            return wrong(field, "holds what is no address: " + shown(*text));
        }
        if (!is_machines(*address)) {
            return wrong(field, "holds an address that reaches no machine: " + shown(*text));
        }
        addresses.push_back(*address);
    }
    return addresses;
}

Result<std::vector<std::string>> tags_in(const boost::json::object& object,
                                         const std::string& path) {
    const auto array = array_in(object, path, "tags", kTagsMax, false);
    if (!array) {
        return array.error();
    }
    std::vector<std::string> tags;
    for (std::size_t i = 0; *array != nullptr && i < (*array)->size(); ++i) {
        auto tag = text_of(&(**array)[i], path + "tags", kTagMax);
        if (!tag) {
            return tag.error();
        }
        tags.push_back(std::move(*tag));
    }
    return tags;
}

Result<Machine> machine_of(const boost::json::value& value, const std::string& path) {
    const auto* object = value.if_object();
    if (object == nullptr) {
        return wrong(path, "is not an object");
    }
    auto name = text_of(object->if_contains("name"), path + ".name", kNameMax);
    if (!name) {
        return name.error();
    }
    auto outside = addresses_in(*object, path + ".", "public");
    if (!outside) {
        return outside.error();
    }
    auto inside = addresses_in(*object, path + ".", "private");
    if (!inside) {
        return inside.error();
    }
    auto tags = tags_in(*object, path + ".");
    if (!tags) {
        return tags.error();
    }
    return Machine{std::move(*name), std::move(*outside), std::move(*inside), std::move(*tags)};
}

boost::json::array texts_of(const std::vector<net::IpAddress>& addresses) {
    boost::json::array texts;
    for (const net::IpAddress& address : addresses) {
        texts.emplace_back(address.to_string());
    }
    return texts;
}

/// `memory` outlives it.
Result<boost::json::value> parse_document(std::string_view text, BoundedMemory& memory) {
    boost::json::parse_options options;
    options.max_depth = kDepthMax;
    boost::json::error_code error;
    try {
        boost::json::parser parser{&memory, options};
        parser.reset(&memory);
        parser.write(text, error);
        if (!error) {
            return parser.release();
        }
    } catch (const std::bad_alloc&) {
        return invalid("the list of machines takes more than 64 MiB of memory", kRemedy);
    }
    return invalid("the list of machines is not valid JSON: " + error.message(), kRemedy);
}

Result<std::vector<Machine>> machines_in(const boost::json::value& document) {
    if (!document.is_object()) {
        return invalid("the list of machines is not a JSON object", kRemedy);
    }
    const boost::json::object& object = document.get_object();
    const boost::json::value* schema = object.if_contains("schema");
    if (schema == nullptr || !schema->is_int64() || schema->get_int64() != kSchema) {
        return wrong("schema", schema == nullptr ? "is missing" : "is not 1, which weft reads");
    }
    const auto array = array_in(object, "", "machines", kMachinesMax, true);
    if (!array) {
        return array.error();
    }
    std::vector<Machine> machines;
    std::size_t addresses = 0;
    for (const boost::json::value& value : **array) {
        auto machine = machine_of(value, "machines[" + std::to_string(machines.size()) + "]");
        if (!machine) {
            return machine.error();
        }
        addresses += machine->public_addresses.size() + machine->private_addresses.size();
        if (addresses > kAllAddressesMax) {
            return wrong("machines",
                         "have more than " + std::to_string(kAllAddressesMax) + " addresses");
        }
        machines.push_back(std::move(*machine));
    }
    return machines;
}

}  // namespace

Result<std::vector<Machine>> parse_machines(std::string_view text) {
    if (text.size() > kDocumentMax) {
        return invalid("the list of machines is larger than 16 MiB");
    }
    BoundedMemory memory;
    const auto document = parse_document(text, memory);
    return document ? machines_in(*document) : document.error();
}

std::string to_json(const std::vector<Machine>& machines) {
    boost::json::array array;
    for (const Machine& machine : machines) {
        boost::json::array tags(machine.tags.begin(), machine.tags.end());
        array.emplace_back(boost::json::object{{"name", machine.name},
                                               {"public", texts_of(machine.public_addresses)},
                                               {"private", texts_of(machine.private_addresses)},
                                               {"tags", std::move(tags)}});
    }
    return boost::json::serialize(
        boost::json::object{{"schema", kSchema}, {"machines", std::move(array)}});
}

bool is_machines(const net::IpAddress& address) {
    return !address.is_unspecified() && !address.is_loopback() && !address.is_link_local() &&
           !address.is_multicast();
}

std::vector<net::IpAddress> addresses_of(const std::vector<Machine>& machines) {
    std::vector<net::IpAddress> all;
    for (const Machine& machine : machines) {
        for (const auto* addresses : {&machine.public_addresses, &machine.private_addresses}) {
            all.insert(all.end(), addresses->begin(), addresses->end());
        }
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

}  // namespace weft::discovery
