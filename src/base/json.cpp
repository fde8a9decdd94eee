#include "base/json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::base {
namespace {

constexpr std::size_t max_depth = 64;
/// All members of an object are looked through for each new one.
constexpr std::size_t max_members = 1000;

[[noreturn]] void wrong(std::string_view key, std::string_view wanted) {
    throw Error(ErrorKind::failed, format("malformed JSON document: '{}' is not {}", printable(key), wanted));
}

}  // namespace

struct JsonCodec {
    using Library = nlohmann::ordered_json;

    /// Takes what the library reads, without its own tree in between: long lists of manifests are read so.
    class Builder final : public nlohmann::json_sax<Library> {
     public:
        explicit Builder(std::string_view text) : text_(text) {}
        Json take() { return std::move(root_); }

        bool null() override { return add({}); }
        bool boolean(bool value) override { return add(value); }
        bool number_integer(std::int64_t value) override { return add(value); }
        bool number_unsigned(std::uint64_t value) override {
            return value > INT64_MAX ? add(static_cast<double>(value)) : add(value);
        }
        bool number_float(double value, const std::string&) override { return add(value); }
        bool string(std::string& value) override { return add(std::move(value)); }
        bool binary(Library::binary_t&) override { return false; }
        bool start_object(std::size_t) override { return open(Json::object()); }
        bool start_array(std::size_t) override { return open(Json::array()); }
        bool end_object() override { return close(); }
        bool end_array() override { return close(); }
        bool key(std::string& name) override {
            auto& members = std::get<Json::Object>(open_.back()->value_);
            if (members.size() == max_members)
                throw Error(ErrorKind::failed, "malformed JSON document: an object has too many members");
            // Of a key that stands twice the last one counts.
            for (auto& [known, value] : members)
                if (known == name) {
                    member_ = &value;
                    return true;
                }
            member_ = &members.emplace_back(std::move(name), Json()).second;
            return true;
        }
        /// The library's own words quote what it read, which may be a wallet's secrets.
        bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) override {
            throw Error(ErrorKind::failed, "malformed JSON document")
                .cause(format(
                    "from line {} (byte {}) on it is none, or it is cut off",
                    1 + std::count(text_.begin(),
                                   text_.begin() + static_cast<std::ptrdiff_t>(std::min(at, text_.size())),
                                   '\n'),
                    at));
        }

     private:
        Json& place(Json value) {
            if (open_.empty()) return root_ = std::move(value);
            if (auto* array = std::get_if<Json::Array>(&open_.back()->value_))
                return array->emplace_back(std::move(value));
            return *member_ = std::move(value);
        }
        bool add(Json value) {
            place(std::move(value));
            return true;
        }
        bool open(Json value) {
            // Values are destroyed by recursion.
            if (open_.size() == max_depth)
                throw Error(ErrorKind::failed, "malformed JSON document: nested too deeply");
            // The one around it does not grow while this is open, so that the pointer stays good.
            open_.push_back(&place(std::move(value)));
            return true;
        }
        bool close() {
            open_.pop_back();
            return true;
        }

        std::string_view text_;  ///< that is read
        Json root_;
        std::vector<Json*> open_;
        Json* member_ = nullptr;
    };

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
    JsonCodec::Builder builder(text);
    JsonCodec::Library::sax_parse(text, &builder);
    return builder.take();
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
