// SPDX-License-Identifier: Apache-2.0
// Taking values out of a JSON document with checks: a field that is absent, of another type or out
// of range becomes the first error, and reading goes on harmlessly. Pure; any thread.
#pragma once

#include <concepts>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include <weft/base/result.hpp>

namespace weft::api {

inline constexpr std::size_t kJsonDepthMax = 16;

/// The object that `text` holds, in memory that is wiped: some have a passphrase. Errors: not JSON,
/// too deep, not an object.
[[nodiscard]] Result<boost::json::object> parse_object(std::string_view text);

class JsonReader {
  public:
    /// `object` and `failure` outlive the reader; `path` is "" or ends in a dot.
    JsonReader(const boost::json::object& object, std::string path, std::optional<Error>& failure)
        : object_(&object), path_(std::move(path)), failure_(&failure) {}

    void read(std::string_view key, std::string& out);
    void read(std::string_view key, bool& out);
    void read(std::string_view key, std::vector<std::string>& out);
    template <std::integral T>
    void read(std::string_view key, T& out) {
        const boost::json::value* value = find(key);
        if (value != nullptr) {
            number(*value, key, out);
        }
    }
    /// null is nothing.
    template <class T>
    void read(std::string_view key, std::optional<T>& out) {
        const boost::json::value* value = find(key);
        if (value != nullptr && !value->is_null()) {
            read(key, out.emplace());
        }
    }
    /// A field of a request: where it is absent, `out` keeps its default.
    template <class T>
    void read_if_there(std::string_view key, T& out) {
        if (object_->contains(key)) {
            read(key, out);
        }
    }
    /// As read_if_there(); outside 1..most is an error.
    void read_if_there(std::string_view key, unsigned& out, unsigned most);
    /// null is as good as nothing there.
    void read_if_there(std::string_view key, std::optional<unsigned>& out, unsigned most);

    /// A document of another version of the API is told apart from a broken one.
    void read_api();
    /// Fields that are not in `known` are errors.
    void allow_only(std::initializer_list<std::string_view> known);

    /// A reader of the object in `key`; of an empty one after a failure.
    [[nodiscard]] JsonReader child(std::string_view key);

    /// visit(JsonReader) for every object in the array `key`.
    template <class Visit>
    void each(std::string_view key, Visit visit) {
        const boost::json::array* array = find_array(key);
        for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
            const std::string path = path_ + std::string{key} + "[" + std::to_string(i) + "]";
            const auto* object = (*array)[i].if_object();
            if (object == nullptr) {
                fail(path, "is not an object");
                return;
            }
            visit(JsonReader{*object, path + ".", *failure_});
        }
    }

    /// The raw value; null and a failure where absent.
    [[nodiscard]] const boost::json::value* find(std::string_view key);
    [[nodiscard]] const boost::json::array* find_array(std::string_view key);
    [[nodiscard]] const boost::json::object& object() const { return *object_; }

    template <std::integral T>
    void number(const boost::json::value& value, std::string_view key, T& out) {
        boost::json::error_code error;
        const T read = value.to_number<T>(error);
        if (error || value.is_double()) {
            fail(path_ + std::string{key}, "is not a number in range");
            return;
        }
        out = read;
    }

    /// Keeps the first failure.
    void fail(const std::string& path, std::string_view what);

  private:
    const boost::json::object* object_;
    std::string path_;
    std::optional<Error>* failure_;
};

/// A document, as `fill(reader, value)` takes its fields out; the first that is wrong is the error.
template <class Value, class Fill>
[[nodiscard]] Result<Value> parse_document(std::string_view text, const Fill& fill) {
    const auto object = parse_object(text);
    if (!object) {
        return object.error();
    }
    std::optional<Error> failure;
    JsonReader reader{*object, "", failure};
    Value value;
    fill(reader, value);
    if (failure) {
        return *failure;
    }
    return value;
}

/// `fill(reader, reply)` reads the fields of a reply but "api".
template <class Reply, class Fill>
[[nodiscard]] Result<Reply> parse_reply(std::string_view text, const Fill& fill) {
    return parse_document<Reply>(text, [&fill](JsonReader& reader, Reply& reply) {
        reader.read_api();
        fill(reader, reply);
    });
}

}  // namespace weft::api
