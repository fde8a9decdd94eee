#pragma once
// JSON documents: the --json results, manifests, key slots. Values keep the order of their keys.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"

namespace bt2c::base {

class Json {
 public:
    using Array = std::vector<Json>;
    using Object = std::vector<std::pair<std::string, Json>>;

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool value) : value_(value) {}
    template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Json(T value)
        : value_(static_cast<std::int64_t>(value)) {}
    Json(double value) : value_(value) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    template <typename T>
    Json(const std::optional<T>& value) {
        if (value) *this = Json(*value);
    }

    /// Json::object({{"id", id}, {"ok", true}})
    static Json object(std::initializer_list<std::pair<std::string, Json>> members = {});
    static Json array() { return Json(Array{}); }

    /// Parses one document; throws Error(failed) with the place of the fault, or when it is nested
    /// deeper than 64 or an object in it has more than 1000 members.
    static Json parse(std::string_view text);
    /// Indented by two blanks when `pretty`. Invalid UTF-8 in strings is replaced, never an error.
    std::string dump(bool pretty = false) const;

    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    bool is_object() const { return std::holds_alternative<Object>(value_); }
    bool is_array() const { return std::holds_alternative<Array>(value_); }
    bool is_string() const { return std::holds_alternative<std::string>(value_); }

    // Readers of hostile documents: each throws Error(failed) naming the key when the value is
    // absent or of another type.
    const std::string& string_at(std::string_view key) const;
    std::int64_t integer_at(std::string_view key) const;
    std::uint64_t unsigned_at(std::string_view key) const;
    double number_at(std::string_view key) const;
    bool bool_at(std::string_view key) const;
    const Array& array_at(std::string_view key) const;
    const Json& at(std::string_view key) const;
    /// nullptr when absent, null, or when this is no object.
    const Json* find(std::string_view key) const;

    const Array& elements() const;      ///< of an array
    const Object& members() const;      ///< of an object
    const std::string& string() const;  ///< of a string
    std::int64_t integer() const;       ///< of an integer

    /// Sets or adds a member of an object.
    Json& set(std::string key, Json value);
    /// Appends to an array.
    Json& push(Json value);

 private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
    friend struct JsonCodec;
};

}  // namespace bt2c::base
