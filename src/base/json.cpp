#include "base/json.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::base {
namespace {

constexpr int max_depth = 64;
/// The library looks through all members of an object for each new one.
constexpr std::size_t max_members = 1000;

[[noreturn]] void wrong(std::string_view key, std::string_view wanted) {
    throw Error(ErrorKind::failed, format("malformed JSON document: '{}' is not {}", printable(key), wanted));
}

}  // namespace

struct JsonCodec {
    using Library = nlohmann::ordered_json;

    static Json from(const Library& in) {
        switch (in.type()) {
            case Library::value_t::boolean: return {in.get<bool>()};
            case Library::value_t::number_integer: return {in.get<std::int64_t>()};
            case Library::value_t::number_unsigned: {
                const auto value = in.get<std::uint64_t>();
                if (value > INT64_MAX) return {static_cast<double>(value)};
                return {value};
            }
            case Library::value_t::number_float: return {in.get<double>()};
            case Library::value_t::string: return {in.get<std::string>()};
            case Library::value_t::array: {
                Json::Array out;
                for (const auto& element : in) out.push_back(from(element));
                return {std::move(out)};
            }
            case Library::value_t::object: {
                Json out = Json::object();
                for (const auto& [key, value] : in.items())
                    std::get<Json::Object>(out.value_).emplace_back(key, from(value));
                return out;
            }
            default: return {};
        }
    }

    static Library to(const Json& in) {
        struct Visitor {
            Library operator()(std::monostate) const { return nullptr; }
            Library operator()(bool value) const { return value; }
            Library operator()(std::int64_t value) const { return value; }
            Library operator()(double value) const {
                return std::isfinite(value) ? Library(value) : Library(nullptr);
            }
            Library operator()(const std::string& value) const { return value; }
            Library operator()(const Json::Array& value) const {
                Library out = Library::array();
                for (const Json& element : value) out.push_back(to(element));
                return out;
            }
            Library operator()(const Json::Object& value) const {
                Library out = Library::object();
                for (const auto& [key, member] : value) out[key] = to(member);
                return out;
            }
        };
        return std::visit(Visitor{}, in.value_);
    }
};

Json Json::object(std::initializer_list<std::pair<std::string, Json>> members) {
    Json out;
    out.value_ = Object(members.begin(), members.end());
    return out;
}

Json Json::parse(std::string_view text) {
    // The library recurses when it destroys a value, so depth is bounded while it is built.
    using Event = JsonCodec::Library::parse_event_t;
    std::array<std::size_t, max_depth + 2> members{};  // of the open object at each depth
    const auto bounded = [&](int depth, Event event, JsonCodec::Library&) {
        if (depth > max_depth) throw Error(ErrorKind::failed, "malformed JSON document: nested too deeply");
        const auto at = static_cast<std::size_t>(depth);
        if (event == Event::object_start) members[at + 1] = 0;
        if (event == Event::key && ++members[at] > max_members)
            throw Error(ErrorKind::failed, "malformed JSON document: an object has too many members");
        return true;
    };
    try {
        return JsonCodec::from(JsonCodec::Library::parse(text, bounded));
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::failed, "malformed JSON document").cause(printable(error.what()));
    }
}

std::string Json::dump(bool pretty) const {
    return JsonCodec::to(*this).dump(pretty ? 2 : -1, ' ', false,
                                     JsonCodec::Library::error_handler_t::replace);
}

const Json* Json::find(std::string_view key) const {
    if (!is_object()) return nullptr;
    for (const auto& [name, value] : std::get<Object>(value_))
        if (name == key) return value.is_null() ? nullptr : &value;
    return nullptr;
}

const Json& Json::at(std::string_view key) const {
    const Json* value = find(key);
    if (!value) wrong(key, "there");
    return *value;
}

const std::string& Json::string_at(std::string_view key) const {
    const auto* value = std::get_if<std::string>(&at(key).value_);
    if (!value) wrong(key, "a string");
    return *value;
}

std::int64_t Json::integer_at(std::string_view key) const {
    const auto* value = std::get_if<std::int64_t>(&at(key).value_);
    if (!value) wrong(key, "an integer");
    return *value;
}

std::uint64_t Json::unsigned_at(std::string_view key) const {
    const std::int64_t value = integer_at(key);
    if (value < 0) wrong(key, "a whole number");
    return static_cast<std::uint64_t>(value);
}

double Json::number_at(std::string_view key) const {
    const Json& member = at(key);
    if (const auto* whole = std::get_if<std::int64_t>(&member.value_)) return static_cast<double>(*whole);
    const auto* value = std::get_if<double>(&member.value_);
    if (!value) wrong(key, "a number");
    return *value;
}

bool Json::bool_at(std::string_view key) const {
    const auto* value = std::get_if<bool>(&at(key).value_);
    if (!value) wrong(key, "true or false");
    return *value;
}

const Json::Array& Json::array_at(std::string_view key) const {
    const auto* value = std::get_if<Array>(&at(key).value_);
    if (!value) wrong(key, "an array");
    return *value;
}

const Json::Array& Json::elements() const {
    const auto* value = std::get_if<Array>(&value_);
    if (!value) wrong("value", "an array");
    return *value;
}

const Json::Object& Json::members() const {
    const auto* value = std::get_if<Object>(&value_);
    if (!value) wrong("value", "an object");
    return *value;
}

const std::string& Json::string() const {
    const auto* value = std::get_if<std::string>(&value_);
    if (!value) wrong("value", "a string");
    return *value;
}

std::int64_t Json::integer() const {
    const auto* value = std::get_if<std::int64_t>(&value_);
    if (!value) wrong("value", "an integer");
    return *value;
}

Json& Json::set(std::string key, Json value) {
    BT2C_ASSERT(is_object());
    auto& members = std::get<Object>(value_);
    for (auto& [name, old] : members)
        if (name == key) {
            old = std::move(value);
            return *this;
        }
    members.emplace_back(std::move(key), std::move(value));
    return *this;
}

Json& Json::push(Json value) {
    BT2C_ASSERT(is_array());
    std::get<Array>(value_).push_back(std::move(value));
    return *this;
}

}  // namespace bt2c::base
